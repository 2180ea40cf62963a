"""More hostile models: what grows while it is computed, structure, and sizes that operators name."""
import os
import numpy as np
import onnx
from models import B, CASES, F, I, N, S, T, case, const, external, function, h, huge, model, nh, save, vi

# Texts, sequences and results whose sizes show only while they are computed.

def texts(name, values):
    return nh.from_array(np.asarray(values, object), name)

@case("refuse")
def strings_doubling_in_a_row(d):
    nodes = [h.make_node("StringConcat", [f"t{i}"] * 2, [f"t{i + 1}"]) for i in range(60)]
    save(d, model(nodes, outputs=[("t60", S, None)], inits=[texts("t0", ["ab"])]))

@case("refuse")
def strings_repeated(d):
    save(d, model([h.make_node("StringConcat", ["a", "b"], ["y"])], outputs=[("y", S, None)],
                  inits=[texts("a", ["x" * 4_000_000]), texts("b", [""] * 2000)]))

@case("refuse")
def strings_by_rank(d):
    save(d, model([h.make_node("StringConcat", ["a", "b"], ["y"])], outputs=[("y", S, None)],
                  inits=[texts("a", [["x"]] * 30000), texts("b", [["y"] * 30000])]))

@case("refuse")
def strings_of_many_parts(d):
    save(d, model([h.make_node("StringSplit", ["a"], ["y", "n"], delimiter=",")], outputs=[("y", S, None)],
                  inits=[texts("a", ["a," * 40000] + ["b"] * 40000)]))

@case("refuse")
def places_of_many_axes(d):
    save(d, model([h.make_node("Reshape", ["x", "s"], ["r"]), h.make_node("NonZero", ["r"], ["y"])],
                  [vi("x", F, (1 << 19,))], outputs=[("y", I, None)], inits=[const("s", [1] * 2000 + [-1])]))

@case("refuse")
def sum_of_many_terms(d):
    save(d, model([h.make_node("Einsum", ["x", "x"], ["y"], equation="ab,cd->")], [vi("x", F, (256, 256))]))

def sequence_loop(d, element, count, shape=(1,)):
    info = onnx.ValueInfoProto(name="s1", type=h.make_sequence_type_proto(h.make_tensor_type_proto(F, None)))
    out = onnx.ValueInfoProto(name="s2", type=info.type)
    body = h.make_graph(
        [h.make_node("Identity", ["c"], ["c2"]), h.make_node(*element), h.make_node("SequenceInsert", ["s1", "e"], ["s2"])],
        "b", [vi("i", I, ()), vi("c", B, ()), info], [vi("c2", B, ()), out])
    save(d, model([h.make_node("SequenceEmpty", [], ["s0"]), h.make_node("Loop", ["n", "", "s0"], ["s"], body=body),
                   h.make_node("SequenceLength", ["s"], ["y"])], [vi("x", F, shape)], outputs=[("y", I, None)],
                  inits=[const("n", count)]))

@case("refuse")
def sequence_of_gigabytes(d): sequence_loop(d, ("Exp", ["x"], ["e"]), 5000, (1 << 19,))

@case("any")
def sequence_of_one_tensor(d): sequence_loop(d, ("Identity", ["x"], ["e"]), 250000)

@case("refuse")
def loops_in_a_row(d):
    nodes = []
    for index in range(40):
        body = h.make_graph([h.make_node("Identity", ["c"], ["c2"]), h.make_node("Neg", ["s1"], ["s2"])], "b",
                            [vi("i", I, ()), vi("c", B, ()), vi("s1")], [vi("c2", B, ()), vi("s2")])
        nodes.append(h.make_node("Loop", ["n", "", f"t{index}" if index else "x"], [f"t{index + 1}"], body=body))
    save(d, model(nodes, [vi("x")], outputs=[("t40", F, None)], inits=[const("n", 100000)]))

@case("refuse")
def loop_of_many_stacks(d):
    names = [f"k{i}" for i in range(50)]
    body = h.make_graph(
        [h.make_node("Identity", ["c"], ["c2"])] + [h.make_node("Exp", ["x"], [n]) for n in names], "b",
        [vi("i", I, ()), vi("c", B, ())], [vi("c2", B, ())] + [h.make_tensor_value_info(n, F, None) for n in names])
    save(d, model([h.make_node("Loop", ["n", ""], [f"o{i}" for i in range(50)], body=body)], [vi("x", F, (1 << 16,))],
                  outputs=[("o0", F, None)], inits=[const("n", 1000)]))

@case("any")
def loop_types_that_settle_late(d):
    # Each level changes the rank of what it hands on, so that its types are found in several rounds.
    inner = h.make_graph([h.make_node("Identity", ["c"], ["c2"]), h.make_node("Unsqueeze", ["s1", "zero"], ["s2"])], "b",
                         [vi("i", I, ()), vi("c", B, ()), h.make_tensor_value_info("s1", F, None)],
                         [vi("c2", B, ()), h.make_tensor_value_info("s2", F, None)])
    for level in range(14):
        nodes = [h.make_node("Identity", [f"d{level}"], [f"e{level}"]),
                 h.make_node("Loop", ["n", "", f"t{level}"], [f"v{level}"], body=inner),
                 h.make_node("Unsqueeze", [f"v{level}", "zero"], [f"u{level}"])]
        inner = h.make_graph(nodes, "b", [vi(f"j{level}", I, ()), vi(f"d{level}", B, ()),
                                          h.make_tensor_value_info(f"t{level}", F, None)],
                             [vi(f"e{level}", B, ()), h.make_tensor_value_info(f"u{level}", F, None)])
    save(d, model([h.make_node("Loop", ["n", "", "x"], ["y"], body=inner)], [vi("x")],
                  inits=[const("n", 1), const("zero", [0])]))

@case("refuse")
def branches_that_fail(d):
    graph = h.make_graph([h.make_node("Sofmtax", ["x"], ["o"])], "b", [], [vi("o")])
    for level in range(14):
        node = h.make_node("If", ["c"], ["o"], then_branch=graph, else_branch=h.make_graph(
            [h.make_node("Identity", ["x"], ["o"])], "e", [], [vi("o")]))
        graph = h.make_graph([node], "b", [], [vi("o")])
    save(d, model([h.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)], [vi("c", B, ()), vi("x")]))

@case("any")
def bodies_in_a_wide_body(d):
    def leaf(): return h.make_graph([h.make_node("Identity", ["x"], ["o"])], "b", [], [vi("o")])
    nodes = [h.make_node("If", ["c"], [f"t{i}"], then_branch=leaf(), else_branch=leaf()) for i in range(8000)]
    nodes.append(h.make_node("Identity", ["t7999"], ["o"]))
    body = h.make_graph(nodes, "w", [], [vi("o")])
    save(d, model([h.make_node("If", ["c"], ["y"], then_branch=body, else_branch=leaf())], [vi("c", B, ()), vi("x")]))

@case("any")
def folding_in_many_places(d):
    nodes, sums = [], []
    for index in range(60):
        nodes += [h.make_node("ConstantOfShape", ["s"], [f"a{index}"], value=h.make_tensor("v", F, [1], [index / 7])),
                  h.make_node("CumSum", [f"a{index}", "axis"], [f"b{index}"]), h.make_node("Add", [f"b{index}", "x"], [f"c{index}"]),
                  h.make_node("ReduceMax", [f"c{index}"], [f"d{index}"], keepdims=0)]
        sums.append(f"d{index}")
    save(d, model(nodes + [h.make_node("Sum", sums, ["y"])], [vi("x", F, (1,))],
                  inits=[const("s", [1 << 20]), const("axis", 0)]))

# Structure

@case("refuse")
def functions_deep(d):
    functions = [function("F0", [h.make_node("Relu", ["x"], ["y"])])]
    functions += [function(f"F{i}", [h.make_node(f"F{i - 1}", ["x"], ["y"], domain="f")]) for i in range(1, 100)]
    save(d, model([h.make_node("F99", ["x"], ["y"], domain="f")], [vi("x")], functions=functions, domains=("f",)))

@case("refuse")
def function_of_constants(d):
    big = nh.from_array(np.arange(1 << 18, dtype=np.float32), "k")
    functions = [function("F", [h.make_node("Constant", [], ["k"], value=h.make_tensor("k", F, big.dims, np.arange(1 << 18))),
                                h.make_node("ReduceMax", ["k"], ["m"], keepdims=0), h.make_node("Add", ["x", "m"], ["y"])])]
    nodes = [h.make_node("F", [f"t{i}" if i else "x"], [f"t{i + 1}"], domain="f") for i in range(3000)]
    save(d, model(nodes, [vi("x")], outputs=[("t3000", F, None)], functions=functions, domains=("f",)))

@case("refuse")
def function_twice(d):
    f = function("F", [h.make_node("Relu", ["x"], ["y"])])
    save(d, model([h.make_node("F", ["x"], ["y"], domain="f")], [vi("x")], functions=[f, f], domains=("f",)))

@case("refuse")
def output_without_node(d):
    save(d, model([h.make_node("Relu", ["x"], ["z"])], [vi("x")]))

@case("any")
def output_twice(d):
    save(d, model([h.make_node("Relu", ["x"], ["y"])], [vi("x")], outputs=[("y", F, None), ("y", F, None)]))

@case("any")
def node_names_twice(d):
    save(d, model([h.make_node("Relu", ["x"], ["a"], name="n"), h.make_node("Neg", ["a"], ["y"], name="n")], [vi("x")]))

@case("refuse")
def self_cycle(d):
    save(d, model([h.make_node("Add", ["x", "y"], ["y"])], [vi("x")]))

@case("refuse")
def mixed_types(d):
    save(d, model([h.make_node("Add", ["x", "k"], ["y"])], [vi("x")], inits=[const("k", [1, 2])]))

@case("refuse")
def operands_missing(d):
    save(d, model([h.make_node("MatMul", ["x"], ["y"])], [vi("x")]))

@case("refuse")
def negative_initializer(d):
    w = T(name="w", data_type=F, dims=[-2, -2], raw_data=bytes(16))
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("refuse")
def long_initializer(d):
    w = T(name="w", data_type=F, dims=[2], raw_data=bytes(64))
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("refuse")
def initializer_with_two_payloads(d):
    w = T(name="w", data_type=F, dims=[2], raw_data=bytes(8), int64_data=[1, 2, 3])
    w.dims[0] = 3
    save(d, model([h.make_node("Relu", ["w"], ["y"])], inits=[w]))

@case("refuse")
def sparse_bomb(d):
    values = nh.from_array(np.ones(1, np.float32), "w")
    sparse = onnx.SparseTensorProto(values=values, indices=nh.from_array(np.zeros(1, np.int64), "i"), dims=[1 << 20, 1 << 20])
    proto = model([h.make_node("Exp", ["w"], ["y"])])
    proto.graph.sparse_initializer.append(sparse)
    save(d, proto)

@case("any")
def attribute_without_value(d):
    node = h.make_node("Softmax", ["x"], ["y"])
    node.attribute.append(onnx.AttributeProto(name="axis"))
    save(d, model([node], [vi("x")]))

@case("refuse")
def attribute_to_nowhere(d):
    node = h.make_node("Softmax", ["x"], ["y"])
    node.attribute.append(onnx.AttributeProto(name="axis", type=onnx.AttributeProto.INT, ref_attr_name="a"))
    save(d, model([node], [vi("x")]))

@case("refuse")
def external_pipe(d):
    # Opening it for reading would wait for a writer.
    path = os.path.join(d, "w.bin")
    if not os.path.exists(path): os.mkfifo(path)
    external(d, "w.bin")

@case("refuse")
def external_folder(d):
    os.makedirs(os.path.join(d, "w.bin"), exist_ok=True)
    external(d, "w.bin")

@case("refuse")
def external_without_place(d): external(d, "")

@case("refuse")
def external_linked_folder(d):
    outside = os.path.join(os.path.dirname(d), "outside")
    os.makedirs(outside, exist_ok=True)
    open(os.path.join(outside, "w.bin"), "wb").write(bytes(64))
    link = os.path.join(d, "sub")
    if not os.path.islink(link): os.symlink("../outside", link)
    external(d, "sub/w.bin")

@case("refuse")
def external_not_a_number(d):
    open(os.path.join(d, "w.bin"), "wb").write(bytes(64))
    external(d, "w.bin", "0x10", "1e3")

@case("refuse")
def groups_of_protobuf(d):
    save(d, b"\x08\x0a" + b"\x0b" * 100000)

# Sizes that operators name themselves.

huge("huge_blocks", [h.make_node("SpaceToDepth", ["x"], ["y"], blocksize=1 << 40)])
huge("zero_blocks", [h.make_node("DepthToSpace", ["x"], ["y"], blocksize=0)])
huge("huge_hidden", [h.make_node("LSTM", ["q", "w", "w"], ["y"], hidden_size=1 << 50)],
     [const("w", np.zeros((1, 4, 1)), np.float32)], [vi("q", F, (2, 1, 1))])
huge("huge_upsampled", [h.make_node("ConvTranspose", ["x", "w"], ["y"], output_shape=[N, N])],
     [const("w", np.zeros((1, 1, 2, 2)), np.float32)])
huge("huge_strides", [h.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[N, N])],
     [const("w", np.zeros((1, 1, 2, 2)), np.float32)])
huge("huge_window", [h.make_node("HannWindow", ["k"], ["y"])], [const("k", N)])
huge("huge_mel", [h.make_node("MelWeightMatrix", ["k", "k", "r", "l", "u"], ["y"])],
     [const("k", 1 << 30), const("r", 16000), const("l", 0.0, np.float32), const("u", 8000.0, np.float32)])
huge("huge_transform", [h.make_node("DFT", ["q", "k"], ["y"])], [const("k", N)], [vi("q", F, (1, 8, 1))])
huge("large_transform", [h.make_node("DFT", ["q", "k", "a"], ["y"], inverse=0, onesided=1)],
     [const("k", 1 << 29), const("a", 1)], [vi("q", F, (1, 8, 1))])
huge("frames_without_step", [h.make_node("STFT", ["q", "k", "", "l"], ["y"])], [const("k", 0), const("l", 4)],
     [vi("q", F, (1, 64, 1))])
huge("huge_random", [h.make_node("RandomNormal", [], ["y"], shape=[N, N])])
huge("large_random", [h.make_node("RandomNormal", [], ["y"], shape=[1 << 33])])
huge("huge_samples", [h.make_node("Multinomial", ["q"], ["y"], sample_size=N)], inputs=[vi("q", F, (1, 4))],
     outputs=(("y", T.INT32, None),))
huge("huge_regions", [h.make_node("RoiAlign", ["x", "r", "i"], ["y"], output_height=1 << 40, output_width=1 << 40)],
     [const("r", [[0, 0, 1, 1]], np.float32), const("i", [0])])
huge("many_region_samples", [h.make_node("RoiAlign", ["x", "r", "i"], ["y"], sampling_ratio=1 << 40)],
     [const("r", [[0, 0, 1, 1]], np.float32), const("i", [0])])
CASES["many_region_samples"] = ("any", CASES["many_region_samples"][1])
huge("endless_regions", [h.make_node("RoiAlign", ["x", "r", "i"], ["y"], sampling_ratio=0, output_height=2, output_width=2)],
     [const("r", [[0, 0, 1e30, 1e30]], np.float32), const("i", [0])])
CASES["endless_regions"] = ("any", CASES["endless_regions"][1])
huge("huge_unpool", [h.make_node("MaxUnpool", ["x", "i", "s"], ["y"], kernel_shape=[2, 2])],
     [const("i", np.zeros((1, 1, 4, 4))), const("s", [1, 1, N, N])])
huge("huge_crop", [h.make_node("CenterCropPad", ["x", "s"], ["y"])], [const("s", [1, 1, N, N])])
huge("huge_columns", [h.make_node("Col2Im", ["q", "s", "k"], ["y"])], [const("s", [N, N]), const("k", [1, 1])],
     [vi("q", F, (1, 1, 4))])
huge("huge_grid", [h.make_node("AffineGrid", ["q", "s"], ["y"])], [const("s", [1, 1, N, N])], [vi("q", F, (1, 2, 3))])
huge("negative_depth", [h.make_node("OneHot", ["i", "n", "v"], ["y"])],
     [const("i", [0]), const("n", -4), const("v", [0, 1], np.float32)])
huge("many_pieces", [h.make_node("SplitToSequence", ["x", "k"], ["s"], axis=3), h.make_node("SequenceAt", ["s", "z"], ["y"])],
     [const("k", [-1, 5]), const("z", 0)])
huge("beyond_a_sequence", [h.make_node("SequenceConstruct", ["x"], ["s"]), h.make_node("SequenceAt", ["s", "z"], ["y"])],
     [const("z", 1 << 62)])
huge("long_scan", [h.make_node("Scan", ["q"], ["y"], num_scan_inputs=1, body=h.make_graph(
    [h.make_node("Identity", ["a"], ["b"])], "b", [vi("a", F, (0,))], [vi("b", F, (0,))]))],
     inputs=[vi("q", F, (1 << 40, 0))])
# Without elements there is nothing to compute.
CASES["long_scan"] = ("any", CASES["long_scan"][1])

@case("refuse")
def tree_with_a_cycle(d):
    node = h.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.5, 0.5, 0.0],
        nodes_modes=["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 2, 0],
        target_treeids=[0], target_nodeids=[2], target_ids=[0], target_weights=[1.0])
    save(d, model([node], [vi("x", F, (1, 1))], domains=("ai.onnx.ml",)))

@case("refuse")
def tree_of_huge_targets(d):
    node = h.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1 << 40, nodes_treeids=[0],
        nodes_nodeids=[0], nodes_featureids=[0], nodes_values=[0.5], nodes_modes=["LEAF"], nodes_truenodeids=[0],
        nodes_falsenodeids=[0], target_treeids=[0], target_nodeids=[0], target_ids=[0], target_weights=[1.0])
    save(d, model([node], [vi("x", F, (1, 1))], domains=("ai.onnx.ml",)))

@case("any")
def picture_bomb(d):
    import struct, zlib
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = b"\0" * (1 + 3 * 8000)
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(row) for _ in range(8000)) + packer.flush()
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8000, 8000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    save(d, model([h.make_node("ImageDecoder", ["p"], ["y"])], outputs=[("y", T.UINT8, None)],
                  inits=[const("p", np.frombuffer(png, np.uint8), np.uint8)]))
