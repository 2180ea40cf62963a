"""Layers, and the patterns that optimisers look for, as exporters write them."""

import numpy as np

from builder import FORMATS, Reject, broadcast, maximum
from elementwise import F16, F32, F64

F = lambda value: value.dtype == F32


def unit(x):
    return 2.0 ** -FORMATS[x.dtype][0]


def scalar(g, number, dtype=F32, rank=None):
    return g.constant(np.full([1] * (g.choose([0, 0, 1]) if rank is None else rank), number, dtype), hidden=True)


def activation(g, x):
    """One of the activations, some of them spelt out."""
    kind = g.choose(["Relu", "Sigmoid", "Tanh", "swish", "gelu", "fastgelu", "hardswish", "Clip", "LeakyRelu", "PRelu", "mish"])
    if kind in ("Relu", "Sigmoid", "Tanh"):
        bound = x.bound if kind == "Relu" else 1.0
        return g.node(kind, [x], [g.real(x.dtype, x.dims, bound, x.grain if kind == "Relu" else None, x.error)])
    result = lambda bound, slope=1.2: g.real(x.dtype, x.dims, bound, None, slope * x.error + 16 * unit(x) * max(bound, 1))
    if kind == "Clip":
        return g.node("Clip", [x, scalar(g, 0, x.dtype, 0), scalar(g, 6, x.dtype, 0)], [g.real(x.dtype, x.dims, 6, x.grain, x.error)])
    if kind == "LeakyRelu":
        return g.node("LeakyRelu", [x], [result(x.bound)], alpha=0.1)
    if kind == "PRelu":
        slope = g.weight(x.dtype, *([x.fixed(1) or 1] + [1] * (x.rank - 2) if x.rank >= 2 else [1]))
        return g.node("PRelu", [x, slope], [result(max(1, slope.bound) * x.bound)])
    if kind == "swish":
        gate = g.node("Sigmoid", [x], [g.real(x.dtype, x.dims, 1.0, None, x.error)])
        return g.node("Mul", [x, gate] if g.chance(0.5) else [gate, x], [result(x.bound, 1 + x.bound)])
    if kind == "hardswish":
        gate = g.node("HardSigmoid", [x], [g.real(x.dtype, x.dims, 1.0, None, x.error)], alpha=1 / 6)
        return g.node("Mul", [x, gate], [result(x.bound, 1 + x.bound)])
    if kind == "mish":
        soft = g.node("Softplus", [x], [result(x.bound + 0.7)])
        return g.node("Mul", [x, g.node("Tanh", [soft], [g.real(x.dtype, x.dims, 1, None, soft.error)])], [result(x.bound, 1 + x.bound)])
    half, one = scalar(g, 0.5, x.dtype), scalar(g, 1, x.dtype)
    dims = broadcast(x.dims, half.dims, one.dims)
    wide = lambda bound, error: g.real(x.dtype, dims, bound, None, error)
    if kind == "gelu":
        inside = g.node("Div", [x, scalar(g, 2**0.5, x.dtype, 0)], [result(x.bound)])
        value = g.node("Erf", [inside], [result(1.0)])
    else:
        cube = g.node("Pow", [x, scalar(g, 3, x.dtype, 0)], [result(x.bound**3, 3 * x.bound**2)])
        term = g.node("Mul", [cube, scalar(g, 0.044715, x.dtype, 0)], [result(cube.bound * 0.05, 0.2 * x.bound**2)])
        total = g.node("Add", [x, term], [result(x.bound + term.bound, 1 + 0.2 * x.bound**2)])
        value = g.node("Tanh", [g.node("Mul", [total, scalar(g, (2 / np.pi) ** 0.5, x.dtype, 0)], [result(total.bound, 1 + 0.2 * x.bound**2)])],
                       [result(1.0, 1 + 0.2 * x.bound**2)])
    shifted = g.node("Add", [value, one], [wide(2, value.error)])
    if g.chance(0.5):
        return g.node("Mul", [g.node("Mul", [x, shifted], [wide(2 * x.bound, (2 + x.bound) * value.error + 2 * x.error)]), half],
                      [wide(x.bound, (2 + x.bound) * value.error + 2 * x.error)])
    return g.node("Mul", [g.node("Mul", [x, half], [wide(x.bound, x.error)]), shifted], [wide(2 * x.bound, (2 + x.bound) * value.error + 2 * x.error)])


def dot(g, a, b, count, dims):
    """The result of sums of `count` products."""
    count = max(count, 1)
    grain = None if a.grain is None or b.grain is None else a.grain * b.grain
    error = count * (a.bound * b.error + b.bound * a.error)
    bound = count * a.bound * b.bound
    if grain is None:
        error += count * unit(a) * bound
    return g.real(a.dtype, dims, bound, grain, error)


def product(g):
    x = g.pick(lambda value: value.isReal and value.rank >= 1)
    if g.chance(0.6):
        inner = x.fixed(x.rank - 1)
        if not inner:
            raise Reject
        width = g.whole(1, 8)
        w = g.weight(x.dtype, inner, width)
        return g.node("MatMul", [x, w], [dot(g, x, w, inner, x.dims[:-1] + [g.same(width)])])
    if x.rank < 2:
        raise Reject
    y = g.pick(lambda value: value.dtype == x.dtype and value.rank >= 2 and value.dims[-2] == x.dims[-1])
    dims = broadcast(x.dims[:-2], y.dims[:-2]) + [x.dims[-2], y.dims[-1]]
    g.node("MatMul", [x, y], [dot(g, x, y, max(x.dims[-1]), dims)])


def gemm(g):
    x = g.pick(lambda value: value.isReal and value.rank == 2)
    transA, transB = g.whole(0, 1), g.whole(0, 1)
    rows, inner = (x.dims[1], x.dims[0]) if transA else (x.dims[0], x.dims[1])
    if len(set(inner)) > 1 or inner[0] == 0:
        raise Reject
    width = g.whole(1, 8)
    w = g.weight(x.dtype, *([width, inner[0]] if transB else [inner[0], width]))
    inputs, bound = [x, w], 0
    if g.chance(0.7):
        inputs.append(g.weight(x.dtype, *g.choose([[width], [1], [], [1, width]])))
        bound = 1
    result = dot(g, x, w, inner[0], [rows, g.same(width)])
    alpha, beta = g.choose([(1.0, 1.0), (0.5, 1.0), (1.0, 2.0), (1.0, 0.0)])
    grain = None if result.grain is None else result.grain / 2
    result = g.real(x.dtype, result.dims, result.bound + 2 * bound, grain, result.error)
    g.node("Gemm", inputs, [result], alpha=alpha, beta=beta, transA=transA, transB=transB)


def dense(g):
    """Product, bias, activation, residual."""
    x = g.pick(lambda value: F(value) and value.rank >= 2 and bool(value.fixed(value.rank - 1)))
    inner = x.fixed(x.rank - 1)
    width = inner if g.chance(0.5) else g.whole(1, 8)
    w = g.weight(x.dtype, inner, width)
    y = g.node("MatMul", [x, w], [dot(g, x, w, inner, x.dims[:-1] + [g.same(width)])])
    y = added(g, y, g.weight(x.dtype, *g.choose([[width], [1, width], [1] * x.rank, [1] * (x.rank + 1)])))
    y = activation(g, softened(g, y))
    if y.dims == x.dims and g.chance(0.7):
        y = added(g, y, x)
    if g.chance(0.4):
        activation(g, y)


def softened(g, y):
    """Scaled down exactly to where activations have a shape."""
    if y.bound <= 16:
        return y
    factor = 2.0 ** -int(np.ceil(np.log2(y.bound / 8)))
    grain = None if y.grain is None else y.grain * factor
    return g.node("Mul", [y, scalar(g, factor, y.dtype, 0)], [g.real(y.dtype, y.dims, y.bound * factor, grain, y.error * factor)])


def added(g, a, b):
    grain = None if a.grain is None or b.grain is None else min(a.grain, b.grain)
    return g.node("Add", [a, b] if g.chance(0.7) else [b, a],
                  [g.real(a.dtype, broadcast(a.dims, b.dims), a.bound + b.bound, grain, a.error + b.error)])


def windows(g, dims, kernel, strides, dilations, pads):
    result = []
    for axis, extents in enumerate(dims):
        reach = dilations[axis] * (kernel[axis] - 1) + 1
        sizes = tuple((size + pads[axis] + pads[axis + len(dims)] - reach) // strides[axis] + 1 for size in extents)
        if min(sizes) < 1 or min(extents) < 1:
            raise Reject
        result.append(sizes)
    return result


def convolution(g):
    """Convolution, normalisation, activation, residual: each where the dice say so."""
    x = g.pick(lambda value: (F(value) or value.dtype == F64 and g.chance(0.1)) and 3 <= value.rank <= 5 and bool(value.fixed(1)))
    channels, spatial = x.fixed(1), x.rank - 2
    group = g.choose([part for part in (1, 1, 2, channels) if channels % part == 0])
    out = group * g.whole(1, 3)
    kernel = [g.whole(1, 3) for _ in range(spatial)]
    strides = [g.choose([1, 1, 2]) for _ in range(spatial)]
    dilations = [g.choose([1, 1, 2]) for _ in range(spatial)]
    pads = [g.choose([0, 1]) for _ in range(2 * spatial)]
    if g.chance(0.4):
        out, kernel, strides, dilations, pads = channels, [3] * spatial, [1] * spatial, [1] * spatial, [1] * 2 * spatial
    dims = [x.dims[0], g.same(out)] + windows(g, x.dims[2:], kernel, strides, dilations, pads)
    w = g.weight(x.dtype, out, channels // group, *kernel)
    y = dot(g, x, w, channels // group * int(np.prod(kernel)), dims)
    # Transforms to other domains round.
    y = g.real(y.dtype, y.dims, y.bound + 1, None, y.error + 16 * unit(y) * y.bound)
    inputs = [x, w] + ([g.weight(x.dtype, out)] if g.chance(0.5) else [])
    attributes = {"kernel_shape": kernel} if g.chance(0.7) else {}
    y = g.node("Conv", inputs, [y], group=group, strides=strides, dilations=dilations, pads=pads, **attributes)
    if g.chance(0.6):
        y = normalized(g, y)
    y = softened(g, y)
    if g.chance(0.6):
        y = activation(g, y)
    if y.dims == x.dims and g.chance(0.8):
        y = added(g, y, x)
        if g.chance(0.5):
            activation(g, y)


def normalized(g, x):
    """Batch normalisation with constant parameters."""
    channels = x.fixed(1)
    if not channels:
        raise Reject
    scale, bias, mean = (g.weight(x.dtype, channels) for _ in range(3))
    variance = g.constant(g.sample(x.dtype, [channels], 4, 16), hidden=True)
    bound = (x.bound + 1) / 0.7 + 1
    return g.node("BatchNormalization", [x, scale, bias, mean, variance],
                  [g.real(x.dtype, x.dims, bound, None, 1.5 * x.error + 8 * unit(x) * bound)], epsilon=g.choose([1e-5, 1e-3]))


def batchNormalization(g):
    normalized(g, g.pick(lambda value: value.dtype in (F32, F64) and value.rank >= 2))


def transposedConvolution(g):
    x = g.pick(lambda value: F(value) and 3 <= value.rank <= 4 and bool(value.fixed(1)) and not value.hasZero())
    channels, spatial = x.fixed(1), x.rank - 2
    group = g.choose([part for part in (1, 2, channels) if channels % part == 0])
    out, kernel, strides = g.whole(1, 3), [g.whole(2, 3) for _ in range(spatial)], [g.whole(1, 2) for _ in range(spatial)]
    pads = [g.whole(0, 1) for _ in range(2 * spatial)]
    dims = [x.dims[0], g.same(out * group)]
    for axis in range(spatial):
        dims.append(tuple(strides[axis] * (size - 1) + kernel[axis] - pads[axis] - pads[axis + spatial] for size in x.dims[axis + 2]))
    if any(size < 1 for extents in dims for size in extents):
        raise Reject
    w = g.weight(x.dtype, channels, out, *kernel)
    y = dot(g, x, w, channels // group * int(np.prod(kernel)), dims)
    g.node("ConvTranspose", [x, w], [g.real(y.dtype, dims, y.bound, None, y.error + 16 * unit(y) * y.bound)],
           group=group, strides=strides, pads=pads)


def pool(g):
    x = g.pick(lambda value: value.dtype in (F32, F64) and 3 <= value.rank <= 5 and not value.hasZero())
    spatial = x.rank - 2
    kind = g.choose(["MaxPool", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"])
    if x.dtype == F64 and kind != "MaxPool":
        raise Reject
    error = x.error + 64 * unit(x) * x.bound
    if kind.startswith("Global"):
        dims = x.dims[:2] + [g.same(1)] * spatial
        result = g.real(x.dtype, dims, x.bound, None, error) if kind == "GlobalAveragePool" else g.like(x, dims)
        return g.node(kind, [x], [result])
    kernel, strides = [g.whole(1, 3) for _ in range(spatial)], [g.whole(1, 2) for _ in range(spatial)]
    pads = [min(g.whole(0, 1), kernel[axis % spatial] - 1) for axis in range(2 * spatial)]
    dims = x.dims[:2] + windows(g, x.dims[2:], kernel, strides, [1] * spatial, pads)
    if kind == "MaxPool":
        return g.node(kind, [x], [g.like(x, dims)], kernel_shape=kernel, strides=strides, pads=pads)
    g.node(kind, [x], [g.real(x.dtype, dims, x.bound, None, error)], kernel_shape=kernel, strides=strides, pads=pads,
           count_include_pad=g.whole(0, 1))


def resize(g):
    x = g.pick(lambda value: F(value) and value.rank == 4 and not value.hasZero())
    factor = g.choose([2.0, 0.5, 3.0]) if all(size % 2 == 0 for extents in x.dims[2:] for size in extents) else 2.0
    scales = g.constant(np.array([1, 1, factor, factor], np.float32), hidden=True)
    dims = x.dims[:2] + [tuple(int(size * factor) for size in extents) for extents in x.dims[2:]]
    mode, transform = g.choose([("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners"), ("linear", "asymmetric")])
    attributes = {"nearest_mode": "floor"} if mode == "nearest" else {}
    result = g.like(x, dims) if mode == "nearest" else g.real(x.dtype, dims, x.bound, None, x.error + 64 * unit(x) * x.bound)
    g.node("Resize", [x, None, scales], [result], mode=mode, coordinate_transformation_mode=transform, **attributes)


def meanOf(g, x, axis, bound, error):
    """The mean along an axis that stays."""
    dims = list(x.dims)
    dims[axis] = g.same(1)
    return g.node("ReduceMean", [x, g.longs([axis - x.rank if g.chance(0.5) and not x.hasZero() else axis])],
                  [g.real(x.dtype, dims, bound, None, error)], keepdims=1)


def normalization(g):
    """Layer and RMS normalisation: as operators, and spelt out."""
    x = g.pick(lambda value: value.dtype in (F32, F32, F16) and value.rank >= 2 and bool(value.fixed(value.rank - 1)))
    width, epsilon = x.fixed(x.rank - 1), g.choose([0.01, 0.1])
    slope = 4 * epsilon**-0.5
    bound = width**0.5
    error = slope * (x.error + 8 * unit(x) * x.bound)
    scale, bias = g.weight(x.dtype, width), g.weight(x.dtype, width)
    final = lambda: g.real(x.dtype, x.dims, bound + 1, None, error)
    kind = g.choose(["layer", "rms", "LayerNormalization", "InstanceNormalization"])
    if kind == "LayerNormalization":
        return g.node(kind, [x, scale] + ([bias] if g.chance(0.5) else []), [final()], axis=-1, epsilon=epsilon)
    if kind == "InstanceNormalization":
        channels = x.fixed(1) if x.rank >= 3 else None
        if not channels or x.hasZero() or x.dtype != F32:
            raise Reject
        size = maximum(x.dims[2:])
        return g.node(kind, [x, g.weight(x.dtype, channels), g.weight(x.dtype, channels)],
                      [g.real(x.dtype, x.dims, size**0.5 + 1, None, error)], epsilon=epsilon)
    if x.dtype == F16:
        raise Reject
    noise = 8 * unit(x)
    centred = x
    if kind == "layer":
        mean = meanOf(g, x, x.rank - 1, x.bound, x.error + noise * x.bound)
        centred = g.node("Sub", [x, mean], [g.real(x.dtype, x.dims, 2 * x.bound, None, 2 * (x.error + noise * x.bound))])
    squareError = 2 * centred.bound * (centred.error + unit(x) * centred.bound)
    if g.chance(0.5):
        square = g.node("Mul", [centred, centred], [g.real(x.dtype, x.dims, centred.bound**2, centred.grain and centred.grain**2, squareError)])
    else:
        square = g.node("Pow", [centred, scalar(g, 2, x.dtype, 0)], [g.real(x.dtype, x.dims, centred.bound**2, None, squareError)])
    variance = meanOf(g, square, x.rank - 1, square.bound, squareError + noise * square.bound)
    shifted = g.node("Add", [variance, scalar(g, epsilon, x.dtype, 0)], [g.real(x.dtype, variance.dims, square.bound + 1, None, variance.error)])
    root = g.node("Sqrt", [shifted], [g.real(x.dtype, variance.dims, square.bound**0.5 + 1, None, variance.error * slope)])
    loose = lambda: g.real(x.dtype, x.dims, bound + 1, None, min(error * 2 + slope * noise * x.bound, 1e-3 * (bound + 1)))
    if g.chance(0.5):
        y = g.node("Div", [centred, root], [loose()])
    else:
        y = g.node("Mul", [centred, g.node("Reciprocal", [root], [g.real(x.dtype, variance.dims, epsilon**-0.5, None, 1e-4)])], [loose()])
    y = g.node("Mul", [y, scale] if g.chance(0.5) else [scale, y], [loose()])
    if kind == "layer":
        g.node("Add", [y, bias], [g.real(x.dtype, x.dims, bound + 2, None, y.error)])


def softmax(g):
    x = g.pick(lambda value: value.isReal and value.rank >= 1 and value.bound <= 64)
    axis = g.whole(0, x.rank - 1)
    if min(x.dims[axis]) < 1:
        raise Reject
    name = g.choose(["Softmax", "Softmax", "LogSoftmax"])
    bound = 1.0 if name == "Softmax" else 2 * x.bound + 10
    g.node(name, [x], [g.real(x.dtype, x.dims, bound, None, 2 * x.error + 16 * unit(x) * max(1, x.bound))], axis=axis)


def attention(g):
    """Heads split by reshape and transpose, scaled scores, an optional mask, softmax, and back."""
    x = g.pick(lambda value: F(value) and value.rank == 3 and bool(value.fixed(2)) and value.fixed(2) % 2 == 0 and not value.hasZero())
    x = softened(g, x)
    width, heads = x.fixed(2), 2
    size = width // heads

    def project():
        w = g.weight(x.dtype, width, width, low=-2, high=2)
        y = softened(g, g.node("MatMul", [x, w], [dot(g, x, w, width, x.dims)]))
        dims = x.dims[:2] + [g.same(heads), g.same(size)]
        if min(x.dims[0]) == 0:
            raise Reject
        return g.node("Reshape", [y, g.longs([0, 0 if len(set(x.dims[1])) > 1 else x.dims[1][0], heads, -1])], [g.like(y, dims)])

    def turned(y, order):
        return g.node("Transpose", [y], [g.like(y, [y.dims[axis] for axis in order])], perm=order)

    q = turned(project(), [0, 2, 1, 3])
    k = turned(project(), [0, 2, 3, 1])
    v = turned(project(), [0, 2, 1, 3])
    scores = g.node("MatMul", [q, k], [dot(g, q, k, size, q.dims[:3] + [k.dims[3]])])
    factor = 2.0 ** -int(np.ceil(np.log2(max(scores.bound / 8, 1))))
    scores = g.node("Mul", [scores, scalar(g, factor, rank=0)],
                    [g.real(x.dtype, scores.dims, scores.bound * factor, scores.grain and scores.grain * factor, scores.error * factor)])
    if g.chance(0.5):
        mask = g.input(np.dtype(np.float32), [x.dims[0], g.same(1), g.same(1), x.dims[1]])
        scores = added(g, scores, mask)
    weights = g.node("Softmax", [scores], [g.real(x.dtype, scores.dims, 1.0, None, 2 * scores.error + 16 * unit(x))], axis=-1)
    y = g.node("MatMul", [weights, v], [dot(g, weights, v, 1, q.dims)])
    # Rows sum to 1.
    y.error = v.error + v.bound * (weights.error * max(k.dims[3]) + 32 * unit(x))
    y = turned(y, [0, 2, 1, 3])
    y = g.node("Reshape", [y, g.longs([0, 0 if len(set(x.dims[1])) > 1 else -1, width])], [g.like(y, x.dims)])
    if g.chance(0.7):
        added(g, y, x)


def cached(g):
    """Scores of queries against a past that grows by new keys."""
    x = g.pick(lambda value: F(value) and value.rank == 4 and value.bound <= 16 and not value.hasZero())
    past = g.input(x.dtype, x.dims[:2] + [g.same(g.whole(1, 4)), x.dims[3]])
    dims = list(x.dims)
    dims[2] = tuple(a + b for a, b in zip(past.dims[2], x.dims[2]))
    bound, grain = max(x.bound, past.bound), None if x.grain is None else min(x.grain, past.grain)
    present = g.node("Concat", [past, x], [g.real(x.dtype, dims, bound, grain, x.error)], axis=g.choose([2, -2]))
    turned = g.node("Transpose", [present], [g.like(present, [dims[0], dims[1], dims[3], dims[2]])], perm=[0, 1, 3, 2])
    scores = softened(g, g.node("MatMul", [x, turned], [dot(g, x, turned, max(x.dims[3]), x.dims[:3] + [dims[2]])]))
    weights = g.node("Softmax", [scores], [g.real(x.dtype, scores.dims, 1.0, None, 2 * scores.error + 16 * unit(x))], axis=-1)
    g.node("MatMul", [weights, present], [dot(g, weights, present, max(dims[2]), x.dims)])


def einsum(g):
    x = g.pick(lambda value: value.dtype in (F32, F64) and value.rank in (2, 3) and bool(value.fixed(value.rank - 1)))
    inner = x.fixed(x.rank - 1)
    if x.rank == 2:
        w = g.weight(x.dtype, 3, inner)
        return g.node("Einsum", [x, w], [dot(g, x, w, inner, [g.same(3), x.dims[0]])], equation="ij,kj->ki")
    w = g.weight(x.dtype, inner, 3)
    g.node("Einsum", [x, w], [dot(g, x, w, inner, [x.dims[1], x.dims[0], g.same(3)])], equation="abc,cd->bad")


def recurrent(g):
    x = g.pick(lambda value: F(value) and value.rank == 3 and bool(value.fixed(2)) and not value.hasZero() and max(value.dims[0]) <= 5)
    kind, hidden = g.choose([("LSTM", 4), ("GRU", 3), ("RNN", 1)]), 3
    name, gates = kind
    direction = g.choose(["forward", "reverse", "bidirectional"])
    count = 2 if direction == "bidirectional" else 1
    w, r = g.weight(F32, count, gates * hidden, x.fixed(2)), g.weight(F32, count, gates * hidden, hidden)
    inputs = [x, w, r] + ([g.weight(F32, count, 2 * gates * hidden)] if g.chance(0.5) else [])
    steps = max(x.dims[0])
    error = (x.error + 64 * unit(x) * (1 + x.bound)) * x.fixed(2) * 4.0**steps
    attributes = {"linear_before_reset": g.whole(0, 1)} if name == "GRU" else {}
    bound = float(steps) if name == "LSTM" else 1.0
    results = [g.real(F32, [x.dims[0], g.same(count), x.dims[1], g.same(hidden)], bound, None, min(error, 1e-3))]
    results.append(g.real(F32, [g.same(count), x.dims[1], g.same(hidden)], bound, None, min(error, 1e-3)))
    g.node(name, inputs, results, hidden_size=hidden, direction=direction, **attributes)


EMITTERS = [(product, 3), (gemm, 2), (dense, 4), (convolution, 7), (batchNormalization, 1), (transposedConvolution, 1), (pool, 3),
            (resize, 1), (normalization, 4), (softmax, 2), (attention, 2), (cached, 1), (einsum, 1), (recurrent, 1)]
