#!/usr/bin/env python3
"""Writes docs/operators.md: operators, versions, element types, and which have kernels of their own.

    support_matrix.py --apus APUS --runner APUS_CONFORMANCE --suite SUITE [--check]

Nothing in the table is declared by hand. Names come from `apus operators`, versions from ONNX's schemas. Cases of
one node in the official suite are moved to every element type that the schema admits for their operands and run: a type
counts where a case runs. An operator has a kernel where the optimised plan of a case in 32-bit floats, 64-bit integers
and booleans evaluates no node by definition.
--check compares with the file and exits 1 where it is not current.
"""

import argparse
import collections
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs/operators.md"
CASES_PER_OPERATOR = 6
# What kernels compute with; containers have element type 0.
LANES = {0, TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL}
ORDER = ["float", "double", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
         "uint64", "bool", "string", "complex64", "complex128", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
         "float8e5m2fnuz", "float8e8m0", "float4e2m1", "int4", "uint4", "int2", "uint2"]
SHORT = {"float": "f32", "double": "f64", "float16": "f16", "bfloat16": "bf16"}
GROUPS = [
    ("ints", ["int8", "int16", "int32", "int64"]), ("uints", ["uint8", "uint16", "uint32", "uint64"]),
    ("complex", ["complex64", "complex128"]),
    ("float8", ["float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"]),
    ("4-bit ints", ["int4", "uint4"]), ("2-bit ints", ["int2", "uint2"]),
]


def code_of(name):
    return TensorProto.DataType.Value(name.upper())


def schemas():
    history = collections.defaultdict(list)
    for schema in onnx.defs.get_all_schemas_with_history():
        history[schema.domain, schema.name].append(schema)
    return {key: sorted(found, key=lambda schema: schema.since_version) for key, found in history.items()}


def single_nodes(suite):
    """The cases of one node without subgraphs, small ones first, by operator."""
    cases = collections.defaultdict(list)
    for path in sorted(suite.glob("*/*/model.onnx")):
        if path.stat().st_size > 100_000:
            continue
        model = onnx.load(path)
        if len(model.graph.node) != 1 or len(model.functions) > 0:
            continue
        node = model.graph.node[0]
        if not any(attribute.HasField("g") for attribute in node.attribute):
            cases[node.domain, node.op_type].append((path.stat().st_size, path.parent, model))
    return {key: sorted(found, key=lambda case: case[0]) for key, found in cases.items()}


def type_variables(schema, node):
    """The type variable of each operand and result that stands for a tensor type."""
    def spread(formal, names):
        variables = {}
        for index, name in enumerate(names):
            parameter = formal[min(index, len(formal) - 1)]
            if name:
                variables[name] = parameter.type_str
        return variables
    return spread(schema.inputs, node.input) if schema.inputs else {}, spread(schema.outputs, node.output)


def tensor_types(schema, variable):
    for constraint in schema.type_constraints:
        if constraint.type_param_str == variable:
            return [kind[len("tensor("):-1] for kind in constraint.allowed_type_strs if kind.startswith("tensor(")]
    return [variable[len("tensor("):-1]] if variable.startswith("tensor(") else []


def converted(array, name):
    if name == "string":
        return np.array([str(value) for value in array.ravel()], object).reshape(array.shape)
    target = helper.tensor_dtype_to_np_dtype(code_of(name))
    if array.dtype == object:
        array = np.arange(array.size).reshape(array.shape)
    if np.iscomplexobj(array) and target.kind != "c":
        array = array.real
    if target.kind in "iu" or "int" in target.name:
        low, high = (0, 1) if target.name.startswith("uint") else (-1, 1)
        return np.clip(np.nan_to_num(array.astype(np.float64)), low * 100, high * 100).astype(np.int64).astype(target)
    return np.asarray(array).astype(target)


def moved(case, model, schema, variable, name, folder):
    """The case with one type variable bound to another type; False where its data does not tell the types."""
    node = model.graph.node[0]
    inputs, outputs = type_variables(schema, node)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    bound = {key for key, value in {**inputs, **outputs}.items() if value == variable}
    for value in [*copy.graph.input, *copy.graph.output]:
        if value.name in bound:
            if value.type.WhichOneof("value") != "tensor_type":
                return False
            value.type.tensor_type.elem_type = code_of(name)
    for initializer in copy.graph.initializer:
        if initializer.name in bound:
            initializer.CopyFrom(numpy_helper.from_array(
                converted(numpy_helper.to_array(initializer), name), initializer.name))
    opset = max(schema.since_version, next((o.version for o in copy.opset_import if o.domain == node.domain), 1))
    for entry in copy.opset_import:
        if entry.domain == node.domain:
            entry.version = opset
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    onnx.save(copy, folder / "model.onnx")
    fed = [value for value in copy.graph.input if value.name not in {i.name for i in copy.graph.initializer}]
    for index, value in enumerate(fed):
        source = case / "test_data_set_0" / f"input_{index}.pb"
        content = source.read_bytes()
        if value.name in bound:
            tensor = onnx.load_tensor(source)
            content = numpy_helper.from_array(converted(numpy_helper.to_array(tensor), name)).SerializeToString()
        (data / f"input_{index}.pb").write_bytes(content)
    return True


def run(runner, mode, folders, work):
    listing = work / f"{mode}.list"
    listing.write_text("".join(f"{folder}\t{work / 'out'}\n" for folder in folders))
    result = subprocess.run([runner, "--mode", mode, "--batch", listing], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{runner} ended with {result.returncode}: {result.stderr[-2000:]}")
    answers = {}
    for line in result.stdout.splitlines():
        if line.startswith("@@END\t"):
            _, folder, status, _, message = line.split("\t")
            answers[folder] = (status, message)
    return answers


def spelled(types, admitted):
    if set(types) >= set(admitted):
        prefix = "" if len(admitted) <= 4 else "all: "
    else:
        prefix = ""
    left, words = [name for name in ORDER if name in types], []
    for word, members in GROUPS:
        if all(name in left for name in members):
            at = left.index(members[0])
            left = [name for name in left if name not in members or name == members[0]]
            left[at if at < len(left) and left[at] == members[0] else left.index(members[0])] = word
    words = [SHORT.get(name, name) for name in left]
    return prefix + ", ".join(words)


def versions(found, since, newest=28):
    numbers = [schema.since_version for schema in found if schema.since_version <= newest]
    return ", ".join(map(str, numbers)) if numbers else str(since)


class Matrix:
    def __init__(self, arguments, work):
        self.work, self.runner = work, arguments.runner
        listing = subprocess.run([arguments.apus, "operators", "--json"], check=True, capture_output=True, text=True)
        self.known = [entry for entry in json.loads(listing.stdout) if not entry["custom"]]
        self.schemas = schemas()
        self.cases = single_nodes(arguments.suite)
        self.types = self.find_types()
        self.kernels = self.find_kernels()

    def find_types(self):
        wanted, answers, numbers = {}, collections.defaultdict(set), itertools.count()
        for key, cases in self.cases.items():
            for schema in self.schemas.get(key, [])[-1:]:
                for _, case, model in cases[:CASES_PER_OPERATOR]:
                    inputs, _ = type_variables(schema, model.graph.node[0])
                    for variable in set(inputs.values()):
                        for name in tensor_types(schema, variable):
                            folder = self.work / "types" / f"{next(numbers)}"
                            try:
                                if moved(case, model, schema, variable, name, folder):
                                    wanted[str(folder)] = (key, variable, name)
                            except (TypeError, ValueError, onnx.checker.ValidationError):
                                continue
        for folder, (status, _) in run(self.runner, "reference", wanted, self.work).items():
            if status == "OK":
                key, variable, name = wanted[folder]
                answers[key, variable].add(name)
        return answers

    def find_kernels(self):
        folders = {str(case): key for key, cases in self.cases.items() for _, case, model in cases
                   if all(value.type.tensor_type.elem_type in LANES for value in model.graph.input)}
        verdicts = collections.defaultdict(set)
        for folder, (status, message) in run(self.runner, "optimized", folders, self.work).items():
            if status == "OK":
                verdicts[folders[folder]].add(not message)
        return verdicts

    def row(self, entry):
        key = entry["domain"], entry["name"]
        found = self.schemas.get(key, [])
        cells = []
        for schema in found[-1:]:
            used = []
            for formal in [*schema.inputs, *schema.outputs]:
                if formal.type_str not in used:
                    used.append(formal.type_str)
            for variable in used:
                types = self.types.get((key, variable))
                if types and not variable.startswith("tensor("):
                    cells.append(f"{variable}: {spelled(types, tensor_types(schema, variable))}")
        kernel = {frozenset([True]): "yes", frozenset([False]): "–", frozenset([True, False]): "partly"}.get(
            frozenset(self.kernels.get(key, ())), "–" if found else "")
        return f"| {entry['name']} | {versions(found, entry['since'])} | {'; '.join(cells)} | {kernel} |"

    def page(self):
        titles = {"": "ONNX (`ai.onnx`)", "ai.onnx.ml": "Classical machine learning (`ai.onnx.ml`)"}
        parts = [INTRODUCTION]
        domains = sorted({entry["domain"] for entry in self.known})
        for domain in domains:
            rows = [self.row(entry) for entry in self.known if entry["domain"] == domain]
            parts.append(f"\n## {titles.get(domain, f'`{domain}`')}\n\n{len(rows)} operators.\n")
            parts.append("| operator | versions | element types | kernel |\n|---|---|---|---|")
            parts += rows
        return "\n".join(parts) + "\n"


INTRODUCTION = """# Operators

Written by `Scripts/support_matrix.py`; the test script checks that it is current.

**Versions** are the opsets that changed the operator; models of any opset up to the newest are read. **Element types**
were run: the cases of the official suite for the operator, moved to each type that ONNX admits for it (by type
variable of the operands; operators with subgraphs or containers have none listed). **Kernel** says whether the
optimised plan runs the operator's cases by CPU kernels, by views or at build time (yes), some of them (partly) or by the
operator's definition (–), which is exact and slow. Kernels take 32-bit floats, and 64-bit integers and booleans where
they only move data."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--suite", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        page = Matrix(arguments, pathlib.Path(work)).page()
    if not arguments.check:
        PAGE.write_text(page)
        return
    if PAGE.read_text() == page:
        return print(f"{PAGE.name} is current")
    for old, new in zip(PAGE.read_text().splitlines(), page.splitlines()):
        if old != new:
            print(f"- {old}\n+ {new}")
    sys.exit(f"docs/{PAGE.name} is not current: run Scripts/support_matrix.py")


main()
