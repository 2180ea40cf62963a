"""Makes a model and inputs for several data sets out of a seed."""

import dataclasses

import numpy as np
import onnx
from onnx import helper

import control
import elementwise
import movement
import networks
import quantized
import searching
from builder import BOOL, STRING, Graph, Reject, code

FAMILIES = {"elementwise": elementwise.EMITTERS, "movement": movement.EMITTERS, "networks": networks.EMITTERS, "searching": searching.EMITTERS,
            "quantized": quantized.EMITTERS, "control": control.EMITTERS}
# How much of each family a graph has.
PROFILES = [
    {"elementwise": 1, "movement": 1, "searching": 0.5}, {"networks": 4, "elementwise": 1}, {"networks": 2, "movement": 1, "elementwise": 1},
    {"quantized": 3, "elementwise": 1, "networks": 1, "movement": 1}, {"control": 3, "elementwise": 1, "movement": 1},
    {"elementwise": 2, "movement": 1, "networks": 2, "control": 1, "quantized": 1, "searching": 1},
    {"movement": 1, "searching": 1}, {"elementwise": 1},
]
SYMBOLS = [(2, 3), (1, 4), (3, 1), (4, 2), (5, 5), (2, 0), (0, 3), (1, 1)]


@dataclasses.dataclass
class Case:
    seed: int
    model: onnx.ModelProto
    data: list  # for each data set the inputs in order
    exact: list  # for each output whether it must be equal
    error: list  # for each output how far it may be off


def grow(g, count, families=None):
    """Adds about `count` operators; families are a map from names to weights."""
    families = families or {"elementwise": 2, "movement": 1, "networks": 1, "searching": 0.3}
    names = list(families)
    weights = np.array([families[name] for name in names], float)
    for _ in range(count):
        for _ in range(20):
            name = names[g.random.choice(len(names), p=weights / weights.sum())]
            emitters = FAMILIES[name]
            shares = np.array([share for _, share in emitters], float)
            emitter = emitters[g.random.choice(len(emitters), p=shares / shares.sum())][0]
            mark = (len(g.nodes), len(g.initializers), len(g.values), set(g.used))
            try:
                emitter(g)
                break
            except Reject:
                # What it had added already goes.
                g.nodes[mark[0]:], g.initializers[mark[1]:], g.values[mark[2]:], g.used = [], [], inputsOnly(g, mark[2]), mark[3]


def inputsOnly(g, start):
    """Inputs stay where an operator was given up that had asked for them."""
    names = {value.name for value, _ in g.inputs}
    return [value for value in g.values[start:] if value.name in names]


def generate(seed, size=None):
    random = np.random.default_rng(seed)
    sets = int(random.choice([2, 2, 3]))
    g = Graph(random, sets, int(random.choice([18, 19, 20, 21, 22])))
    g.grow = grow
    for name in ["n", "s", "t"][: g.whole(0, 3)]:
        extents = g.choose(SYMBOLS[:5] if g.chance(0.85) else SYMBOLS)
        if extents not in [values[:2] for values in g.symbols.values()]:
            # The third set comes back to the extents of the first.
            g.symbols[name] = (extents * 2)[:sets]
    families = g.choose(PROFILES)
    g.blurred = g.chance(0.1)
    kinds = [np.float32, np.float32, np.float32, np.float64, np.float16, np.int32, np.int64, np.bool_, np.uint8]
    g.input(np.dtype(np.float32), [g.extent() for _ in range(g.choose([2, 3, 4, 4] if "networks" in families else [0, 1, 2, 3]))])
    for _ in range(g.whole(0, 2)):
        kind = np.dtype(g.choose(kinds)) if g.chance(0.97) else STRING
        like = g.choose(g.values).dims if g.chance(0.5) else [g.extent() for _ in range(g.whole(0, 3))]
        g.input(kind, list(like))
    if g.chance(0.1):
        g.values[0].dtype == STRING or g.constant(g.sample(np.dtype(np.float32), [2, 3]))
    grow(g, size or g.whole(2, 18), families)
    return finished(seed, g)


def finished(seed, g):
    made = [value for value in g.values if value.name not in {entry.name for entry, _ in g.inputs} and value.constant is None]
    ends = [value for value in made if value.name not in g.used]
    inner = [value for value in made if value.name in g.used]
    if inner and g.chance(0.4):
        ends.append(g.choose(inner))
    if g.chance(0.05):
        twins = [value for value in g.values if value.name in {entry.name for entry, _ in g.inputs} or value.constant is not None]
        ends.append(g.choose(twins))
    if not ends:
        ends = [g.node("Identity", [g.values[0]], [g.like(g.values[0])])]
    ends = list({value.name: value for value in ends[-8:]}.values())
    if g.chance(0.5):
        g.random.shuffle(ends)
    inputs = [helper.make_tensor_value_info(value.name, code(value.dtype), [None if g.blurred and g.chance(0.5) else g.text(extents) for extents in value.dims])
              for value, _ in g.inputs]
    outputs = [helper.make_tensor_value_info(value.name, code(value.dtype), None) for value in ends]
    graph = helper.make_graph(g.nodes, f"seed{seed}", inputs, outputs, g.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", g.opset)], ir_version=10)
    data = [[arrays[index] for _, arrays in g.inputs] for index in range(g.sets)]
    return Case(seed, model, data, [value.exact or value.dtype in (BOOL, STRING) for value in ends], [value.error for value in ends])
