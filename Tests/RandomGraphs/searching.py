"""Operators that read shapes or search, sequences, strings, and what was computed already once more."""

import numpy as np
from onnx import helper

from builder import BOOL, STRING, Reject, Value, broadcast, maximum
from movement import ANY, I64, smallest


def shapes(g):
    x = g.pick(ANY)
    kind = g.choose(["Shape", "Size", "ConstantOfShape", "Range", "EyeLike"])
    if kind == "Shape":
        start, end = (0, x.rank) if g.chance(0.5) else sorted([g.whole(0, x.rank), g.whole(0, x.rank)])
        attributes = {} if (start, end) == (0, x.rank) else {"start": start, "end": end}
        return g.node("Shape", [x], [g.plain(I64, [g.same(end - start)], 512)], **attributes)
    if kind == "Size":
        return g.node("Size", [x], [g.plain(I64, [], 1e6)])
    if kind == "ConstantOfShape":
        shape = g.node("Shape", [x], [g.plain(I64, [g.same(x.rank)], 512)])
        value = helper.make_tensor("value", 1, [1], [0.5])
        if maximum(x.dims) > 2000:
            raise Reject
        return g.node("ConstantOfShape", [shape], [Value("", np.dtype(np.float32), x.dims, 0.5, 0.125)], value=value)
    if kind == "EyeLike":
        if x.rank != 2 or x.dtype not in (np.float32, np.int64):
            raise Reject
        return g.node("EyeLike", [x], [Value("", x.dtype, x.dims, 1.0, 1.0)], k=g.whole(-1, 1))
    if not x.rank:
        raise Reject
    axis = g.whole(0, x.rank - 1)
    shape = g.node("Shape", [x], [g.plain(I64, [g.same(x.rank)], 512)])
    end = g.node("Gather", [shape, g.constant(np.array(axis), hidden=True)], [g.plain(I64, [], 512)])
    zero, one = g.constant(np.array(0), hidden=True), g.constant(np.array(1), hidden=True)
    g.node("Range", [zero, end, one], [g.plain(I64, [x.dims[axis]], 512)])


def search(g):
    x = g.pick(lambda value: value.rank and value.exact and value.dtype in (np.float32, np.float64, np.int32, np.int64))
    axis = g.whole(0, x.rank - 1)
    size = smallest(x, axis)
    kind = g.choose(["TopK", "ArgMax", "ArgMin", "OneHot", "NonZero", "Compress"])
    if kind == "TopK":
        dims = list(x.dims)
        dims[axis] = g.same(g.whole(1, size))
        count = g.longs([dims[axis][0]])
        return g.node("TopK", [x, count], [g.like(x, dims), g.plain(I64, dims, 64)], axis=axis, largest=g.whole(0, 1))
    if kind == "OneHot":
        whole = g.pick(lambda value: value.dtype == I64 and 1 <= value.rank <= 2)
        depth, values = g.constant(np.array(4), hidden=True), g.constant(np.array([0, 1], np.float32), hidden=True)
        dims = whole.dims + [g.same(4)]
        if maximum(dims) > 2000:
            raise Reject
        return g.node("OneHot", [whole, depth, values], [Value("", np.dtype(np.float32), dims, 1.0, 1.0)], axis=-1)
    if kind == "Compress":
        if x.rank != 1 or x.fixed(0) is None:
            raise Reject
        condition = g.random.integers(0, 2, x.fixed(0)).astype(np.bool_)
        return g.node("Compress", [x, g.constant(condition, hidden=True)], [g.like(x, [g.same(int(condition.sum()))])], axis=0)
    if kind == "NonZero":
        # Its extent follows from the data: it is counted.
        places = g.node("NonZero", [x], [g.plain(I64, [g.same(x.rank), g.same(1)], 64)])
        g.values.remove(places)
        picked = g.node("GatherND", [x, transposed(g, places, x.rank)], [g.like(x, [g.same(1)])])
        g.values.remove(picked)
        total = g.real(x.dtype, [g.same(1)], x.bound * maximum(x.dims), x.grain) if x.isReal else g.plain(x.dtype, [g.same(1)], x.bound * maximum(x.dims))
        return g.node("ReduceSum", [picked, g.longs([0])], [total], keepdims=1)
    keep = g.whole(0, 1)
    dims = [g.same(1) if index == axis else extents for index, extents in enumerate(x.dims) if keep or index != axis]
    g.node(kind, [x], [g.plain(I64, dims, 64)], axis=axis, keepdims=keep, select_last_index=g.whole(0, 1))


def transposed(g, places, rank):
    result = g.node("Transpose", [places], [g.plain(I64, [g.same(1), g.same(rank)], 64)], perm=[1, 0])
    g.values.remove(result)
    return result


def texts(g):
    x = g.pick(lambda value: value.dtype == STRING)
    y = g.pick(lambda value: value.dtype == STRING)
    dims = broadcast(x.dims, y.dims)
    if g.opset >= 20 and g.chance(0.5) and maximum(dims) < 200 and len(g.nodes) < 20:
        return g.node("StringConcat", [x, y], [g.plain(STRING, dims)])
    g.node("Equal", [x, y], [g.plain(BOOL, dims)])


def sequences(g):
    """A sequence; what was made of its parts meanwhile must not harm them."""
    x = g.pick(lambda value: value.rank >= 1 and value.isReal)
    axis = g.whole(0, x.rank - 1)
    if min(x.dims[axis]) < 1:
        raise Reject
    name, dims = g.name(), list(x.dims)
    g.used.add(x.name)
    if g.chance(0.5):
        parts = [x.name, x.name]
        g.nodes.append(helper.make_node("SequenceConstruct", parts, [name]))
        dims[axis] = tuple(2 * size for size in dims[axis])
    else:
        g.nodes.append(helper.make_node("SplitToSequence", [x.name], [name], axis=axis, keepdims=1))
    g.grow(g, g.whole(0, 2))
    if g.chance(0.5):
        part = g.like(x) if dims is not x.dims and dims[axis] != x.dims[axis] else None
        if part is not None:
            return g.node("SequenceAt", [name, g.constant(np.array(g.choose([0, 1, -1])), hidden=True)], [part])
    g.node("ConcatFromSequence", [name], [g.like(x, dims)], axis=axis)


def twin(g):
    """What was computed already, once more."""
    nodes = [node for node in g.nodes if len(node.output) == 1 and node.op_type not in ("Constant", "If", "Loop", "Scan")]
    known = {value.name: value for value in g.values}
    nodes = [node for node in nodes if node.output[0] in known]
    if not nodes:
        raise Reject
    node = g.choose(nodes)
    copy = type(node).FromString(node.SerializeToString())
    result = g.like(known[node.output[0]])
    result.name = copy.output[0] = g.name()
    copy.name += "_twin"
    g.nodes.append(copy)
    g.values.append(result)


EMITTERS = [(twin, 2), (shapes, 4), (search, 4), (texts, 2), (sequences, 2)]
