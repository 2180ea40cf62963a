#!/usr/bin/env python3
"""Edited models must load in ONNX Runtime and give what the originals give.

  check_surgeon.py --apus APUS --work DIR [MODEL ...]

Each model is folded and cleaned up, with its own shapes and with fixed ones, with weights inside and
beside it, cut in the middle, and renamed; models of the text forms are made and converted.
"""
import argparse
import os
import subprocess
import sys

import numpy as np
import onnx
import onnx.parser
import onnxruntime
from google.protobuf import json_format, text_format

FAILED = []


def report(name, ok, text):
    print(f"{'ok  ' if ok else 'FAIL'} {name}: {text}")
    if not ok:
        FAILED.append(name)


def apus(arguments, binary, expected=0):
    result = subprocess.run([binary, *arguments], capture_output=True, text=True)
    if result.returncode != expected:
        raise RuntimeError(f"{' '.join(arguments)}: exit {result.returncode}\n"
                           f"{result.stdout}{result.stderr}")
    return result.stdout


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # What is compared is the model, not what ONNX Runtime makes of it.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feeds(runtime, size):
    random = np.random.default_rng(0)
    values = {}
    for item in runtime.get_inputs():
        shape = [d if isinstance(d, int) else size.get(d, 2) for d in item.shape]
        if "float" in item.type:
            values[item.name] = random.standard_normal(shape).astype(np.float32)
        elif "bool" in item.type:
            values[item.name] = np.ones(shape, bool)
        else:
            kind = np.int32 if "int32" in item.type else np.int64
            values[item.name] = random.integers(0, 2, shape).astype(kind)
    return values


def agree(name, first, second, tolerance=1e-4):
    worst = 0.0
    for a, b in zip(first, second):
        if a.shape != b.shape or a.dtype != b.dtype:
            return report(name, False, f"{a.dtype}{a.shape} and {b.dtype}{b.shape}")
        if a.size and a.dtype.kind == "f":
            scale = max(1e-6, float(np.abs(a).max()))
            worst = max(worst, float(np.abs(a - b).max()) / scale)
        elif not np.array_equal(a, b):
            return report(name, False, "integers differ")
    report(name, worst <= tolerance, f"largest relative difference {worst:.2g}")


def nodes(path):
    return len(onnx.load(path, load_external_data=False).graph.node)


def check_network(path, binary, work):
    name = os.path.basename(path).removesuffix(".onnx")
    out = os.path.join(work, name + ".edited.onnx")
    original = session(path)
    size = {"sequence": 5, "encoder_sequence": 5, "total_sequence": 8, "past_sequence": 3, "batch": 2}
    values = feeds(original, size)
    want = original.run(None, values)
    apus(["surgeon", "sanitize", path, "--fold-constants", "--cleanup", "--toposort", "-o", out],
         binary)
    report(f"{name}: nodes", nodes(out) <= nodes(path), f"{nodes(path)} -> {nodes(out)}")
    agree(f"{name}: folded", want, session(out).run(None, values))
    onnx.checker.check_model(out)

    shapes = [f"{key}:[{','.join(map(str, value.shape))}]" for key, value in values.items()]
    apus(["surgeon", "sanitize", path, "--override-input-shapes", *shapes, "--fold-constants",
          "--cleanup", "--save-external-data", "-o", out], binary)
    left = {n.op_type for n in onnx.load(out, load_external_data=False).graph.node}
    report(f"{name}: fixed shapes", "Shape" not in left, f"{nodes(path)} -> {nodes(out)} nodes")
    agree(f"{name}: fixed shapes", want, session(out).run(None, values))
    onnx.checker.check_model(out)

    # Cut at a value that all paths to the first output run through.
    model = onnx.load(path, load_external_data=False)
    cut = middle(model)
    apus(["surgeon", "extract", path, "--outputs", f"{cut}:auto", "-o", out], binary)
    first = session(out)
    head = {i.name: values[i.name] for i in first.get_inputs()}
    between = first.run(None, head)
    tail = os.path.join(work, name + ".tail.onnx")
    output = model.graph.output[0].name
    inputs = [f"{cut}:auto:auto"]
    command = ["surgeon", "extract", path, "--outputs", f"{output}:auto", "-o", tail]
    result = subprocess.run([binary, *command, "--inputs", *inputs], capture_output=True, text=True)
    if result.returncode == 2 and "also depend on" in result.stderr:
        line = result.stderr.split(";")[0]
        inputs += [f"{part}:auto:auto" for part in line.split("'")[1::2]]
        apus([*command, "--inputs", *inputs], binary)
    second = session(tail)
    rest = {i.name: between[0] if i.name == cut else values[i.name] for i in second.get_inputs()}
    agree(f"{name}: cut at {cut}", want[:1], second.run(None, rest))

    item = next(iter(values))
    apus(["surgeon", "rename", path, "--values", f"{item}=renamed", f"{cut}=cut here", "-o", out],
         binary)
    other = {("renamed" if key == item else key): value for key, value in values.items()}
    agree(f"{name}: renamed", want, session(out).run(None, other))
    for file in os.listdir(work):
        if file.startswith(name + "."):
            os.remove(os.path.join(work, file))


def middle(model):
    """The output of a node half way to the first output."""
    makers = {o: n for n in model.graph.node for o in n.output}
    floats = [n for n in model.graph.node if n.op_type in ("Add", "Relu", "MatMul", "Conv", "Mul")]
    needed, pending = set(), [model.graph.output[0].name]
    while pending:
        value = pending.pop()
        if value in makers and value not in needed:
            needed.add(value)
            pending += makers[value].input
    candidates = [n.output[0] for n in floats if n.output[0] in needed]
    return candidates[len(candidates) // 2]


TEXT = """
<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
text (float[N, 4] x, bool flag) => (float[N, 4] y, float[K] z)
<float[4] w = {1, -2.5, 3e-1, 4}, int64[1] k = {3}>
{
  a = Add(x, w)
  [choose] b = If (flag) <
    then_branch = yes () => (float[N, 4] t) { t = Neg(a) },
    else_branch = no () => (float[N, 4] e) { c = Add(w, w)  e = Mul(a, c) }>
  y = local.twice(b)
  z = ConstantOfShape <value = float[1] {2.0}> (k)
}
<opset_import: ["" : 17], domain: "local"> twice (v) => (r) { r = Add(v, v) }
"""


def check_text(binary, work):
    model = onnx.parser.parse_model(TEXT)
    values = {"x": np.arange(8, dtype=np.float32).reshape(2, 4), "flag": np.array(False)}
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, values)
    forms = {
        "onnxtxt": TEXT, "textproto": text_format.MessageToString(model),
        "json": json_format.MessageToJson(model),
    }
    out = os.path.join(work, "text.onnx")
    for ending, text in forms.items():
        path = os.path.join(work, "text." + ending)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        apus(["surgeon", "sanitize", path, "-o", out], binary)
        same = onnx.load(out) == model
        report(f"text form {ending}", same, "the same message" if same else "another message")
        agree(f"text form {ending}", want, session(out).run(None, values))
        if ending != "onnxtxt":
            apus(["surgeon", "sanitize", out, "-o", path], binary)
            parsed = onnx.ModelProto()
            with open(path, encoding="utf-8") as file:
                if ending == "json":
                    json_format.Parse(file.read(), parsed)
                else:
                    text_format.Parse(file.read(), parsed)
            report(f"written as {ending}", parsed == model, "read back")
    apus(["surgeon", "sanitize", out, "--fold-constants", "--cleanup", "-o", out], binary)
    agree("control flow folded", want, session(out).run(None, values))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--apus", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("models", nargs="*")
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    check_text(arguments.apus, arguments.work)
    for model in arguments.models:
        check_network(model, arguments.apus, arguments.work)
    print(f"{len(FAILED)} failed")
    sys.exit(bool(FAILED))


if __name__ == "__main__":
    main()
