"""Operators of ai.onnx with options that the official suite leaves out; run by check_onnxruntime.py."""

import fractions
import itertools

import numpy as np


def add(case, reals, codes):
    def standard(name, inputs, outputs=1, **attributes):
        case(name, inputs, outputs, domain="", **{"opset": 20, **attributes})

    def longs(*values):
        return np.array(values, np.int64)

    for family in [resizing, padding, sampling, windows, regions, selection, contraction, signals]:
        family(standard, reals, codes, longs)


def resizing(standard, reals, codes, longs):
    none = np.zeros(0, np.float32)
    coordinates = ["half_pixel", "asymmetric", "pytorch_half_pixel", "align_corners", "half_pixel_symmetric"]
    sizes = [(3, 4), (10, 14), (11, 5), (1, 9)]
    for mode, coordinate, (height, width) in itertools.product(["linear", "cubic"], coordinates, sizes):
        standard("Resize", [reals(1, 2, 5, 7), None, None, longs(1, 2, height, width)], mode=mode, opset=19,
                 coordinate_transformation_mode=coordinate, constant=[3])
    for nearest, coordinate, size in itertools.product(
            ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"], coordinates, sizes):
        if any(hasTies(nearest, coordinate, *pair) for pair in zip((5, 7), size)):
            continue
        standard("Resize", [reals(1, 2, 5, 7), None, None, longs(1, 2, *size)], mode="nearest", opset=19,
                 nearest_mode=nearest, coordinate_transformation_mode=coordinate, constant=[3])
    for mode, scales in itertools.product(
            ["nearest", "linear", "cubic"], [(2, 2), (0.5, 0.5), (1.7, 0.6), (0.7, 3), (1 / 3, 1.25)]):
        values = np.array([1, 1, *scales], np.float32)
        for opset in [11, 13, 18, 19]:
            standard("Resize", [reals(1, 2, 6, 10), none, values], mode=mode, opset=opset, constant=[1, 2])
        standard("Resize", [reals(1, 2, 6, 10), none, values], mode=mode, opset=13, constant=[1, 2],
                 coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        if mode != "cubic":
            standard("Resize", [reals(1, 2, 6, 10), values], mode=mode, opset=10, constant=[1])
            if min(scales) >= 1:
                standard("Upsample", [reals(1, 2, 6, 10), values], mode=mode, opset=9, constant=[1])
                standard("Upsample", [reals(1, 2, 6, 10)], mode=mode, opset=7, scales=[1.0, 1.0, *map(float, scales)])
    for factor, outside in itertools.product([-0.5, -0.75], [0, 1]):
        standard("Resize", [reals(1, 2, 5, 7), None, np.array([1, 1, 0.8, 1.9], np.float32)], mode="cubic", opset=18,
                 cubic_coeff_a=factor, exclude_outside=outside, constant=[2])
    for policy, size in itertools.product(["not_larger", "not_smaller"], [(7, 8), (3, 9), (20, 5)]):
        for mode in ["nearest", "linear", "cubic"]:
            standard("Resize", [reals(1, 2, 5, 7), None, None, longs(*size)], mode=mode, opset=18, axes=[2, 3],
                     keep_aspect_ratio_policy=policy, constant=[3])
    region = np.array([0, 0, 0.2, -0.3, 1, 1, 0.9, 1.4], np.float32)
    for mode in ["nearest", "linear", "cubic"]:
        standard("Resize", [reals(1, 2, 5, 7), region, None, longs(1, 2, 4, 6)], mode=mode, opset=13, constant=[1, 3],
                 coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=9.0)
    standard("Resize", [codes(1, 1, 4, 4), None, np.array([1, 1, 2, 2], np.float32)], mode="linear", steps=1, constant=[2])
    standard("Resize", [reals(3, 4), None, np.array([2, 0.5], np.float32)], mode="linear", constant=[2])
    standard("Resize", [reals(1, 1, 4, 5, 6), None, None, longs(1, 1, 6, 3, 9)], mode="linear", constant=[3])


def hasTies(nearest, coordinate, extent, size):
    """Whether rounding decides on a neighbour: positions half way (or there), with a scale that is not exact."""
    scale = fractions.Fraction(size, extent)
    if size == 1 or scale.denominator & (scale.denominator - 1) == 0 or coordinate == "align_corners":
        return False
    offset = fractions.Fraction(0 if coordinate == "asymmetric" else 1, 2)
    places = [((position + offset) / scale - offset) % 1 for position in range(1, size)]
    return (fractions.Fraction(1, 2) if nearest.startswith("round") else 0) in places


def padding(standard, reals, codes, longs):
    for mode in ["constant", "reflect", "edge", "wrap"]:
        for pads in [(1, 2, 3, 1), (0, 3, 0, 0), (-1, 1, 1, -2), (0, -1, -1, 0)]:
            standard("Pad", [reals(4, 6), longs(*pads)], mode=mode)
            standard("Pad", [reals(4, 6), longs(*pads)], mode=mode, constant=[1])
        standard("Pad", [reals(2, 4, 3), longs(1, 2), None, longs(-2)], mode=mode)
    standard("Pad", [reals(2, 3), longs(1, 0, 0, 1), np.array(7, np.float32)], opset=11)
    standard("CenterCropPad", [reals(5, 8, 3), longs(4, 11)], axes=[1, 0])
    standard("CenterCropPad", [reals(5, 8), longs(2, 3)])


def sampling(standard, reals, codes, longs):
    for mode, outside, corners in itertools.product(
            ["linear", "nearest", "cubic"], ["zeros", "border", "reflection"], [0, 1]):
        grid = (reals(2, 3, 4, 2) * 1.2).astype(np.float32)
        standard("GridSample", [reals(2, 3, 5, 6), grid], mode=mode, padding_mode=outside, align_corners=corners)
        if mode != "cubic":
            grid = (reals(2, 3, 4, 2, 3) * 1.2).astype(np.float32)
            standard("GridSample", [reals(2, 2, 5, 6, 4), grid], mode=mode, padding_mode=outside, align_corners=corners)
    for corners in [0, 1]:
        standard("AffineGrid", [reals(2, 2, 3), longs(2, 1, 4, 5)], align_corners=corners)
        standard("AffineGrid", [reals(2, 3, 4), longs(2, 1, 3, 4, 5)], align_corners=corners)


def windows(standard, reals, codes, longs):
    for attributes in [
            {}, {"strides": [2, 3]}, {"pads": [1, 0, 2, 1]}, {"dilations": [2, 1]}, {"strides": [3, 2], "output_padding": [2, 1]},
            {"strides": [2, 2], "output_shape": [10, 9]}, {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
            {"strides": [2, 2], "auto_pad": "SAME_LOWER"}, {"strides": [2, 1], "auto_pad": "VALID"},
            {"strides": [2, 2], "output_shape": [9, 10], "auto_pad": "SAME_UPPER"}]:
        standard("ConvTranspose", [reals(2, 4, 5, 4), reals(4, 3, 3, 2), reals(3)], opset=11, **attributes)
        standard("ConvTranspose", [reals(2, 4, 5, 4), reals(4, 3, 3, 2)], opset=11, group=2, **attributes)
    standard("ConvTranspose", [reals(1, 2, 5), reals(2, 3, 4), reals(3)], opset=11, strides=[3], pads=[1, 2])
    standard("ConvTranspose", [reals(1, 2, 3, 4, 2), reals(2, 3, 2, 2, 2)], opset=11, strides=[2, 1, 2])
    for kind in ["MaxPool", "AveragePool", "LpPool"]:
        since = {"MaxPool": 12, "AveragePool": 19, "LpPool": 18}[kind]
        for attributes in [
                {}, {"strides": [2, 2]}, {"pads": [1, 1, 0, 1]}, {"dilations": [2, 1]}, {"ceil_mode": 1, "strides": [2, 3]},
                {"ceil_mode": 1, "strides": [3, 2], "pads": [1, 0, 1, 1]}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
                {"auto_pad": "SAME_LOWER"}, {"auto_pad": "VALID", "strides": [2, 2]},
                {"dilations": [2, 2], "ceil_mode": 1, "strides": [2, 2], "pads": [1, 1, 1, 1]}]:
            standard(kind, [reals(2, 3, 8, 9)], kernel_shape=[3, 2], opset=since, **attributes)
            if kind == "AveragePool":
                standard(kind, [reals(2, 3, 8, 9)], kernel_shape=[3, 2], opset=since, count_include_pad=1, **attributes)
            if kind == "MaxPool":
                for order in [0, 1]:
                    standard(kind, [reals(2, 3, 8, 9)], 2, kernel_shape=[3, 2], opset=since, storage_order=order, **attributes)
    for p in [1, 2, 3]:
        standard("LpPool", [reals(1, 2, 9)], kernel_shape=[4], strides=[2], p=p, opset=11)
        standard("GlobalLpPool", [reals(2, 3, 4, 5)], p=p, opset=11)
    standard("MaxPool", [reals(1, 2, 5, 6, 7)], 2, kernel_shape=[2, 3, 2], strides=[2, 1, 2], pads=[1, 1, 0, 0, 1, 1], opset=12)
    standard("MaxPool", [codes(1, 2, 5, 6)], kernel_shape=[2, 2], opset=12)
    standard("MaxPool", [codes(1, 2, 5, 6, dtype=np.int8)], kernel_shape=[2, 2], opset=12)
    for size in [1, 2, 3, 5, 9]:
        standard("LRN", [reals(2, 6, 3, 2)], size=size, alpha=0.3, beta=0.6, bias=1.5, opset=13)
    for attributes in [{}, {"strides": [2, 1]}, {"pads": [1, 0, 1, 2]}, {"dilations": [2, 1]}]:
        image, block = (6, 7), (2, 3)
        stride, dilation = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
        pads = attributes.get("pads", [0, 0, 0, 0])
        count = np.prod([(image[i] + pads[i] + pads[i + 2] - (block[i] - 1) * dilation[i] - 1) // stride[i] + 1 for i in range(2)])
        standard("Col2Im", [reals(2, 18, count), longs(*image), longs(*block)], opset=18, **attributes)
    standard("MaxUnpool", [reals(1, 1, 2, 2), longs(5, 7, 13, 15).reshape(1, 1, 2, 2)], kernel_shape=[2, 2], strides=[2, 2], opset=11)
    standard("DeformConv", [reals(1, 4, 6, 6), reals(4, 2, 3, 3), reals(1, 36, 4, 4), reals(4), reals(1, 18, 4, 4)],
             group=2, offset_group=2, opset=19)
    standard("DeformConv", [reals(2, 2, 7, 6), reals(3, 2, 2, 3), reals(2, 12, 4, 3)], opset=19,
             strides=[2, 2], pads=[1, 1, 1, 0], dilations=[2, 1])


def regions(standard, reals, codes, longs):
    rois = np.array([[0, 0, 3, 4], [1.3, 0.2, 6.1, 5.7], [-2, -1, 2, 9], [3, 3, 3.2, 3.1]], np.float32)
    batch = longs(0, 1, 1, 0)
    for mode, ratio, coordinate in itertools.product(["avg", "max"], [0, 2], ["half_pixel", "output_half_pixel"]):
        standard("RoiAlign", [reals(2, 3, 6, 7), rois, batch], mode=mode, sampling_ratio=ratio, output_height=3,
                 output_width=2, spatial_scale=0.8, coordinate_transformation_mode=coordinate, opset=16)
    standard("RoiAlign", [reals(2, 3, 6, 7), rois, batch], output_height=2, output_width=2, opset=10)
    boxes = np.concatenate([np.array([[0], [1], [1], [0]], np.float32), rois], axis=1)
    standard("MaxRoiPool", [reals(2, 3, 6, 7), boxes], pooled_shape=[3, 2], spatial_scale=0.7, opset=1)
    standard("MaxRoiPool", [reals(2, 3, 6, 7), boxes], pooled_shape=[2, 2], opset=1)
    for centred, limit, overlap, threshold in itertools.product([0, 1], [2, 20], [0.1, 0.5], [None, 0.3]):
        corners = np.abs(reals(2, 30, 4)) + np.array([0, 0, 0.5, 0.5], np.float32)
        inputs = [corners, np.abs(reals(2, 3, 30)), longs(limit), np.array([overlap], np.float32)]
        if threshold is not None:
            inputs.append(np.array([threshold], np.float32))
        standard("NonMaxSuppression", inputs, center_point_box=centred, opset=11)


def selection(standard, reals, codes, longs):
    for axis, largest in itertools.product([0, 1, -1], [0, 1]):
        standard("TopK", [reals(4, 5, 6), longs(3)], 2, axis=axis, largest=largest, opset=11)
        standard("TopK", [codes(4, 5, 6).astype(np.int32), longs(4)], 2, axis=axis, largest=largest, opset=11)
    for axis in [None, 0, 1, -1]:
        for order in [0, 1]:
            attributes = {} if axis is None else {"axis": axis}
            standard("Unique", [(codes(4, 3, 2) % 2).astype(np.float32)], 4, sorted=order, opset=11, **attributes)
    places = np.random.default_rng(3).integers(-4, 4, (3, 5, 2))
    for kind in ["none", "add", "mul", "max", "min"]:
        distinct = np.argsort(reals(4, 5, 2), axis=0)[:3] if kind == "none" else places
        standard("ScatterElements", [reals(4, 5, 2), distinct.astype(np.int64), reals(3, 5, 2)], axis=0, reduction=kind, opset=18)
        tuples = longs(0, 1, 1, 2, 3, 0).reshape(3, 2)
        standard("ScatterND", [reals(4, 5, 2), tuples, reals(3, 2)], reduction=kind, opset=18)
    standard("Scatter", [reals(4, 5), longs(1, 3, 0, 2).reshape(2, 2), reals(2, 2)], axis=1, opset=9)
    for time, batch in [(0, 1), (1, 0)]:
        standard("ReverseSequence", [reals(4, 4, 3), longs(1, 4, 2, 3)], time_axis=time, batch_axis=batch, opset=10)
    for axis in [0, 1, -1, -3]:
        standard("OneHot", [codes(2, 3, dtype=np.int8).astype(np.int64) % 5 - 2, longs(4), reals(2)], axis=axis, opset=11)
    for name, last, keep, axis in itertools.product(["ArgMax", "ArgMin"], [0, 1], [0, 1], [0, -1]):
        standard(name, [codes(4, 5) % 3], axis=axis, select_last_index=last, keepdims=keep, opset=13)
    for axis in [None, 0, -1]:
        standard("Compress", [reals(3, 4), np.array([True, False, True])], opset=11, **({} if axis is None else {"axis": axis}))
    standard("NonZero", [codes(3, 4, 2) % 2 == 0], opset=13)
    for axis in [0, 1, -1]:
        standard("Hardmax", [reals(3, 4, 5)], axis=axis, opset=13)
        standard("Hardmax", [reals(3, 4, 5)], axis=axis, opset=11)
    for k in [-2, 0, 3]:
        standard("EyeLike", [reals(4, 6)], k=k, opset=9)
        for upper in [0, 1]:
            standard("Trilu", [reals(2, 4, 6), np.array(k, np.int64)], upper=upper, opset=14)
    for name in ["Acos", "Asin", "Atanh"]:
        standard(name, [np.tanh(reals(40))], opset=9)
    for name in ["Tan", "Atan", "Sinh", "Cosh", "Asinh"]:
        standard(name, [reals(40)], opset=9)
    standard("Acosh", [1 + np.abs(reals(40))], opset=9)


def contraction(standard, reals, codes, longs):
    sizes = dict(a=2, b=3, c=4, d=2, i=3, j=4, k=5)
    for equation in [
            "ab,bc->ac", "abc,acd->abd", "abc,cd->abd", "ab,ab->", "ab,ab->a", "a,b->ab", "ab->ba", "abc->b", "ab->",
            "abij,abjk->abik", "abi,abk->abik", "ab,bc,cd->ad", "abc,abc->abc", "iab,jab->ij", "aij,bjk->abik",
            "abij,bk->aijk", "ab,bc", "ba", "ijk,jil->kl", "ajk,kj->a", "abc,abd->cd", "abcd,bd->ac"]:
        terms = equation.split("->")[0].split(",")
        sizes["l"] = 2
        standard("Einsum", [reals(*[sizes[letter] for letter in term]) for term in terms], equation=equation, opset=12)
    standard("Einsum", [reals(4, 4)], equation="ii->i", opset=12)
    standard("Einsum", [reals(4, 4)], equation="ii", opset=12)
    standard("Einsum", [reals(3, 4, 4)], equation="...ii->...i", opset=12)
    standard("Einsum", [reals(2, 3, 4), reals(4, 5)], equation="...ij,jk->...ik", opset=12)
    standard("Einsum", [reals(2, 3, 4), reals(1, 4, 5)], equation="...ij,...jk->...ik", opset=12)
    standard("Einsum", [reals(2, 3, 4), reals(2, 3, 4)], equation="...i,...i->...", opset=12)
    standard("Einsum", [codes(2, 3).astype(np.int64), codes(3, 4).astype(np.int64)], equation="ab,bc->ac", opset=12)
    for n in [1, 2, 5]:
        standard("Det", [reals(3, n, n)], opset=11)


def signals(standard, reals, codes, longs):
    loose = {"rtol": 1e-3, "atol": 1e-3}
    for count in [1, 2, 3, 8, 12, 17, 32]:
        for inverse, onesided, parts in [(0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 2)]:
            standard("DFT", [reals(2, count, parts)], inverse=inverse, onesided=onesided, axis=1, opset=17, **loose)
    for length in [4, 9, 16]:
        standard("DFT", [reals(2, 8, 3, 1), np.array(length, np.int64)], axis=1, onesided=1, opset=17, **loose)
    for onesided in [0, 1]:
        standard("STFT", [reals(2, 32, 1), np.array(5, np.int64), reals(8)], onesided=onesided, opset=17, **loose)
        standard("STFT", [reals(2, 32, 1), np.array(4, np.int64), None, np.array(8, np.int64)], onesided=onesided, opset=17, **loose)
    for name, periodic in itertools.product(["HannWindow", "HammingWindow", "BlackmanWindow"], [0, 1]):
        standard(name, [np.array(9, np.int64)], periodic=periodic, opset=17)
    standard("MelWeightMatrix", [np.array(12, np.int64), np.array(64, np.int64), np.array(8000, np.int64),
                                 np.array(20, np.float32), np.array(3800, np.float32)], opset=17)
