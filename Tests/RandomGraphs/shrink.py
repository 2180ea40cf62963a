"""Makes a failing case smaller: fewer outputs, fewer nodes, values of the run in place of what computed them."""

import dataclasses

import numpy as np
import onnx
from onnx import helper


def captures(node):
    """All names that a node reads, those of its bodies included."""
    names = set(node.input)
    for attribute in node.attribute:
        for graph in [attribute.g] if attribute.type == onnx.AttributeProto.GRAPH else []:
            for inner in graph.node:
                names |= captures(inner)
    return names


def pruned(case, outputs):
    """The case with these outputs alone: (name, element type, exact, error)."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    needed = {output[0] for output in outputs}
    nodes = []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= captures(node)
    nodes.reverse()
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(name, kind, None) for name, kind, _, _ in outputs)
    kept = [index for index, entry in enumerate(model.graph.input) if entry.name in needed]
    inputs = [model.graph.input[index] for index in kept]
    weights = [entry for entry in model.graph.initializer if entry.name in needed]
    copies = [[type(entry).FromString(entry.SerializeToString()) for entry in group] for group in (nodes, inputs, weights)]
    for field, group in zip((model.graph.node, model.graph.input, model.graph.initializer), copies):
        del field[:]
        field.extend(group)
    return dataclasses.replace(case, model=model, data=[[arrays[index] for index in kept] for arrays in case.data],
                               exact=[entry[2] for entry in outputs], error=[entry[3] for entry in outputs])


def outputsOf(case):
    return [(entry.name, entry.type.tensor_type.elem_type, case.exact[index], case.error[index])
            for index, entry in enumerate(case.model.graph.output)]


def replaced(case, name, values):
    """The case with a value as input."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for node in model.graph.node:
        for index, output in enumerate(node.output):
            if output == name:
                node.output[index] = f"{name}_unused"
    kind = helper.np_dtype_to_tensor_dtype(values[0].dtype)
    shape = [sizes[0] if len(set(sizes)) == 1 else f"{name}_{axis}" for axis, sizes in enumerate(zip(*[value.shape for value in values]))]
    model.graph.input.append(helper.make_tensor_value_info(name, kind, shape))
    changed = dataclasses.replace(case, model=model, data=[arrays + [value] for arrays, value in zip(case.data, values)])
    return pruned(changed, outputsOf(changed))


def shrunk(case, problem, runner, modes, work):
    from check_random_graphs import check, oracle

    def fails(candidates):
        """The first of some candidates that fails, with its problem."""
        if not candidates:
            return None
        problems, _ = check(candidates, runner, modes, work)
        kind = problem.split(":")[0].split(",")[0]
        for candidate, found in zip(candidates, problems):
            if found and found.split(":")[0].split(",")[0] == kind:
                return candidate, found
        return None

    best = (case, problem)
    for index in range(len(case.data)):
        one = dataclasses.replace(best[0], data=[case.data[index]])
        best = fails([one]) or best
        if len(best[0].data) == 1:
            break
    best = fails([pruned(best[0], [entry]) for entry in outputsOf(best[0])]) or best
    for _ in range(12):
        current = best[0]
        names = [name for node in current.model.graph.node for name in node.output if name]
        ends = {entry.name for entry in current.model.graph.output}
        exposed = onnx.ModelProto()
        exposed.CopyFrom(current.model)
        del exposed.graph.output[:]
        exposed.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
        answers = oracle.answer(exposed, current.data)
        if any(isinstance(entry, str) for entry in answers):
            break
        candidates = []
        for position in reversed(range(len(names))):
            values = [np.asarray(entry[position]) for entry in answers]
            if names[position] in ends or isinstance(answers[0][position], list) or values[0].dtype == object:
                continue
            candidates.append(replaced(current, names[position], values))
        smaller = [entry for entry in candidates if len(entry.model.graph.node) < len(current.model.graph.node)]
        smaller.sort(key=lambda entry: len(entry.model.graph.node))
        step = fails(smaller)
        if step is None:
            break
        best = step
    return best
