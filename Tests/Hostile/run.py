#!/usr/bin/env python3
"""Runs `apus run` on every hostile model and checks how it ends: never by a signal, within 10 s, with a
typed error where one is due, and within 3 x the bytes on disk + 512 MiB of memory for refused ones
(2 GiB for all).

    Tests/Hostile/run.py --apus .build/release/apus [--only NAME] [--keep FOLDER]"""
import argparse, os, resource, shutil, subprocess, sys, tempfile, time
import numpy as np
import onnx

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from models import CASES
import control, sizes  # add to CASES

MIB = 1 << 20
KINDS = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.INT64: np.int64, onnx.TensorProto.BOOL: np.bool_}


def write_inputs(path, folder):
    """Inputs for the declared shapes, where these are sane."""
    os.makedirs(folder, exist_ok=True)
    try:
        proto = onnx.load(path, load_external_data=False)
    except Exception:
        proto = onnx.ModelProto()
    taken = {i.name for i in proto.graph.initializer}
    for value in proto.graph.input:
        tensor = value.type.tensor_type
        shape = [max(0, d.dim_value) for d in tensor.shape.dim]
        if value.name in taken or tensor.elem_type not in KINDS or np.prod(shape, dtype=float) > 1e6:
            continue
        if len(shape) > 32 or "/" in value.name or len(value.name) > 200 or "\0" in value.name:
            continue
        np.save(os.path.join(folder, value.name + ".npy"), np.ones(shape, KINDS[tensor.elem_type]))


def run(command, limit):
    """(exit code or -signal, seconds, peak RSS bytes, the end of what it printed)"""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   env=dict(os.environ, SWIFT_BACKTRACE="enable=no"))
        deadline = start + limit
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid: break
            if time.monotonic() > deadline:
                process.kill()
                pid, status, usage = os.wait4(process.pid, 0)
                status = 9
                break
            time.sleep(0.005)
        out.seek(0)
        text = out.read().decode("utf8", "replace")
    return os.waitstatus_to_exitcode(status), time.monotonic() - start, usage.ru_maxrss * 1024, text[-300:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", help="leave the models in this folder")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    root = options.keep or tempfile.mkdtemp(prefix="apus-hostile-")
    failed = passed = 0
    for name, (expect, make) in CASES.items():
        if options.only not in name: continue
        folder = os.path.join(root, name)
        os.makedirs(folder, exist_ok=True)
        make(folder)
        path = os.path.join(folder, "model.onnx")
        inputs = os.path.join(folder, "inputs")
        write_inputs(path, inputs)
        disk = sum(os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)
                   if os.path.isfile(os.path.join(folder, f)))
        code, seconds, memory, text = run(
            [options.apus, "run", path, "--inputs", inputs, "--threads", "2"], 20)
        problems = []
        if code < 0: problems.append(f"signal {-code}")
        if code not in (0, 2, 3): problems.append(f"exit code {code}")
        if expect == "refuse" and code == 0: problems.append("it ran")
        if expect == "run" and code != 0: problems.append("it was refused")
        if seconds > 10: problems.append(f"{seconds:.1f} s")
        bound = 2 << 30 if code == 0 else min(3 * disk + 512 * MIB, 2 << 30)
        if memory > bound: problems.append(f"{memory // MIB} MiB, allowed {bound // MIB}")
        if problems:
            failed += 1
            print(f"FAIL {name}: {', '.join(problems)}\n     {text.strip()[-260:]}")
        else:
            passed += 1
            if options.v: print(f"ok   {name} {code} {seconds:.2f} s {memory // MIB} MiB {text.strip()[:150]!r}")
    if not options.keep: shutil.rmtree(root)
    print(f"hostile models: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
