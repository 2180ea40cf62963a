"""Quantised pairs and products of codes; scales are powers of two, so that rounding is exact."""

import numpy as np

from builder import Reject, broadcast
from elementwise import F32


def ranged(g, dtype):
    return g.constant(np.array(g.whole(-3, 3) if dtype == np.int8 else g.whole(100, 140), dtype), hidden=True)


def pair(g):
    """QuantizeLinear and DequantizeLinear on exact operands, for all or by channel."""
    x = g.pick(lambda value: value.dtype == F32 and value.exact)
    dtype = np.dtype(g.choose([np.int8, np.uint8]))
    axis = g.whole(0, x.rank - 1) if x.rank and g.chance(0.4) else None
    size = None if axis is None else x.fixed(axis)
    power = int(np.ceil(np.log2(max(x.bound, 1e-3) / 100)))
    attributes = {} if size is None else {"axis": axis}
    if size is None:
        scale, zero = g.constant(np.array(2.0**power, np.float32), hidden=True), ranged(g, dtype)
    else:
        scale = g.constant((2.0 ** (power + g.random.integers(0, 2, size))).astype(np.float32), hidden=True)
        zero = g.constant(np.full(size, 3 if dtype == np.int8 else 120, dtype), hidden=True)
    codes = g.node("QuantizeLinear", [x, scale, zero], [g.plain(dtype, x.dims, 256)], **attributes)
    back = g.real(F32, x.dims, 260 * 2.0 ** (power + 1), 2.0**power if power > -13 else None)
    return g.node("DequantizeLinear", [codes, scale, zero], [back], **attributes)


def integers(g):
    x = g.pick(lambda value: value.dtype in (np.uint8, np.int8) and value.rank >= 2 and bool(value.fixed(value.rank - 1)))
    inner, width = x.fixed(x.rank - 1), g.whole(1, 8)
    w = g.constant(g.random.integers(-60, 60, (inner, width)).astype(np.int8), hidden=True)
    inputs = [x, w]
    if g.chance(0.6):
        inputs.append(g.constant(np.array(3, x.dtype), hidden=True))
    dims = x.dims[:-1] + [g.same(width)]
    total = g.node("MatMulInteger", inputs, [g.plain(np.dtype(np.int32), dims, inner * 130 * 60)])
    scaled = g.real(F32, dims, total.bound, 1.0)
    y = g.node("Cast", [total], [scaled], to=1)
    factor = 2.0 ** -int(np.ceil(np.log2(y.bound / 4)))
    scale = g.constant(np.full([1] * g.whole(0, 1), factor, np.float32), hidden=True)
    g.node("Mul", [y, scale], [g.real(F32, broadcast(dims, scale.dims), y.bound * factor, factor)])


def layer(g):
    """A product between quantised pairs, as calibration tools leave it."""
    x = g.pick(lambda value: value.dtype == F32 and value.exact and value.rank >= 2 and bool(value.fixed(value.rank - 1)))
    inner, width = x.fixed(x.rank - 1), g.whole(1, 6)
    power = int(np.ceil(np.log2(max(x.bound, 1e-3) / 100)))
    if power < -6:
        raise Reject
    scale, zero = g.constant(np.array(2.0**power, np.float32), hidden=True), g.constant(np.array(0, np.int8), hidden=True)
    codes = g.node("QuantizeLinear", [x, scale, zero], [g.plain(np.dtype(np.int8), x.dims, 128)])
    left = g.node("DequantizeLinear", [codes, scale, zero], [g.real(F32, x.dims, 128 * 2.0**power, 2.0**power)])
    w = g.constant(g.random.integers(-60, 60, (inner, width)).astype(np.int8), hidden=True)
    weightScale = g.constant(np.array(1 / 64, np.float32), hidden=True)
    right = g.node("DequantizeLinear", [w, weightScale, zero], [g.real(F32, w.dims, 1.0, 1 / 64)])
    y = g.node("MatMul", [left, right], [g.real(F32, x.dims[:-1] + [g.same(width)], inner * left.bound, left.grain / 64)])
    output = g.constant(np.array(2.0 ** int(np.ceil(np.log2(y.bound / 100))), np.float32), hidden=True)
    codes = g.node("QuantizeLinear", [y, output, zero], [g.plain(np.dtype(np.int8), y.dims, 128)])
    g.node("DequantizeLinear", [codes, output, zero], [g.real(F32, y.dims, 130 * float(output.constant), float(output.constant))])


EMITTERS = [(pair, 2), (integers, 2), (layer, 1)]
