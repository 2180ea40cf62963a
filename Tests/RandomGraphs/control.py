"""If, Loop and Scan, whose bodies read values of the graphs around them."""

import numpy as np
from onnx import TensorProto, helper

from builder import BOOL, Graph, Reject, Value, code
from elementwise import F32, SMOOTH, arithmetic

I64 = np.dtype(np.int64)


def body(g):
    if g.depth >= 2:
        raise Reject
    inner = Graph(g.random, g.sets, g.opset, g)
    inner.grow = g.grow
    return inner


def declared(g, value, ranked=None):
    ranked = g.chance(0.5) if ranked is None else ranked
    shape = [extents[0] if len(set(extents)) == 1 else None for extents in value.dims] if ranked else None
    return helper.make_tensor_value_info(value.name, code(value.dtype), shape)


def finished(inner, inputs, outputs, ranked=False):
    return helper.make_graph(inner.nodes, inner.name("body"), [declared(inner, value, ranked) for value, ranked in inputs],
                             [declared(inner, value, ranked) for value in outputs], inner.initializers)


def preserving(g, x, count):
    """Operators that keep type and shape."""
    for _ in range(count):
        if g.chance(0.5):
            name = g.choose(["Relu", "Tanh", "Sigmoid", "Neg", "Abs", "Erf", "Sin"])
            bound, slope, _ = SMOOTH[name]
            x = g.node(name, [x], [g.real(x.dtype, x.dims, bound(x.bound), x.grain if name in ("Relu", "Neg", "Abs") else None,
                                          slope * x.error + 16e-7)])
        else:
            others = g.available(lambda value: value.dtype == x.dtype and value.rank <= x.rank and all(
                a == b or a == g.same(1) for a, b in zip(value.dims[::-1], x.dims[::-1])))
            y = g.choose(others) if others and g.chance(0.7) else g.constant(np.array(0.5, x.dtype), hidden=True)
            name = g.choose(["Add", "Sub", "Mul", "Max"])
            x = g.node(name, [x, y], [g.real(x.dtype, x.dims, *arithmetic(x, y, name))])
    return x


def settled(g, x, bound):
    """Within a bound again, so that the next turn may start from it."""
    low, high = (g.constant(np.array(sign * bound, x.dtype), hidden=True) for sign in (-1, 1))
    return g.node("Clip", [x, low, high], [g.real(x.dtype, x.dims, bound, x.grain, x.error)])


def condition(g):
    found = g.available(lambda value: value.dtype == BOOL and not value.dims)
    if found and g.chance(0.6):
        return g.choose(found)
    if g.chance(0.5):
        wide = g.available(lambda value: value.dtype == BOOL and value.rank and not value.hasZero())
        if wide:
            x = g.choose(wide)
            number = g.node("Cast", [x], [g.plain(np.dtype(np.int32), x.dims, 1)], to=TensorProto.INT32)
            most = g.node("ReduceMax", [number], [g.plain(np.dtype(np.int32), [], 1)], keepdims=0)
            return g.node("Cast", [most], [g.plain(BOOL, [])], to=TensorProto.BOOL)
    return g.input(BOOL, [])


def summary(g):
    """One number for something that the body computed."""
    found = [value for value in g.values if value.dtype == F32 and value.rank and not value.hasZero()]
    if not found:
        return g.constant(np.array(1.5, np.float32), hidden=True)
    x = g.choose(found)
    return g.node("ReduceMax", [x], [g.real(F32, [], x.bound, x.grain, x.error)], keepdims=0)


def joined(values, results):
    for result, options in zip(results, values):
        result.bound = max(option.bound for option in options)
        result.error = max(option.error for option in options)
        grains = [option.grain for option in options]
        result.grain = None if None in grains else min(grains)
    return results


def branch(g):
    x = g.pick(lambda value: value.isReal)
    test = condition(g)
    bodies, ends = [], []
    for _ in range(2):
        inner = body(g)
        inner.grow(inner, inner.whole(0, 4))
        last = preserving(inner, x, inner.whole(0, 3))
        if last is x:
            last = inner.node("Identity", [x], [inner.like(x)])
        ends.append([last, summary(inner)])
        bodies.append(finished(inner, [], ends[-1]))
    results = joined(list(zip(*ends)), [g.like(x), Value("", F32, [])])
    for inner in ends:
        g.used.add(inner[0].name)
    captured(g, bodies)
    g.node("If", [test], results, then_branch=bodies[0], else_branch=bodies[1])


def captured(g, bodies):
    """What bodies read counts as read."""
    for inner in bodies:
        for node in inner.node:
            g.used.update(node.input)


def trips(g):
    """An operand with the number of turns, and the turns of each data set."""
    if g.chance(0.6):
        count = g.whole(0, 4)
        return g.constant(np.array(count), hidden=True), g.same(count)
    root = g
    while root.parent:
        root = root.parent
    value = Value(root.name("x"), I64, [], 4.0, 1.0)
    data = [np.array(root.whole(0, 4)) for _ in range(g.sets)]
    root.inputs.append((value, data))
    root.values.append(value)
    return value, tuple(int(number) for number in data)


def carried(inner, x):
    state = Value(inner.name("s"), x.dtype, x.dims, x.bound, x.grain, x.error)
    inner.values.append(state)
    return state


def grown(x, end, turns):
    """The error after all turns, from that after one."""
    if end.grain is not None and x.grain is not None and end.grain == x.grain:
        return x.grain, 0.0
    base = max(x.error, 1e-6 * x.bound)
    return None, max(base, end.error) * max(1.0, end.error / base) ** max(max(turns) - 1, 0)


def loop(g):
    x = g.pick(lambda value: value.isReal and value.dtype == F32 and value.bound <= 64)
    count, turns = trips(g)
    inner = body(g)
    index = Value(inner.name("i"), I64, [], 8.0, 1.0)
    go = Value(inner.name("go"), BOOL, [], 1.0, 1.0)
    inner.values += [index]
    state = carried(inner, x)
    if state.grain is None:
        state.error = max(state.error, 1e-6 * state.bound)
    inner.grow(inner, inner.whole(0, 4))
    end = settled(inner, preserving(inner, state, inner.whole(1, 3)), x.bound)
    if inner.chance(0.3):
        last = inner.whole(0, 3)
        limit = inner.constant(np.array(last), hidden=True)
        again = inner.node("Less", [index, limit], [inner.plain(BOOL, [])])
        turns = tuple(min(number, last + 1) for number in turns)
    else:
        again = inner.node("Identity", [go], [inner.plain(BOOL, [])])
    outputs, results = [again, end], []
    grain, error = grown(state, end, turns)
    results.append(g.real(F32, x.dims, x.bound, grain, error))
    scanned = inner.choose([end, index, None])
    if scanned is end and 0 in turns and any(end.fixed(axis) is None for axis in range(end.rank)):
        # ONNX Runtime takes 0 for an extent of what no turn computed.
        scanned = None
    if scanned is not None:
        copy = inner.node("Identity", [scanned], [inner.like(scanned)])
        outputs.append(copy)
        result = Value("", copy.dtype, [turns] + copy.dims, copy.bound, copy.grain, copy.error)
        if scanned is end:
            result = g.real(F32, [turns] + x.dims, x.bound, grain, error)
        results.append(result)
    graph = finished(inner, [(index, True), (go, True), (state, True if 0 in turns else g.chance(0.5))], outputs, 0 in turns or g.chance(0.5))
    captured(g, [graph])
    start = g.choose([None, g.constant(np.array(True), hidden=True)])
    g.node("Loop", [count, start, x], results, body=graph)


def scan(g):
    x = g.pick(lambda value: value.dtype == F32 and 1 <= value.rank <= 3 and value.bound <= 64)
    axis = g.whole(0, x.rank - 1)
    if x.hasZero():
        raise Reject  # ONNX Runtime dies of it
    inner = body(g)
    rest = x.dims[:axis] + x.dims[axis + 1:]
    element = Value(inner.name("e"), F32, rest, x.bound, x.grain, x.error)
    inner.values.append(element)
    states, results, outputs = [], [], []
    if g.chance(0.6):
        shape = [size[0] for size in rest] if all(len(set(size)) == 1 for size in rest) else None
        if shape is None:
            raise Reject
        start = g.weight(F32, *shape)
        state = carried(inner, start)
        inner.grow(inner, inner.whole(0, 3))
        total = inner.node("Add", [state, element], [inner.real(F32, rest, state.bound + x.bound, None if x.grain is None else min(state.grain, x.grain), x.error)])
        end = settled(inner, preserving(inner, total, inner.whole(0, 1)), max(start.bound, 1.0))
        if start.bound < 1:
            raise Reject
        grain, error = grown(state, end, x.dims[axis])
        states, outputs = [(state, start)], [end]
        results.append(g.real(F32, rest, 1.0, grain, error))
    scanned = preserving(inner, element, inner.whole(1, 3))
    outputs.append(inner.node("Identity", [scanned], [inner.like(scanned)]))
    place = g.whole(0, len(rest))
    dims = list(rest)
    dims.insert(place, x.dims[axis])
    if any(state.name in node.input for state, _ in states for node in inner.nodes[-4:]) and scanned.grain is None:
        scanned.error = min(scanned.error * 16, 1e-3)
    results.append(g.real(F32, dims, scanned.bound, scanned.grain, scanned.error))
    graph = finished(inner, [(state, False) for state, _ in states] + [(element, False)], outputs, True)
    captured(g, [graph])
    direction = g.whole(0, 1)
    g.node("Scan", [start for _, start in states] + [x], results, body=graph, num_scan_inputs=1, scan_input_axes=[axis],
           scan_input_directions=[direction], scan_output_axes=[place], scan_output_directions=[g.whole(0, 1)])


EMITTERS = [(branch, 2), (loop, 2), (scan, 1)]
