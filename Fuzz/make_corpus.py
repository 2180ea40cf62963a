#!/usr/bin/env python3
"""Writes the seed corpora of the fuzz targets: small valid files, one folder a target.

    python3 Fuzz/make_corpus.py [--output Fuzz/corpus] [--apus .build/release/apus]

corpus/numpy    .npy files: element types, Fortran order, scalars, empty arrays, big endian, versions
corpus/archive  .npz files: stored, deflated with fixed and dynamic codes, empty
corpus/tensor   TensorProto files: every element type, raw and typed fields, strings, external data
corpus/model    ONNX models under 4 KB that between them use every part of the format
corpus/strings  a byte that picks the language, then an extent, dimension name, program or shapes
corpus/engine   engines of the models, with --apus
corpus/text     optimised graphs of the models as text, with --apus
corpus/syntax   a byte that picks the form, then a model as text
corpus/image    pictures of 7 by 5 pixels in every format that is decoded
Needs numpy, onnx and pillow. The same versions write the same bytes.
"""

import argparse
import io
import pathlib
import subprocess
import tempfile
import zipfile
import zlib

import numpy as np
import onnx
from google.protobuf.json_format import MessageToJson
from PIL import Image
from onnx import TensorProto, helper, numpy_helper

LIMIT = 4096
# Bits of the elements that share bytes.
PACKED = dict(INT4=4, UINT4=4, FLOAT4E2M1=4, INT2=2, UINT2=2)


def numpy_files():
    values = np.arange(6).reshape(2, 3)
    kinds = "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16"
    for kind in kinds.split():
        yield kind.replace("?", "bool"), encoded(values.astype(kind))
    yield "big_endian", encoded(values.astype(">f4"))
    yield "fortran", encoded(np.asfortranarray(values.astype("f4")))
    yield "scalar", encoded(np.array(1.5, "f8"))
    yield "empty", encoded(np.zeros((0, 3), "f4"))
    yield "one_axis", encoded(np.arange(5, dtype="i8"))
    yield "five_axes", encoded(np.ones((1, 2, 1, 2, 1), "u1"))
    for version in (2, 3):
        yield f"version{version}", encoded(values.astype("f4"), (version, 0))


def encoded(array, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version, allow_pickle=False)
    return file.getvalue()


def archive_files():
    values = {"a": encoded(np.arange(6, dtype="f4")), "b": encoded(np.zeros((3, 4), "i8")),
              "text": encoded(np.array(["swift", "é"]))}
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        yield name, zipped(values, method)
    noise = np.random.default_rng(5).integers(0, 9, 300).astype("u1")
    yield "dynamic_codes", zipped({"n": encoded(noise)}, zipfile.ZIP_DEFLATED)
    yield "comment", zipped({"a": values["a"]}, zipfile.ZIP_STORED, b"a comment")
    yield "empty", zipped({}, zipfile.ZIP_STORED)
    for level, name in ((0, "stored_blocks"), (9, "fixed_codes")):
        coder = zlib.compressobj(level, zlib.DEFLATED, -15, 8, zlib.Z_FIXED)
        yield name, wrapped("a.npy", values["a"], coder.compress(values["a"]) + coder.flush())


def zipped(members, method, comment=b""):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), data, method)
    return file.getvalue()


def wrapped(name, data, packed):
    """An archive of one deflated entry, whose stream zipfile would not write this way."""
    name = name.encode()
    common = b"".join(n.to_bytes(size, "little") for n, size in (
        (20, 2), (0, 2), (8, 2), (0, 2), (33, 2), (zlib.crc32(data), 4), (len(packed), 4),
        (len(data), 4), (len(name), 2), (0, 2)))
    local = b"PK\3\4" + common + name + packed
    record = b"PK\1\2" + bytes([20, 0]) + common + bytes(14) + name
    sizes = len(record).to_bytes(4, "little") + len(local).to_bytes(4, "little")
    return local + record + b"PK\5\6" + bytes(4) + b"\1\0\1\0" + sizes + bytes(2)


def string_files():
    languages = [
        ["n", "7", "past_sequence + sequence", "(n - 1)*(m + 2) // 3", "'a b' * 2",
         "min(n, max(4, m))", "-(-n // 2)", "floordiv(n + 1, 2)"],
        ["batch", "batch-size", "n+1", "2*seq", "unk__0"],
        ["(f32, f32) { operand 0; operand 1; add 0 1; relu 2 } -> 3:f32",
         "(i64, bool) { operand 0; operand 1; integer 3; select 1 0 2 } -> 3:i64",
         "(f16) { operand 0; real 1e-05; power 0 1; narrow f16 2; convert integer 3 } -> 3:f16"],
        ["a(b|c)*d+?\naabcd", "^[[:alpha:]]{2,4}\\d\\s$\nab1 ", "(?i)\\p{Greek}[^x-z]\nα"],
        ["x:1x3x224x224,'odd,name':scalar", "1#input*:4x8", "a:b:2", "x:"],
    ]
    for index, texts in enumerate(languages):
        for number, text in enumerate(texts):
            yield f"{index}_{number}", bytes([index]) + text.encode()


def syntax_files():
    text = """<ir_version: 8, opset_import: ["" : 18, "local" : 1], producer_name: "fuzz">
g (float[n, 3] x, bool c) => (float[n, "m"] y)
<float[2, 3] w = {1.5, -2, 3e-1, 0, 5, 6}, int64[1] s = {-1}, string[1] t = {"a\\"b"}> {
  h = Gemm <alpha = 0.5, transB: int = 1> (x, w)
  i = local.Double (h)  # a comment
  y = If (c) <then_branch = a () => (float[n, 2] u) { u = Relu(i) },
              else_branch = b () => (float[n, 2] v) { v = Cast <to = 1, axes = [1, 2]> (i) }>
}
<domain: "local", opset_import: ["" : 18]>
Double <k = 2> (a) => (b) { b = Add (a, a) }
"""
    yield "onnx", b"\x02" + text.encode()
    for name, message in model_files():
        if name in ("branch", "dense", "function", "sparse"):
            yield f"{name}.textproto", b"\x00" + str(message).encode()
            yield f"{name}.json", b"\x01" + MessageToJson(message, indent=None).encode()


def image_files():
    values = np.random.default_rng(3).integers(0, 255, (5, 7, 3)).astype("u1")
    picture = Image.fromarray(values)
    kinds = [("png", picture, {}), ("grey.png", picture.convert("L"), {}),
             ("palette.png", picture.convert("P"), {}), ("bits.png", picture.convert("1"), {}),
             ("alpha.png", picture.convert("RGBA"), {}), ("bmp", picture, {}),
             ("palette.bmp", picture.convert("P"), {}), ("ppm", picture, {}),
             ("pgm", picture.convert("L"), {}), ("pbm", picture.convert("1"), {}),
             ("jpg", picture, dict(quality=60)), ("grey.jpg", picture.convert("L"), {}),
             ("progressive.jpg", picture.resize((19, 17)), dict(progressive=True, quality=40)),
             ("whole.jpg", picture, dict(subsampling=0, restart_marker_blocks=1)),
             ("tiff", picture, {}), ("lzw.tiff", picture, dict(compression="tiff_lzw")),
             ("bits.tiff", picture, dict(compression="packbits")),
             ("zip.tiff", picture, dict(compression="tiff_adobe_deflate"))]
    for name, image, options in kinds:
        file = io.BytesIO()
        kind = {"jpg": "JPEG", "tiff": "TIFF", "png": "PNG", "bmp": "BMP"}.get(
            name.split(".")[-1], "PPM")
        image.save(file, kind, **options)
        yield name, file.getvalue()


def compiled(apus, models):
    """Engines and graph texts of the models that this build of apus compiles."""
    engines, texts = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, data in models:
            model = pathlib.Path(folder, name)
            engine = model.with_suffix(".engine")
            model.write_bytes(data)
            build = [apus, "build", f"--onnx={model}", f"--saveEngine={engine}"]
            if subprocess.run(build, capture_output=True).returncode != 0:
                continue
            engines.append((engine.name, engine.read_bytes()))
            text = subprocess.run([apus, "inspect", "--text", model], capture_output=True, check=True)
            texts.append((f"{model.stem}.txt", text.stdout))
    return engines, texts


def tensor_files():
    """One file with raw data for each element type, one with its typed field where it has one."""
    for name, kind in TensorProto.DataType.items():
        if name in ("UNDEFINED", "STRING") or name.startswith("FLOAT6"):
            continue
        width = PACKED.get(name)
        size = bytes_of(name, width, 6)
        yield f"{name.lower()}_raw", TensorProto(
            name="t", data_type=kind, dims=[2, 3], raw_data=bytes(i % 2 for i in range(size)))
        field = typed_field(name)
        count = size if width else 12 if name.startswith("COMPLEX") else 6
        yield f"{name.lower()}_field", TensorProto(
            name="t", data_type=kind, dims=[2, 3], **{field: [i % 2 for i in range(count)]})
    yield "string", helper.make_tensor("t", TensorProto.STRING, [2], [b"swift", b"\xc3\xa9"])
    yield "scalar", helper.make_tensor("t", TensorProto.FLOAT, [], [1.0])
    yield "empty", helper.make_tensor("t", TensorProto.INT64, [0, 4], [])
    external = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[2, 3],
                           data_location=TensorProto.EXTERNAL)
    for key, text in (("location", "weights.bin"), ("offset", "64"), ("length", "24")):
        external.external_data.add(key=key, value=text)
    yield "external", external


def bytes_of(name, width, count):
    if width:
        return (count * width + 7) // 8
    if name.startswith(("FLOAT8", "BOOL", "INT8", "UINT8")):
        return count
    sizes = dict(FLOAT=4, DOUBLE=8, FLOAT16=2, BFLOAT16=2, COMPLEX64=8, COMPLEX128=16,
                 INT16=2, UINT16=2, INT32=4, UINT32=4, INT64=8, UINT64=8)
    return count * sizes[name]


def typed_field(name):
    return dict(FLOAT="float_data", COMPLEX64="float_data", DOUBLE="double_data",
                COMPLEX128="double_data", INT64="int64_data", UINT32="uint64_data",
                UINT64="uint64_data").get(name, "int32_data")


def info(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def weight(name, shape):
    count = int(np.prod(shape))
    values = (np.arange(count, dtype=np.float32) % 7 - 3).reshape(shape) / 8
    return numpy_helper.from_array(values, name)


def integers(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(nodes, inputs, outputs, weights=(), opset=18, functions=(), domains=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=functions)


def model_files():
    node = helper.make_node
    x, y = info("x", ["n", 3]), info("y", ["a", "b", "c"])
    yield "identity", model([node("Identity", ["x"], ["y"])], [x], [info("y", ["n", 3])])
    yield "dense", model(
        [node("Gemm", ["x", "w", "b"], ["h"], transB=1), node("Softmax", ["h"], ["y"], axis=-1)],
        [x], [info("y", ["n", 4])], [weight("w", [4, 3]), weight("b", [4])])
    image = info("x", ["n", 2, 6, 6])
    yield "convolution", model(
        [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
         node("BatchNormalization", ["c", "s", "b", "m", "v"], ["d"]),
         node("Relu", ["d"], ["r"]), node("Add", ["r", "x"], ["a"]),
         node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
         node("Flatten", ["p"], ["y"])],
        [image], [info("y", ["n", 18])],
        [weight("w", [2, 2, 3, 3]), weight("s", [2]), weight("b", [2]), weight("m", [2]),
         numpy_helper.from_array(np.ones(2, np.float32), "v")])
    yield "dynamic_reshape", model(
        [node("Shape", ["x"], ["s"]), node("Gather", ["s", "zero"], ["n"], axis=0),
         node("Concat", ["n", "rest"], ["t"], axis=0), node("Reshape", ["x", "t"], ["y"])],
        [x], [y], [integers("zero", [0]), integers("rest", [-1, 1])])
    then = helper.make_graph([node("Neg", ["x"], ["t"])], "then", [], [info("t", ["n", 3])])
    other = helper.make_graph([node("Abs", ["x"], ["e"])], "else", [], [info("e", ["n", 3])])
    yield "branch", model(
        [node("If", ["c"], ["y"], then_branch=then, else_branch=other)],
        [info("c", [], TensorProto.BOOL), x], [info("y", ["n", 3])])
    body = helper.make_graph(
        [node("Identity", ["go"], ["again"]), node("Add", ["v", "v"], ["w"])], "body",
        [info("i", [], TensorProto.INT64), info("go", [], TensorProto.BOOL), info("v", [2])],
        [info("again", [], TensorProto.BOOL), info("w", [2])])
    yield "loop", model(
        [node("Loop", ["trips", "", "x"], ["y"], body=body)], [info("x", [2])], [info("y", [2])],
        [integers("trips", 3)])
    function = helper.make_function(
        "local", "Double", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 18)])
    yield "function", model(
        [node("Double", ["x"], ["y"], domain="local")], [x], [info("y", ["n", 3])],
        functions=[function], domains=["local"])
    yield "constants", model(
        [node("Constant", [], ["k"], value=weight("", [3])),
         node("ConstantOfShape", ["s"], ["z"], value=weight("", [1])),
         node("Where", ["m", "k", "z"], ["y"])],
        [info("m", [3], TensorProto.BOOL)], [info("y", [3])], [integers("s", [3])])
    axes = [integers("starts", [0]), integers("ends", [2**62]), integers("axis", [1])]
    yield "slices", model(
        [node("Slice", ["x", "starts", "ends", "axis"], ["a"]),
         node("Unsqueeze", ["a", "axis"], ["b"]), node("Transpose", ["b"], ["c"], perm=[2, 1, 0]),
         node("Split", ["c"], ["d", "e"], axis=0, num_outputs=2), node("Tile", ["d", "r"], ["y"])],
        [x], [y], [*axes, integers("r", [1, 2, 1])])
    yield "attention", model(
        [node("LayerNormalization", ["x", "s", "b"], ["h"], axis=-1),
         node("MatMul", ["h", "w"], ["q"]), node("Transpose", ["h"], ["t"], perm=[0, 2, 1]),
         node("MatMul", ["q", "t"], ["p"]), node("Softmax", ["p"], ["a"]),
         node("MatMul", ["a", "h"], ["z"]), node("Erf", ["z"], ["y"])],
        [info("x", ["n", "s", 4])], [info("y", ["n", "s", 4])],
        [weight("s", [4]), weight("b", [4]), weight("w", [4, 4])])
    yield "old_opset", model(
        [node("Squeeze", ["x"], ["a"], axes=[0]), node("Clip", ["a"], ["b"], min=0.0, max=6.0),
         node("Upsample", ["b", "k"], ["y"], mode="nearest")],
        [info("x", [1, 1, 1, 2, 2])], [info("y", [1, 1, 4, 4])],
        [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "k")], opset=9)
    sparse = model([node("Identity", ["w"], ["y"])], [], [info("y", [4])])
    sparse.graph.sparse_initializer.append(helper.make_sparse_tensor(
        weight("w", [2]), integers("i", [0, 3]), [4]))
    yield "sparse", sparse
    unknown = model([node("Nowhere", ["x"], ["y"], domain="vendor", key="value", list=[1.5])],
                    [x], [y], domains=["vendor"])
    helper.set_model_props(unknown, {"author": "fuzz"})
    yield "unknown_operator", unknown


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent / "corpus")
    parser.add_argument("--apus", type=pathlib.Path, help="the command that makes engines")
    arguments = parser.parse_args()
    messages = {"tensor": ("pb", tensor_files()), "model": ("onnx", model_files())}
    groups = {
        "numpy": [(f"{name}.npy", data) for name, data in numpy_files()],
        "archive": [(f"{name}.npz", data) for name, data in archive_files()],
        "strings": list(string_files()),
        "syntax": list(syntax_files()),
        "image": list(image_files()),
    }
    for folder, (suffix, items) in messages.items():
        groups[folder] = []
        for name, message in items:
            if folder == "model" and name != "unknown_operator":
                onnx.checker.check_model(message)
            data = message.SerializeToString(deterministic=True)
            groups[folder].append((f"{name}.{suffix}", data))
    if arguments.apus:
        groups["engine"], groups["text"] = compiled(arguments.apus.resolve(), groups["model"])
    for folder, files in groups.items():
        target = arguments.output / folder
        target.mkdir(parents=True, exist_ok=True)
        for name, data in files:
            assert len(data) < LIMIT * 4, f"{name} has {len(data)} bytes"
            (target / name).write_bytes(data)
        print(f"{target.name}: {len(files)} files, {sum(len(d) for _, d in files)} bytes")


if __name__ == "__main__":
    main()
