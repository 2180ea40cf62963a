"""Official cases moved to the older versions of their operators.

    check_opsets.py SUITE RUNNER [--mode MODE] [--only REGEX] [--list]

SUITE is a folder of cases in the official layout (…/test_name/model.onnx), RUNNER is apus-conformance. A case of one
node is moved to every version of its operator whose schema admits its operands, types and attributes; where meanings
changed between versions, CHANGED says so and the case stays out. --list names the versions that no case reaches.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Versions from which on a case that is moved would mean something else.
CHANGED = {
    "Softmax": 13, "LogSoftmax": 13, "Hardmax": 13,  # flattened before
    "RoiAlign": 16,  # not shifted by half a pixel before
    "GroupNormalization": 21,  # parameters for groups before
    "BatchNormalization": 9,  # trains by default before
    "Dropout": 12,
    "PRelu": 7, "Add": 7, "Sub": 7, "Mul": 7, "Div": 7, "Pow": 7, "And": 7, "Or": 7, "Xor": 7, "Equal": 7,
    "Less": 7, "Greater": 7, "Gemm": 7,  # broadcast only where asked to before
    "Sum": 8, "Max": 8, "Min": 8, "Mean": 8,
    "Resize": 11,
    "Scan": 9,  # batches before
}
# Only type and shape of their results are given.
RANDOM = {"Bernoulli", "RandomUniformLike", "RandomNormalLike"}
PER_VERSION = 6


def histories():
    history = collections.defaultdict(list)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            history[schema.name].append(schema)
    for schemas in history.values():
        schemas.sort(key=lambda schema: schema.since_version)
    return history


def type_name(code):
    return "tensor(" + {TensorProto.FLOAT: "float"}.get(code, TensorProto.DataType.Name(code).lower()) + ")"


def bodiesMove(node, history, own, version):
    """Whether the operators in a node's bodies are the same in both versions."""
    for attribute in node.attribute:
        for inner in attribute.g.node:
            since = [max((s.since_version for s in history[inner.op_type] if s.since_version <= opset), default=0) for opset in (own, version)]
            if since[0] != since[1] or not bodiesMove(inner, history, own, version):
                return False
    return True


def admits(schema, node, inputs):
    given = {attribute.name: attribute.type for attribute in node.attribute}
    if not all(name in schema.attributes and schema.attributes[name].type.value == kind for name, kind in given.items()):
        return False
    if node.op_type == "Pad" and schema.since_version < 19 and any(a.s == b"wrap" for a in node.attribute):
        return False  # a mode of later versions
    if any(attribute.required and attribute.name not in given for attribute in schema.attributes.values()):
        return False
    if not schema.min_input <= len(node.input) <= schema.max_input or len(node.output) > schema.max_output:
        return False
    allowed = {t.type_param_str: t.allowed_type_strs for t in schema.type_constraints}
    for index, name in enumerate(node.input):
        if not name:
            continue
        formal = schema.inputs[min(index, len(schema.inputs) - 1)]
        kind = inputs.get(name)
        if kind is None or type_name(kind) not in allowed.get(formal.type_str, [formal.type_str]):
            return False
    return True


def moved(suite, history, only):
    reached = collections.Counter()
    found = []
    for path in sorted(suite.rglob("model.onnx")):
        if path.parent.name.endswith("_expanded"):
            continue
        model = onnx.load(path)
        if len(model.graph.node) != 1 or model.graph.node[0].domain not in ("", "ai.onnx"):
            continue
        node = model.graph.node[0]
        if node.op_type not in history:
            continue
        opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        inputs = {i.name: i.type.tensor_type.elem_type for i in model.graph.input if i.type.HasField("tensor_type")}
        own = max(s.since_version for s in history[node.op_type] if s.since_version <= opset)
        reached[node.op_type, own] += 1
        for schema in history[node.op_type]:
            version = schema.since_version
            key = (node.op_type, version)
            if version == own or reached[key] >= PER_VERSION or not admits(schema, node, inputs):
                continue
            if not bodiesMove(node, history, opset, version):
                continue
            if version < CHANGED.get(node.op_type, 0) <= own or own < CHANGED.get(node.op_type, 0) <= version:
                continue
            reached[key] += 1
            if not re.search(only, f"{node.op_type}-{version}"):
                continue
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            for entry in copy.opset_import:
                if entry.domain in ("", "ai.onnx"):
                    entry.version = version
            found.append((f"{node.op_type}-{version} {path.parent.name}", copy, path.parent / "test_data_set_0"))
    return found, reached


def same(found, expected, random):
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(same, found, expected, [random] * len(found)))
    if expected is None or found is None:
        return expected is found
    if random:
        return found.dtype == expected.dtype and found.shape == expected.shape
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return False
    if expected.dtype.kind in "fc":
        return np.allclose(found, expected, rtol=1e-3, atol=1e-5, equal_nan=True)
    if expected.dtype.kind in "biuOSU":
        return bool((found == expected).all())
    return np.allclose(found.astype(np.float64), expected.astype(np.float64), rtol=2**-6, atol=1e-5, equal_nan=True)


def value(path, type):
    """A tensor, a list of tensors, or None for an optional that is empty."""
    if type.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(path.read_bytes()))
    if type.HasField("optional_type"):
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(path.read_bytes()))
    return numpy_helper.to_array(TensorProto.FromString(path.read_bytes()))


def isRandom(model):
    node = model.graph.node[0]
    return node.op_type in RANDOM or node.op_type == "Dropout" and len(node.input) > 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("runner")
    parser.add_argument("--mode", default="reference")
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    history = histories()
    cases, reached = moved(options.suite, history, options.only)
    if options.list:
        print("not reached:", ", ".join(
            f"{name}-{schema.since_version}" for name in sorted(history) for schema in history[name]
            if not reached[name, schema.since_version]))
    folder = pathlib.Path(tempfile.mkdtemp())
    for index, (_, model, data) in enumerate(cases):
        target = folder / str(index)
        target.mkdir()
        onnx.save(model, target / "model.onnx")
        (target / "test_data_set_0").symlink_to(data)
    batch = folder / "batch.txt"
    batch.write_text("".join(f"{folder / str(i)}\t{folder / 'out' / str(i)}\n" for i in range(len(cases))))
    run = subprocess.run([options.runner, "--mode", options.mode, "--batch", str(batch)], capture_output=True, text=True)
    messages = {}
    for line in run.stdout.splitlines():
        if line.startswith("@@END"):
            fields = line.split("\t")
            messages[int(pathlib.Path(fields[1]).name)] = " ".join(fields[2:])
    failed = 0
    for index, (label, model, data) in enumerate(cases):
        problem = None
        for position, output in enumerate(model.graph.output):
            expected = data / f"output_{position}.pb"
            answer = folder / "out" / str(index) / "test_data_set_0" / expected.name
            try:
                if not answer.exists():
                    problem = messages.get(index, "no answer")
                elif not same(value(answer, output.type), value(expected, output.type), isRandom(model)):
                    problem = f"{expected.stem} differs"
            except Exception as error:
                problem = f"unreadable: {error}"
        if problem:
            failed += 1
            print("FAIL", label + ":", problem)
    print(f"{len(cases)} cases, {failed} failed ({options.mode})")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
