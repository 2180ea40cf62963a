"""Element-wise operators, comparisons, conversions and reductions."""

import numpy as np

from builder import BOOL, FORMATS, Reject, Value, broadcast

F16, F32, F64 = (np.dtype(kind) for kind in (np.float16, np.float32, np.float64))


def isReal(value):
    return value.isReal


# Name: the result's bound by the operand's, the steepest slope, since which opset.
SMOOTH = {
    "Relu": (lambda b: b, 1, 1), "Tanh": (lambda b: 1, 1, 1), "Sigmoid": (lambda b: 1, 0.25, 1), "Erf": (lambda b: 1, 1.2, 1),
    "Neg": (lambda b: b, 1, 1), "Abs": (lambda b: b, 1, 1), "Softsign": (lambda b: 1, 1, 1), "Sin": (lambda b: 1, 1, 1),
    "Cos": (lambda b: 1, 1, 1), "Atan": (lambda b: 1.6, 1, 1), "Softplus": (lambda b: b + 0.7, 1, 1),
    "Elu": (lambda b: max(b, 1), 1, 1), "Selu": (lambda b: max(1.06 * b, 1.8), 1.8, 1), "LeakyRelu": (lambda b: b, 1, 1),
    "HardSigmoid": (lambda b: 1, 0.2, 1), "HardSwish": (lambda b: b, 1.5, 14), "Celu": (lambda b: max(b, 1), 1, 12),
    "Gelu": (lambda b: b, 1.2, 20), "Mish": (lambda b: b, 1.1, 18), "Identity": (lambda b: b, 1, 1),
}
# What ONNX Runtime has in single precision alone, or with constants of it.
SINGLE = {"Atan", "Elu", "Celu", "Selu", "Mish", "Softsign", "HardSigmoid", "HardSwish", "Gelu"}
KEEPS_GRAIN = {"Relu", "Neg", "Abs", "Identity"}


def smooth(g):
    x = g.pick(isReal)
    name = g.choose(list(SMOOTH))
    bound, slope, since = SMOOTH[name]
    if since > g.opset or x.dtype == F64 and name in SINGLE:
        raise Reject
    attributes = {}
    if name == "LeakyRelu":
        attributes["alpha"] = 0.25
    if name == "Gelu" and g.chance(0.5):
        attributes["approximate"] = "tanh"
    grain = x.grain if name in KEEPS_GRAIN else None
    # What single precision computes inside may be off by more than the result's last digit.
    extra = 0 if name in KEEPS_GRAIN else 8 * 2.0 ** -min(FORMATS[x.dtype][0], 24 if x.dtype == F32 else 53) * bound(x.bound)
    g.node(name, [x], [g.real(x.dtype, x.dims, bound(x.bound), grain, slope * x.error + extra)], **attributes)


def guarded(g):
    """Functions with poles, on operands that keep away from them."""
    x = g.pick(isReal)
    one = g.constant(np.array(1, x.dtype), hidden=True)
    size = g.node("Abs", [x], [g.like(x)])
    away = g.node("Add", [size, one], [g.real(x.dtype, x.dims, x.bound + 1, x.grain, x.error)])
    kind = g.choose(["Sqrt", "Log", "Reciprocal", "Div", "Exp", "Pow"])
    if kind == "Exp":
        negative = g.node("Neg", [away], [g.like(away)])
        return g.node("Exp", [negative], [g.real(x.dtype, x.dims, 0.5, None, away.error)])
    if kind == "Div":
        y = g.pick(lambda value: value.dtype == x.dtype)
        dims = broadcast(y.dims, away.dims)
        return g.node("Div", [y, away], [g.real(x.dtype, dims, y.bound, None, y.error + y.bound * away.error)])
    if kind == "Pow":
        power = g.choose([2, 3, 0.5, 1, -1, 1.5])
        bound = max(away.bound, 1) ** max(power, 0)
        exponent = g.constant(np.full([1] * g.choose([0, 0, 1, 2]), power, x.dtype), hidden=True)
        dims = broadcast(away.dims, exponent.dims)
        return g.node("Pow", [away, exponent], [g.real(x.dtype, dims, bound, None, abs(power) * bound * away.error + 8e-7 * bound)])
    g.node(kind, [away], [g.real(x.dtype, x.dims, max(x.bound, 1), None, away.error)])


def arithmetic(a, b, name):
    """Bound, grain and error of a result."""
    grain = None if a.grain is None or b.grain is None else min(a.grain, b.grain)
    if name in ("Add", "Sub"):
        return a.bound + b.bound, grain, a.error + b.error
    if name in ("Max", "Min"):
        return max(a.bound, b.bound), grain, max(a.error, b.error)
    product = None if grain is None else a.grain * b.grain
    return a.bound * b.bound, product, a.bound * b.error + b.bound * a.error + a.error * b.error


def operand(g, x, kinds=("value", "scalar", "row", "self")):
    """Something to go with x: another value, a constant of one element of any rank, a constant row, x itself."""
    kind = g.choose(list(kinds))
    if kind == "value":
        return g.pick(lambda value: value.dtype == x.dtype)
    if kind == "self":
        return x
    if kind == "scalar":
        number = g.choose([0.0, 1.0, 2.0, -0.5, 0.25, 3.0])
        if x.isWhole:
            number = float(abs(int(number)))
        return g.constant(np.full([1] * g.choose([0, 0, 1, 1, 2, 4]), number, x.dtype), hidden=True)
    sizes = [x.fixed(axis) or 1 for axis in range(x.rank)]
    drop = g.whole(0, x.rank)
    sizes = [size if g.chance(0.7) else 1 for size in sizes][drop:]
    return g.constant(g.sample(x.dtype, sizes, -8, 8), hidden=True)


def binary(g):
    x = g.pick(lambda value: value.isReal or value.dtype in (np.int32, np.int64))
    y = operand(g, x)
    name = g.choose(["Add", "Add", "Sub", "Mul", "Mul", "Max", "Min"])
    pair = [x, y] if g.chance(0.7) else [y, x]
    dims = broadcast(pair[0].dims, pair[1].dims)
    g.node(name, pair, [g.computed(x, dims, *arithmetic(*pair, name))])


def variadic(g):
    x = g.pick(isReal)
    operands = [x] + [g.pick(lambda value: value.dtype == x.dtype) for _ in range(g.whole(0, 3))]
    name = g.choose(["Sum", "Max", "Min", "Mean"])
    dims = broadcast(*[value.dims for value in operands])
    total = Value("", x.dtype, dims, 0.0, 1.0)
    for value in operands:
        bound, grain, error = arithmetic(total, value, "Max" if name in ("Max", "Min") else "Add")
        total.bound, total.grain, total.error = bound, grain, error
    if name == "Mean" and x.dtype == F64:
        raise Reject
    if name == "Mean" and len(operands) > 1:
        total.grain = None
    g.node(name, operands, [g.real(x.dtype, dims, total.bound, total.grain, total.error)])


def tame(g):
    """Brings large values back, exactly."""
    x = g.pick(lambda value: value.isReal and value.bound > 16)
    factor = 2.0 ** -int(np.ceil(np.log2(x.bound / 4)))
    grain = None if x.grain is None else x.grain * factor
    scale = g.constant(np.array(factor if g.chance(0.5) else 1 / factor, x.dtype), hidden=True)
    name = "Mul" if scale.bound < 1 else "Div"
    g.node(name, [x, scale], [g.real(x.dtype, x.dims, x.bound * factor, grain, x.error * factor)])


def clip(g):
    x = g.pick(lambda value: value.isReal or value.dtype in (np.int32, np.int64))
    low, high = g.constant(np.array(-2, x.dtype), hidden=True), g.constant(np.array(3, x.dtype), hidden=True)
    which = g.choose([[x, low, high], [x, low], [x, None, high], [x, low, high]])
    bound = 3 if len(which) == 3 and which[1] is not None else max(x.bound, 3)
    g.node("Clip", which, [g.computed(x, x.dims, bound, x.grain, x.error)])


def steps(g):
    """Functions with jumps, on exact operands."""
    x = g.pick(lambda value: value.isReal and value.exact)
    name = g.choose(["Floor", "Ceil", "Round", "Sign", "ThresholdedRelu"])
    attributes = {"alpha": 0.5} if name == "ThresholdedRelu" else {}
    g.node(name, [x], [g.real(x.dtype, x.dims, x.bound + 1, x.grain)], **attributes)


def compare(g):
    x = g.pick(lambda value: value.exact and (value.isReal or value.isWhole))
    y = operand(g, x)
    if not y.exact:
        raise Reject
    name = g.choose(["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"])
    g.node(name, [x, y], [g.plain(BOOL, broadcast(x.dims, y.dims))])


def logic(g):
    x = g.pick(lambda value: value.dtype == BOOL)
    if g.chance(0.3):
        return g.node("Not", [x], [g.plain(BOOL, x.dims)])
    y = g.pick(lambda value: value.dtype == BOOL)
    g.node(g.choose(["And", "Or", "Xor"]), [x, y], [g.plain(BOOL, broadcast(x.dims, y.dims))])


def select(g):
    condition = g.pick(lambda value: value.dtype == BOOL)
    x = g.pick(lambda value: value.dtype != BOOL)
    y = operand(g, x) if x.dtype.kind in "fiu" else g.pick(lambda value: value.dtype == x.dtype)
    bound, grain, error = arithmetic(x, y, "Max")
    dims = broadcast(condition.dims, x.dims, y.dims)
    g.node("Where", [condition, x, y], [g.computed(x, dims, bound, grain, error)])


def cast(g):
    x = g.pick(lambda value: value.dtype.kind in "fiub")
    target = np.dtype(g.choose([np.float32, np.float32, np.float16, np.float64, np.int32, np.int64, np.bool_, np.int8]))
    if target in FORMATS:
        result = g.real(target, x.dims, x.bound, x.grain, x.error)
    elif not x.exact or target.kind in "iu" and x.bound >= 2 ** (8 * target.itemsize - 1):
        raise Reject
    else:
        result = g.plain(target, x.dims, x.bound)
    from builder import code

    g.node("Cast", [x], [result], to=code(target))


def wholes(g):
    x = g.pick(lambda value: value.dtype in (np.int32, np.int64, np.uint8, np.int8))
    kind = g.choose(["Div", "Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Abs", "Neg", "Sign", "Shift"])
    if kind in ("Abs", "Neg", "Sign"):
        if x.dtype.kind == "u":
            raise Reject
        return g.node(kind, [x], [g.plain(x.dtype, x.dims, x.bound)])
    if kind in ("Div", "Mod"):
        divisor = g.constant(np.array(g.choose([1, 2, 3, 7]) * (1 if x.dtype.kind == "u" else g.choose([1, -1])), x.dtype), hidden=True)
        attributes = {"fmod": g.whole(0, 1)} if kind == "Mod" else {}
        return g.node(kind, [x, divisor], [g.plain(x.dtype, x.dims, x.bound + 7)], **attributes)
    if kind == "Shift":
        if x.dtype != np.uint8:
            raise Reject
        distance = g.constant(np.array(g.whole(0, 3), x.dtype), hidden=True)
        return g.node("BitShift", [x, distance], [g.plain(x.dtype, x.dims, 60)], direction=g.choose(["LEFT", "RIGHT"]))
    y = g.pick(lambda value: value.dtype == x.dtype)
    bound = 2 ** int(np.ceil(np.log2(max(x.bound, y.bound) + 1)))
    g.node(kind, [x, y], [g.plain(x.dtype, broadcast(x.dims, y.dims), bound)])


def reduction(g):
    x = g.pick(lambda value: value.isReal or value.dtype in (np.int32, np.int64))
    if not x.rank:
        raise Reject
    name = g.choose(["ReduceSum", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"])
    axes = sorted(g.random.permutation(x.rank)[: g.whole(1, x.rank)].tolist())
    all_axes = g.chance(0.15)
    axes = list(range(x.rank)) if all_axes else axes
    keep = g.whole(0, 1)
    dims = [g.same(1) if axis in axes else extents for axis, extents in enumerate(x.dims) if keep or axis not in axes]
    count = max(int(np.prod(sizes)) for sizes in zip(*[x.dims[axis] for axis in axes]))
    if any(0 in x.dims[axis] for axis in axes) and name not in ("ReduceSum", "ReduceL1", "ReduceSumSquare"):
        raise Reject
    if x.isWhole and name not in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1"):
        raise Reject
    bound, grain, error = x.bound, x.grain, x.error
    unit = 2.0 ** -FORMATS[x.dtype][0] if x.isReal else 0
    if name in ("ReduceSum", "ReduceL1"):
        bound, error = bound * count, error * count
    elif name == "ReduceSumSquare":
        bound, grain, error = bound**2 * count, None if grain is None else grain**2, 2 * bound * error * count
    elif name == "ReduceL2":
        # Its slope is at most 1 in the Euclidean norm.
        bound, grain, error = bound * count**0.5, None, error * count
    elif name == "ReduceLogSumExp":
        if bound > 20:
            raise Reject
        bound, grain = bound + np.log(count), None
    elif name == "ReduceMean":
        grain = None
    if grain is None:
        error += count * unit * bound
    # ONNX Runtime mistakes negative axes of empty operands.
    named = [axis - x.rank if g.chance(0.3) and not x.hasZero() else axis for axis in axes]
    operands = [x] if all_axes else [x, g.longs(named)]
    g.node(name, operands, [g.computed(x, dims, max(bound, 1e-3), grain, error)], keepdims=keep)


EMITTERS = [(smooth, 6), (guarded, 3), (binary, 9), (variadic, 2), (tame, 5), (clip, 2), (steps, 1), (compare, 2), (logic, 2),
            (select, 2), (cast, 2), (wholes, 2), (reduction, 4)]
