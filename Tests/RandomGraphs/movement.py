"""Operators that move elements."""

import numpy as np

from builder import BOOL, STRING, Reject, maximum

I64 = np.dtype(np.int64)
ANY = lambda value: True


def ranked(low, high=5):
    return lambda value: low <= value.rank <= high


def transpose(g):
    x = g.pick(ranked(1))
    order = g.random.permutation(x.rank).tolist()
    attributes = {"perm": order}
    if g.chance(0.15):
        order, attributes = list(range(x.rank))[::-1], {}
    g.node("Transpose", [x], [g.like(x, [x.dims[axis] for axis in order])], **attributes)


def product(dims, sets):
    return tuple(int(np.prod([extents[index] for extents in dims])) for index in range(sets))


def reshape(g):
    x = g.pick(ranked(1))
    if x.hasZero():
        raise Reject
    dims, target = list(x.dims), []
    kind = g.choose(["merge", "split", "heads"])
    if kind == "merge":
        start = g.whole(0, x.rank - 1)
        end = g.whole(start + 1, x.rank)
        dims[start:end] = [product(dims[start:end], g.sets)]
    else:
        axis = g.whole(0, x.rank - 1)
        size = x.fixed(axis)
        divisors = [part for part in range(1, (size or 0) + 1) if size % part == 0]
        if not divisors or x.rank > 4:
            raise Reject
        part = int(g.choose(divisors))
        dims[axis:axis + 1] = [g.same(part), g.same(size // part)]
    free = g.chance(0.5)
    for axis, extents in enumerate(dims):
        if len(set(extents)) == 1:
            target.append(extents[0])
        elif axis < x.rank and x.dims[axis] == extents:
            target.append(0)
        elif free is True or -1 not in target:
            target.append(-1)
    if target.count(-1) > 1 or len(target) != len(dims):
        raise Reject
    if -1 not in target and free:
        target[g.whole(0, len(target) - 1)] = -1
    g.node("Reshape", [x, g.longs(target)], [g.like(x, dims)])


def computedReshape(g):
    """As exporters write it: the shape is put together at run time."""
    x = g.pick(ranked(2, 4))
    y = g.pick(lambda value: value.rank == x.rank and product(value.dims, g.sets) == product(x.dims, g.sets))
    shape = g.node("Shape", [y], [g.plain(I64, [g.same(y.rank)], 64)])
    if g.chance(0.5):
        parts = []
        for axis, extents in enumerate(y.dims):
            index = g.constant(np.array(axis), hidden=True)
            one = g.node("Gather", [shape, index], [g.plain(I64, [], 64)])
            parts.append(g.node("Unsqueeze", [one, g.longs([0])], [g.plain(I64, [g.same(1)], 64)]))
        shape = g.node("Concat", parts, [g.plain(I64, [g.same(y.rank)], 64)], axis=0)
    g.node("Reshape", [x, shape], [g.like(x, y.dims)])


def flatten(g):
    x = g.pick(ranked(1))
    axis = g.whole(0, x.rank)
    dims = [product(x.dims[:axis], g.sets), product(x.dims[axis:], g.sets)]
    g.node("Flatten", [x], [g.like(x, dims)], axis=axis)


def squeeze(g):
    if g.chance(0.5):
        x = g.pick(lambda value: g.same(1) in value.dims)
        axes = [axis for axis, extents in enumerate(x.dims) if extents == g.same(1)]
        axes = axes[: g.whole(1, len(axes))]
        dims = [extents for axis, extents in enumerate(x.dims) if axis not in axes]
        return g.node("Squeeze", [x, g.longs(axes)], [g.like(x, dims)])
    x = g.pick(ranked(0, 3))
    axis = g.whole(0, x.rank)
    dims = list(x.dims)
    dims.insert(axis, g.same(1))
    g.node("Unsqueeze", [x, g.longs([axis - len(dims) if g.chance(0.3) else axis])], [g.like(x, dims)])


def expand(g):
    x = g.pick(ranked(0, 3))
    lead = g.whole(0, 1)
    dims = [g.extent() for _ in range(lead)]
    for extents in x.dims:
        dims.append(g.same(g.whole(1, 4)) if extents == g.same(1) else extents)
    target = []
    for extents in dims:
        if len(set(extents)) > 1:
            if extents in dims[:lead]:
                raise Reject
            target.append(1)
        else:
            target.append(extents[0])
    if maximum(dims) > 2000:
        raise Reject
    g.node("Expand", [x, g.longs(target)], [g.like(x, dims)])


def tile(g):
    x = g.pick(ranked(1, 3))
    repeats = [g.whole(1, 2) for _ in range(x.rank)]
    if g.chance(0.05):
        repeats[-1] = 0
    dims = [tuple(size * count for size in extents) for extents, count in zip(x.dims, repeats)]
    g.node("Tile", [x, g.longs(repeats)], [g.like(x, dims)])


def slices(g):
    x = g.pick(ranked(1))
    axes = sorted(g.random.permutation(x.rank)[: g.whole(1, x.rank)].tolist())
    starts, ends, steps, dims = [], [], [], list(x.dims)
    for axis in axes:
        step = int(g.choose([1, 1, 1, 2, -1, -2]))
        start = int(g.choose([0, 0, 1, -2, -1, 2]))
        end = int(g.choose([2**31 - 1, 3, -1, 2**63 - 1, 0 if g.chance(0.1) else 4]))
        if step < 0:
            start, end = int(g.choose([-1, 3, 2**31 - 1])), int(g.choose([-(2**31), 0, -(2**63) + 1]))
        dims[axis] = tuple(len(range(size)[slice(start, end, step)]) for size in x.dims[axis])
        starts.append(start)
        ends.append(end)
        steps.append(step)
    named = [axis - x.rank if g.chance(0.3) else axis for axis in axes]
    inputs = [x, g.longs(starts), g.longs(ends), g.longs(named), g.longs(steps)]
    if all(step == 1 for step in steps) and g.chance(0.5):
        inputs.pop()
    g.node("Slice", inputs, [g.like(x, dims)])


def concat(g):
    x = g.pick(ranked(1))
    axis = g.whole(0, x.rank - 1)

    def fits(value):
        return value.dtype == x.dtype and value.rank == x.rank and all(
            a == b for index, (a, b) in enumerate(zip(value.dims, x.dims)) if index != axis)

    parts = [x] + [g.pick(fits) for _ in range(g.whole(0, 2))]
    g.random.shuffle(parts)
    dims = list(x.dims)
    dims[axis] = tuple(sum(sizes) for sizes in zip(*[part.dims[axis] for part in parts]))
    result = g.like(x, dims)
    joined = join(parts)
    result.bound, result.grain, result.error = joined
    g.node("Concat", parts, [result], axis=axis - x.rank if g.chance(0.3) else axis)


def join(parts):
    grain = None if any(part.grain is None for part in parts) else min(part.grain for part in parts)
    error = max(part.error for part in parts)
    return max(part.bound for part in parts), grain, error


def split(g):
    x = g.pick(ranked(1))
    axis = g.whole(0, x.rank - 1)
    size = x.fixed(axis)
    if size is None or size < 2:
        raise Reject
    if g.chance(0.4):
        count = g.whole(2, min(size, 3))
        chunk = -(-size // count)
        sizes = [chunk] * (size // chunk) + ([size % chunk] if size % chunk else [])
        if len(sizes) != count:
            raise Reject
        inputs, attributes = [x], {"num_outputs": count}
    else:
        cut = g.whole(0, size)
        sizes = [cut, size - cut]
        inputs, attributes = [x, g.longs(sizes)], {}
    results = []
    for part in sizes:
        dims = list(x.dims)
        dims[axis] = g.same(part)
        results.append(g.like(x, dims))
    g.node("Split", inputs, results, axis=axis, **attributes)


def smallest(x, axis):
    size = min(x.dims[axis])
    if size == 0:
        raise Reject
    return size


def gather(g):
    # ONNX Runtime loses strings here.
    x = g.pick(lambda value: 1 <= value.rank <= 4 and value.dtype != STRING)
    axis = g.whole(0, x.rank - 1)
    size = smallest(x, axis)
    shape = g.choose([[], [2], [3, 2], [1], [0]])
    indices = g.constant(g.random.integers(-size, size, shape).astype(g.choose([np.int64, np.int32])), hidden=True)
    dims = x.dims[:axis] + indices.dims + x.dims[axis + 1:]
    g.node("Gather", [x, indices], [g.like(x, dims)], axis=axis)


def gatherMore(g):
    x = g.pick(lambda value: 1 <= value.rank <= 4 and not value.hasZero() and value.dtype != STRING)
    if g.chance(0.5):
        axis = g.whole(0, x.rank - 1)
        size = smallest(x, axis)
        shape = [min(extents) for extents in x.dims]
        shape[axis] = g.whole(1, 4)
        indices = g.constant(g.random.integers(-size, size, shape), hidden=True)
        return g.node("GatherElements", [x, indices], [g.like(x, indices.dims)], axis=axis)
    depth = g.whole(1, x.rank)
    tuples = np.stack([g.random.integers(-smallest(x, axis), smallest(x, axis), (3,)) for axis in range(depth)], -1)
    indices = g.constant(tuples, hidden=True)
    g.node("GatherND", [x, indices], [g.like(x, [g.same(3)] + x.dims[depth:])])


def scatter(g):
    x = g.pick(lambda value: value.isReal and 1 <= value.rank <= 3 and not value.hasZero())
    kind = g.choose(["none", "none", "add", "max"])
    bound, grain, error = x.bound, x.grain, x.error
    if g.chance(0.5):
        axis = g.whole(0, x.rank - 1)
        size = smallest(x, axis)
        shape = [min(extents) for extents in x.dims]
        places = g.random.permutation(size)[: min(size, 3)]
        shape[axis] = len(places)
        indices = np.broadcast_to(places.reshape([-1 if index == axis else 1 for index in range(x.rank)]), shape)
        updates = g.weight(x.dtype, *shape)
        inputs, name, attributes = [x, g.constant(indices.astype(np.int64), hidden=True), updates], "ScatterElements", {"axis": axis}
    else:
        size = smallest(x, 0)
        places = g.random.permutation(size)[: min(size, 2)].reshape(-1, 1)
        if any(len(set(extents)) > 1 for extents in x.dims[1:]):
            raise Reject
        updates = g.weight(x.dtype, len(places), *[extents[0] for extents in x.dims[1:]])
        inputs, name, attributes = [x, g.constant(places.astype(np.int64), hidden=True), updates], "ScatterND", {}
    total = bound + 1 if kind == "add" else max(bound, 1)
    grain = None if grain is None else min(grain, 0.125)
    g.node(name, inputs, [g.real(x.dtype, x.dims, total, grain, error)], reduction=kind, **attributes)


def pad(g):
    x = g.pick(lambda value: 1 <= value.rank <= 4 and not value.hasZero() and value.dtype not in (STRING, BOOL))
    mode = g.choose(["constant", "constant", "edge", "reflect", "wrap" if g.opset >= 19 else "edge"])
    before = [g.whole(0, 2) for _ in range(x.rank)]
    after = [g.whole(0, 2) for _ in range(x.rank)]
    if mode == "constant" and g.chance(0.2):
        before[-1] = -1
    for axis in range(x.rank):
        size = smallest(x, axis)
        if mode == "reflect":
            before[axis], after[axis] = min(before[axis], size - 1), min(after[axis], size - 1)
        if mode == "wrap":
            before[axis], after[axis] = min(before[axis], size), min(after[axis], size)
    dims = [tuple(size + before[axis] + after[axis] for size in extents) for axis, extents in enumerate(x.dims)]
    if any(size < 0 for extents in dims for size in extents):
        raise Reject
    inputs = [x, g.longs(before + after)]
    bound = x.bound
    if mode == "constant" and g.chance(0.5):
        inputs.append(g.constant(np.array(1, x.dtype), hidden=True))
        bound = max(bound, 1)
    result = g.like(x, dims, bound)
    if result.grain is not None:
        result.grain = min(result.grain, 1.0)
    g.node("Pad", inputs, [result], mode=mode)


def blocks(g):
    x = g.pick(lambda value: value.rank == 4 and value.isReal)
    if g.chance(0.5):
        if (x.fixed(1) or 1) % 4:
            raise Reject
        n, c, h, w = x.dims
        dims = [n, tuple(size // 4 for size in c), tuple(size * 2 for size in h), tuple(size * 2 for size in w)]
        return g.node("DepthToSpace", [x], [g.like(x, dims)], blocksize=2, mode=g.choose(["DCR", "CRD"]))
    if any(size % 2 for extents in x.dims[2:] for size in extents):
        raise Reject
    n, c, h, w = x.dims
    dims = [n, tuple(size * 4 for size in c), tuple(size // 2 for size in h), tuple(size // 2 for size in w)]
    g.node("SpaceToDepth", [x], [g.like(x, dims)], blocksize=2)


def triangle(g):
    x = g.pick(lambda value: value.rank >= 2 and value.dtype in (np.float32, np.float64, np.int64, np.bool_))
    inputs = [x] + ([g.constant(np.array(g.whole(-2, 2)), hidden=True)] if g.chance(0.5) else [])
    g.node("Trilu", inputs, [g.like(x)], upper=g.whole(0, 1))


def cumulative(g):
    x = g.pick(lambda value: value.rank and (value.isReal or value.dtype in (np.int32, np.int64)))
    axis = g.whole(0, x.rank - 1)
    count = max(x.dims[axis])
    axes = g.constant(np.array(axis), hidden=True)
    g.node("CumSum", [x, axes], [g.computed(x, x.dims, max(x.bound * count, 1e-3), x.grain, x.error * count)],
           exclusive=g.whole(0, 1), reverse=g.whole(0, 1))


EMITTERS = [(transpose, 5), (reshape, 4), (computedReshape, 2), (flatten, 1), (squeeze, 3), (expand, 2), (tile, 1), (slices, 4),
            (concat, 4), (split, 2), (gather, 3), (gatherMore, 2), (scatter, 1), (pad, 2), (blocks, 1), (triangle, 1),
            (cumulative, 1)]
