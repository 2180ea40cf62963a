"""Models that no importer should trust: name -> (folder maker). Each maker writes model.onnx (and what
belongs to it) into a folder and says what may happen: 'refuse' (a typed error), 'run' (exit code 0), or
'any' (either, but no trap)."""
import os
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

F, I, B, S = T.FLOAT, T.INT64, T.BOOL, T.STRING
CASES = {}


def case(expect):
    def add(function):
        CASES[function.__name__] = (expect, function)
        return function
    return add


def vi(name, kind=F, shape=(2,)):
    return h.make_tensor_value_info(name, kind, shape)


def const(name, values, kind=np.int64):
    return nh.from_array(np.asarray(values, kind), name)


def model(nodes, inputs=(), outputs=(("y", F, None),), inits=(), functions=(), opset=20, domains=()):
    outs = [h.make_tensor_value_info(n, k, s) for n, k, s in outputs]
    graph = h.make_graph(nodes, "g", list(inputs), outs, list(inits))
    imports = [h.make_opsetid("", opset)] + [h.make_opsetid(d, 1) for d in domains]
    return h.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10)


def save(folder, proto):
    with open(os.path.join(folder, "model.onnx"), "wb") as f:
        f.write(proto if isinstance(proto, bytes) else proto.SerializeToString())


def small():
    w = np.arange(12, dtype=np.float32).reshape(3, 4)
    return model([h.make_node("MatMul", ["x", "w"], ["a"]), h.make_node("Relu", ["a"], ["y"])],
                 [vi("x", F, (2, 3))], inits=[nh.from_array(w, "w")])


@case("run")
def plain(d): save(d, small())

@case("refuse")
def empty(d): save(d, b"")

@case("refuse")
def text(d): save(d, b"this is no model\n" * 10)

@case("refuse")
def absurd_length(d): save(d, b"\x08\x0a\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")

@case("refuse")
def long_varint(d): save(d, b"\x08" + b"\xff" * 40)

for cut in (0.1, 0.5, 0.9, 0.99):
    def truncated(d, cut=cut):
        data = small().SerializeToString()
        save(d, data[:int(len(data) * cut)])
    CASES[f"truncated_{cut}"] = ("any", truncated)

for seed in range(60):
    def flipped(d, seed=seed):
        rng = np.random.default_rng(seed)
        data = bytearray(small().SerializeToString())
        for _ in range(1 + seed % 5):
            data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        save(d, bytes(data))
    CASES[f"flipped_{seed}"] = ("any", flipped)

@case("refuse")
def cycle(d):
    save(d, model([h.make_node("Add", ["x", "b"], ["a"]), h.make_node("Relu", ["a"], ["b"]),
                   h.make_node("Neg", ["b"], ["y"])], [vi("x")]))

@case("refuse")
def defined_twice(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"]), h.make_node("Neg", ["x"], ["y"])], [vi("x")]))

@case("refuse")
def input_twice(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x"), vi("x")]))

@case("refuse")
def initializer_twice(d):
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[const("w", [1.0], np.float32)] * 2))

@case("refuse")
def no_graph(d):
    save(d, onnx.ModelProto(ir_version=8))

@case("refuse")
def no_outputs(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x")], outputs=()))

@case("refuse")
def wrong_element(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x", S)]))

@case("refuse")
def wrong_attribute_type(d):
    save(d, model([h.make_node("Softmax", ["x"], ["y"], axis="one")], [vi("x")]))

@case("refuse")
def unknown_operator(d):
    save(d, model([h.make_node("Sofmtax", ["x"], ["y"])], [vi("x")]))

@case("refuse")
def unknown_domain(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"], domain="acme")], [vi("x")], domains=("acme",)))

@case("refuse")
def opset_from_the_future(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x")], opset=2**31))

@case("refuse")
def huge_dimensions(d):
    save(d, model([h.make_node("ConstantOfShape", ["s"], ["y"])], inits=[const("s", [1 << 40, 1 << 40])]))

@case("refuse")
def large_dimensions(d):
    save(d, model([h.make_node("ConstantOfShape", ["s"], ["a"]), h.make_node("Exp", ["a"], ["b"]),
                   h.make_node("Add", ["b", "x"], ["y"])], [vi("x", F, (1,))], inits=[const("s", [1 << 36])]))

@case("refuse")
def negative_dimensions(d):
    save(d, model([h.make_node("ConstantOfShape", ["s"], ["y"])], inits=[const("s", [-5])]))

@case("refuse")
def overflowing_dimensions(d):
    save(d, model([h.make_node("Reshape", ["x", "s"], ["y"])], [vi("x")],
                  inits=[const("s", [1 << 62, 1 << 62, 4, 0])]))

@case("any")
def negative_input(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x", F, (-4, 2))]))

@case("any")
def overflowing_input(d):
    save(d, model([h.make_node("Flatten", ["x"], ["y"])], [vi("x", F, (1 << 62, 1 << 62))]))

@case("refuse")
def short_initializer(d):
    w = nh.from_array(np.zeros((4, 4), np.float32), "w")
    w.raw_data = w.raw_data[:-3]
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("refuse")
def huge_initializer_shape(d):
    w = T(name="w", data_type=F, dims=[1 << 40, 1 << 40], raw_data=b"1234")
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("refuse")
def initializer_without_data(d):
    w = T(name="w", data_type=F, dims=[1 << 28])
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("refuse")
def unknown_element_type(d):
    w = T(name="w", data_type=4711, dims=[1], raw_data=b"1234")
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

def external(d, location, offset=None, length=None, dims=(4,)):
    w = T(name="w", data_type=F, dims=dims, data_location=T.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            w.external_data.add(key=key, value=str(value))
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("run")
def external_fine(d):
    open(os.path.join(d, "w.bin"), "wb").write(bytes(64))
    external(d, "w.bin", 16, 16)

@case("refuse")
def external_parent(d):
    open(os.path.join(os.path.dirname(d), "secret.bin"), "wb").write(bytes(64))
    external(d, "../secret.bin")

@case("refuse")
def external_absolute(d): external(d, "/etc/passwd")

@case("refuse")
def external_link(d):
    open(os.path.join(os.path.dirname(d), "secret.bin"), "wb").write(bytes(64))
    link = os.path.join(d, "w.bin")
    if not os.path.islink(link): os.symlink("../secret.bin", link)
    external(d, "w.bin")

@case("refuse")
def external_missing(d): external(d, "nowhere.bin")

@case("refuse")
def external_past_the_end(d):
    open(os.path.join(d, "w.bin"), "wb").write(bytes(64))
    external(d, "w.bin", 60, 16)

@case("refuse")
def external_negative(d):
    open(os.path.join(d, "w.bin"), "wb").write(bytes(64))
    external(d, "w.bin", -16, 16)

@case("refuse")
def external_device(d): external(d, "/dev/zero")

@case("refuse")
def external_overflow(d):
    open(os.path.join(d, "w.bin"), "wb").write(bytes(64))
    external(d, "w.bin", (1 << 64) - 8, 1 << 63, dims=(1 << 61,))

def function(name, nodes, domain="f"):
    return h.make_function(domain, name, ["x"], ["y"], nodes,
                           [h.make_opsetid("", 20), h.make_opsetid("f", 1)])

@case("refuse")
def strings_doubling(d):
    body = h.make_graph([h.make_node("Identity", ["c"], ["c2"]), h.make_node("StringConcat", ["s1", "s1"], ["s2"])],
                        "b", [vi("i", I, ()), vi("c", B, ()), vi("s1", S, (1,))], [vi("c2", B, ()), vi("s2", S, (1,))])
    save(d, model([h.make_node("Loop", ["n", "", "x"], ["y"], body=body)], outputs=[("y", S, None)],
                  inits=[const("n", 100), nh.from_array(np.asarray(["ab"], object), "x")]))

@case("refuse")
def folding_bomb(d):
    nodes = [h.make_node("ConstantOfShape", ["s"], ["t0"])]
    for i in range(20):
        nodes.append(h.make_node("Concat", [f"t{i}"] * 4, [f"t{i + 1}"], axis=0))
    nodes.append(h.make_node("Add", ["t20", "x"], ["y"]))
    save(d, model(nodes, [vi("x", F, (1,))], inits=[const("s", [1024])]))

@case("any")
def folding_gigabytes(d):
    save(d, model([h.make_node("ConstantOfShape", ["s"], ["a"]), h.make_node("Exp", ["a"], ["b"]),
                   h.make_node("ReduceSum", ["b"], ["c"]), h.make_node("Add", ["c", "x"], ["y"])],
                  [vi("x", F, (1,))], inits=[const("s", [1 << 29])]))

def huge(name, nodes, inits=(), inputs=None, outputs=(("y", F, None),)):
    CASES[name] = ("refuse", lambda d: save(d, model(nodes, inputs or [vi("x", F, (1, 1, 4, 4))],
                                                     outputs, inits)))

N = 1 << 45
huge("huge_tile", [h.make_node("Tile", ["x", "r"], ["y"])], [const("r", [N, N, 1, 1])])
huge("huge_expand", [h.make_node("Expand", ["x", "r"], ["e"]), h.make_node("Exp", ["e"], ["y"])],
     [const("r", [N, 1, 4, 4])])
huge("huge_pad", [h.make_node("Pad", ["x", "r"], ["y"])], [const("r", [0, 0, N, N, 0, 0, N, N])])
huge("huge_resize", [h.make_node("Resize", ["x", "", "r"], ["y"])], [const("r", [1, 1, 1e9, 1e9], np.float32)])
huge("huge_range", [h.make_node("Range", ["a", "b", "c"], ["y"])],
     [const("a", 0.0, np.float32), const("b", 1e13, np.float32), const("c", 1.0, np.float32)])
huge("endless_range", [h.make_node("Range", ["a", "b", "c"], ["y"])],
     [const("a", 0.0, np.float32), const("b", 1e13, np.float32), const("c", 0.0, np.float32)])
huge("huge_onehot", [h.make_node("OneHot", ["i", "n", "v"], ["y"])],
     [const("i", [0]), const("n", N), const("v", [0, 1], np.float32)])
huge("huge_kernel", [h.make_node("MaxPool", ["x"], ["y"], kernel_shape=[N, N], pads=[N, N, N, N])])
huge("huge_dilation", [h.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], dilations=[1 << 62, 1 << 62],
                                   pads=[1, 1, 1, 1])])
huge("zero_stride", [h.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[0, 0])])
huge("huge_eye", [h.make_node("EyeLike", ["x"], ["y"])], inputs=[vi("x", F, (1, 1, 4, 4))])
huge("huge_topk", [h.make_node("TopK", ["x", "k"], ["y", "i"])], [const("k", [N])])
huge("huge_split", [h.make_node("Split", ["x", "k"], ["y", "z"], axis=3)], [const("k", [N, -N + 4])])
huge("bad_axis", [h.make_node("Softmax", ["x"], ["y"], axis=1 << 40)])
huge("bad_permutation", [h.make_node("Transpose", ["x"], ["y"], perm=[0, 0, 1, 7])])
huge("bad_gather", [h.make_node("Gather", ["x", "k"], ["y"])], [const("k", [-(1 << 63)])])
huge("bad_slice_step", [h.make_node("Slice", ["x", "k", "k", "k", "k"], ["y"])], [const("k", [0])])
huge("einsum_bomb", [h.make_node("Einsum", ["x", "x", "x"], ["y"], equation="abcd,efgh,ijkl->abcdefghijklmnopqrstuvwxyz")])
huge("empty_concat", [h.make_node("Concat", [], ["y"], axis=0)])
huge("conv_groups", [h.make_node("Conv", ["x", "w"], ["y"], group=1 << 40)],
     [const("w", np.zeros((1, 1, 1, 1)), np.float32)])

@case("run")
def integer_corners(d):
    save(d, model([h.make_node("Div", ["a", "b"], ["q"]), h.make_node("Mod", ["a", "b"], ["m"]),
                   h.make_node("Neg", ["a"], ["n"]), h.make_node("Abs", ["a"], ["p"]),
                   h.make_node("Cast", ["f"], ["z"], to=I), h.make_node("Cast", ["x"], ["xi"], to=I),
                   h.make_node("Sum", ["q2"], ["y"])][:6] + [
                   h.make_node("Cast", ["q"], ["q2"], to=F), h.make_node("Sum", ["q2"], ["y"])],
                  [vi("x", F, (1,))],
                  inits=[const("a", [-(1 << 63)]), const("b", [-1]), const("f", [np.nan, np.inf, -np.inf, 1e30],
                                                                          np.float32)]))

@case("any")
def division_by_zero(d):
    save(d, model([h.make_node("Div", ["a", "b"], ["y"])], outputs=[("y", I, None)],
                  inputs=[vi("x", F, (1,))], inits=[const("a", [1, -1]), const("b", [0, 0])]))

@case("any")
def many_nodes(d):
    nodes = [h.make_node("Neg", [f"t{i}" if i else "x"], [f"t{i + 1}"]) for i in range(50000)]
    save(d, model(nodes + [h.make_node("Neg", ["t50000"], ["y"])], [vi("x")]))

@case("refuse")
def high_rank(d):
    save(d, model([h.make_node("Reshape", ["x", "s"], ["y"])], [vi("x")], inits=[const("s", [1] * 100000 + [2])]))

@case("refuse")
def wide_rank_type(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x", F, (1,) * 3000)]))

@case("any")
def long_names(d):
    name = "n" * 5_000_000
    save(d, model([h.make_node("Relu", ["x"], [name]), h.make_node("Neg", [name], ["y"])], [vi("x")]))

@case("refuse")
def nested_types(d):
    inner = h.make_tensor_type_proto(F, (1,))
    for _ in range(20):
        inner = h.make_sequence_type_proto(inner)
    info = onnx.ValueInfoProto(name="x", type=inner)
    save(d, model([h.make_node("SequenceLength", ["x"], ["y"])], [info], outputs=[("y", I, ())]))

@case("refuse")
def regex_bomb(d):
    save(d, model([h.make_node("RegexFullMatch", ["s"], ["y"], pattern="(((((a{1,1000}){1,1000}){1,1000}){1,1000})b)")],
                  [vi("x", F, (1,))], outputs=[("y", B, None)],
                  inits=[nh.from_array(np.asarray(["a" * 1000], object), "s")]))

@case("run")
def regex_backtracking(d):
    save(d, model([h.make_node("RegexFullMatch", ["s"], ["y"], pattern="(a*)*b")],
                  [vi("x", F, (1,))], outputs=[("y", B, None)],
                  inits=[nh.from_array(np.asarray(["a" * 2000], object), "s")]))
