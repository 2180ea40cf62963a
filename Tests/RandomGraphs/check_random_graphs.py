"""Random graphs: ONNX Runtime, Apus by definition, as optimised plan and through an engine file.

    check_random_graphs.py RUNNER [--seeds FIRST COUNT] [--modes MODE…] [--keep FOLDER] [-v]

RUNNER is apus-conformance. Integers, truth values, strings and what is computed exactly must be equal; other numbers
may differ by four times the rounding error that the generator derived for them from magnitudes and slopes. Where ONNX
Runtime cannot run a graph, Apus by definition is what the others are compared with; where it crashes or hangs, which
takes no more than its own process, the seed is told. A graph that fails is made smaller and left in FOLDER/SEED.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from graphs import generate
from oracle import CRASHED, HUNG, Oracle

MODES = ["reference", "optimized", "engine"]
oracle = Oracle()


def write(folder, model, data):
    folder.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    for index, arrays in enumerate(data):
        target = folder / f"test_data_set_{index}"
        target.mkdir()
        for position, (entry, array) in enumerate(zip(model.graph.input, arrays)):
            (target / f"input_{position}.pb").write_bytes(numpy_helper.from_array(array, entry.name).SerializeToString())


def tensor(path):
    proto = TensorProto()
    proto.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(proto)


def runApus(runner, mode, folders, work, timeout=600):
    """For each folder the outputs of each data set, or a message; None where the process died in it."""
    messages, left = {}, list(folders)
    while left:
        batch = work / "batch.txt"
        batch.write_text("".join(f"{folder}\t{folder / mode}\n" for folder in left))
        try:
            run = subprocess.run([runner, "--mode", mode, "--batch", str(batch)], capture_output=True, text=True, timeout=timeout)
            output, died = run.stdout, run.returncode != 0
        except subprocess.TimeoutExpired as expired:
            output, died = (expired.stdout or b"").decode(), True
        began = None
        for line in output.splitlines():
            fields = line.split("\t")
            if fields[0] == "@@BEGIN":
                began = pathlib.Path(fields[1])
            elif fields[0] == "@@END":
                messages[pathlib.Path(fields[1])] = " ".join(fields[2:3] + fields[4:])
                began = None
        if began is not None:
            messages[began] = "it crashed or hung"
        done = [folder for folder in left if folder in messages]
        left = [folder for folder in left if folder not in messages]
        if died and not done or not died:
            break
    return messages


def found(folder, mode, index, count):
    paths = [folder / mode / f"test_data_set_{index}" / f"output_{position}.pb" for position in range(count)]
    if not all(path.exists() for path in paths):
        return None
    return [tensor(path) for path in paths]


def difference(expected, actual, exact, error):
    """Why two outputs differ, or none."""
    if expected.dtype != actual.dtype and not {expected.dtype.kind, actual.dtype.kind} <= set("OUS"):
        return f"is {actual.dtype}, not {expected.dtype}"
    if expected.shape != actual.shape:
        return f"has shape {actual.shape}, not {expected.shape}"
    if expected.dtype.kind in "OUS":
        same = [str(a) for a in expected.ravel()] == [b.decode() if isinstance(b, bytes) else str(b) for b in actual.ravel()]
        return None if same else "has other strings"
    if expected.dtype.kind in "iub" or exact:
        if np.array_equal(expected, actual, equal_nan=expected.dtype.kind == "f"):
            return None
        return f"differs where it must be equal, by {np.abs(expected.astype(np.float64) - actual.astype(np.float64)).max():.3g}"
    a, b = expected.astype(np.float64), actual.astype(np.float64)
    with np.errstate(invalid="ignore"):
        good = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= 4 * error)
    return None if good.all() else f"differs by {np.nanmax(np.abs(a - b)):.3g} of {np.nanmax(np.abs(a)):.3g}, allowed are {4 * error:.3g}"


def judge(case, folder, answers, messages, modes):
    """The first problem of a case in words, or none; and whether ONNX Runtime took part."""
    count = len(case.model.graph.output)
    took = False
    for index, expected in enumerate(answers):
        name = "ONNX Runtime"
        took = took or not isinstance(expected, str)
        for mode in modes:
            outputs = found(folder, mode, index, count)
            if outputs is None:
                if isinstance(expected, str) and mode == modes[0]:
                    continue
                if not isinstance(expected, str):
                    return f"{mode}, data set {index}: {messages[mode].get(folder, 'no answer')}", took
                continue
            if isinstance(expected, str):
                # By definition is what the others have to follow.
                expected, name = outputs, mode
                continue
            for position, pair in enumerate(zip(expected, outputs)):
                problem = difference(np.asarray(pair[0]), pair[1], case.exact[position], case.error[position])
                if problem:
                    output = case.model.graph.output[position].name
                    return f"{mode} against {name}, data set {index}: {output} {problem}", took
        for mode in modes:
            if "crashed" in messages[mode].get(folder, ""):
                return f"{mode}: it crashed or hung", took
    return None, took


def check(cases, runner, modes, work):
    """For each case a problem or none, and how many ONNX Runtime took part in."""
    shutil.rmtree(work, ignore_errors=True)
    folders = [work / str(index) for index in range(len(cases))]
    answers = []
    for case, folder in zip(cases, folders):
        write(folder, case.model, case.data)
        answers.append(oracle.answer(case.model, case.data))
        for problem in {entry for entry in answers[-1] if isinstance(entry, str)} & {CRASHED, HUNG}:
            print(f"seed {case.seed}: {problem}", flush=True)
    messages = {mode: runApus(runner, mode, folders, work) for mode in modes}
    judged = [judge(case, folder, result, messages, modes) for case, folder, result in zip(cases, folders, answers)]
    return [problem for problem, _ in judged], sum(took for _, took in judged)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runner")
    parser.add_argument("--seeds", type=int, nargs=2, default=[0, 150], metavar=("FIRST", "COUNT"))
    parser.add_argument("--modes", nargs="+", default=MODES)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    first, count = options.seeds
    failed = took = 0
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary) / "work"
        for start in range(first, first + count, 100):
            cases = [generate(seed) for seed in range(start, min(start + 100, first + count))]
            problems, part = check(cases, options.runner, options.modes, work)
            took += part
            for case, problem in zip(cases, problems):
                if problem:
                    failed += 1
                    print(f"FAIL seed {case.seed}, {len(case.model.graph.node)} nodes: {problem}", flush=True)
                    if options.keep:
                        from shrink import shrunk

                        small, small_problem = shrunk(case, problem, options.runner, options.modes, work)
                        target = options.keep / str(case.seed)
                        shutil.rmtree(target, ignore_errors=True)
                        write(target, small.model, small.data)
                        print(f"  {target}: {len(small.model.graph.node)} nodes: {small_problem}")
                        print("    " + "; ".join(f"{node.op_type}({', '.join(node.input)})" for node in small.model.graph.node)[:800], flush=True)
    print(f"{count} graphs, {failed} failed; ONNX Runtime ran {took} of them")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
