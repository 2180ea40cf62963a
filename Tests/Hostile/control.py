"""Hostile control flow: what nests, calls itself or goes round for ever."""
from onnx import helper as h
from models import B, F, I, case, const, function, model, save, vi

def nested_if(depth):
    graph = h.make_graph([h.make_node("Identity", ["x"], ["o"])], "b", [], [vi("o")])
    for level in range(depth):
        node = h.make_node("If", ["c"], ["o"], then_branch=graph, else_branch=graph if level < 3 else
                           h.make_graph([h.make_node("Identity", ["x"], ["o"])], "e", [], [vi("o")]))
        graph = h.make_graph([node], "b", [], [vi("o")])
    return model([h.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)],
                 [vi("c", B, ()), vi("x")])

@case("run")
def nested_a_little(d): save(d, nested_if(6))

@case("refuse")
def nested_deep(d): save(d, nested_if(25))

@case("refuse")
def nested_beyond_protobuf(d):
    heads, length = [], 0
    for _ in range(30000):
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            heads.append(tag + varint(length))
            length += len(heads[-1])
    save(d, b"\x08\x0a\x3a" + varint(length) + b"".join(reversed(heads)))

def varint(value):
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value: return bytes(out)

@case("refuse")
def function_bomb(d):
    functions = [function("F0", [h.make_node("Relu", ["x"], ["y"])])]
    for level in range(1, 14):
        names = ["x"] + [f"t{i}" for i in range(9)] + ["y"]
        functions.append(function(f"F{level}", [
            h.make_node(f"F{level - 1}", [a], [b], domain="f") for a, b in zip(names, names[1:])]))
    save(d, model([h.make_node("F13", ["x"], ["y"], domain="f")], [vi("x")], functions=functions,
                  domains=("f",)))

@case("refuse")
def function_recursion(d):
    functions = [function("A", [h.make_node("B", ["x"], ["y"], domain="f")]),
                 function("B", [h.make_node("A", ["x"], ["y"], domain="f")])]
    save(d, model([h.make_node("A", ["x"], ["y"], domain="f")], [vi("x")], functions=functions,
                  domains=("f",)))

def loop(body_nodes, trips, state=(2,), outputs=("c", "s2"), stack=False):
    outs = [vi("c2", B, ()), h.make_tensor_value_info("s2", F, None)]
    names = ["y"]
    if stack:
        outs.append(h.make_tensor_value_info("k", F, None))
        names = ["s", "y"]
    body = h.make_graph([h.make_node("Identity", ["c"], ["c2"])] + body_nodes, "b",
                        [vi("i", I, ()), vi("c", B, ()), h.make_tensor_value_info("s1", F, None)], outs)
    return model([h.make_node("Loop", ["n", "go", "x"], names, body=body)], [vi("x", F, state)],
                 inits=[const("n", trips), const("go", True, bool)])

@case("refuse")
def loop_without_end(d):
    save(d, loop([h.make_node("Neg", ["s1"], ["s2"])], 1 << 62))

@case("run")
def loop_of_many(d):
    save(d, loop([h.make_node("Neg", ["s1"], ["s2"])], 20000))

@case("refuse")
def loop_growing(d):
    save(d, loop([h.make_node("Concat", ["s1", "s1"], ["s2"], axis=0)], 100))

@case("refuse")
def loop_stacking(d):
    save(d, loop([h.make_node("Identity", ["s1"], ["s2"]), h.make_node("Constant", [], ["big"], value_ints=[1 << 20, 2]),
                  h.make_node("Expand", ["s1", "big"], ["k0"]), h.make_node("Exp", ["k0"], ["k"])],
                 1 << 20, stack=True))

@case("refuse")
def loops_in_loops(d):
    inner = h.make_graph([h.make_node("Identity", ["c"], ["c2"]), h.make_node("Neg", ["s1"], ["s2"])], "b",
                         [vi("i", I, ()), vi("c", B, ()), vi("s1")], [vi("c2", B, ()), vi("s2")])
    for level in range(4):
        node = h.make_node("Loop", ["n", "", f"t{level}"], [f"u{level}"], body=inner)
        inner = h.make_graph([h.make_node("Identity", [f"d{level}"], [f"e{level}"]), node], "b",
                             [vi(f"j{level}", I, ()), vi(f"d{level}", B, ()), vi(f"t{level}")],
                             [vi(f"e{level}", B, ()), vi(f"u{level}")])
    save(d, model([h.make_node("Loop", ["n", "", "x"], ["y"], body=inner)], [vi("x")],
                  inits=[const("n", 1 << 40)]))
