#!/usr/bin/env python3
"""Times Apus and ONNX Runtime in turn on a folder of materialised networks, two threads each.

  compare.py --apus .build/release/apus --nets DIR [--only RE] [--bursts 3] [--out Benchmarks/results/NAME]

Each burst runs ONNX Runtime and then `apus bench` on the same shapes; ratios are of the medians over
all bursts and of the minima. Needs numpy and onnxruntime.
"""
import argparse
import datetime
import glob
import json
import os
import platform
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort

SIZES = dict(batch=1, sequence=128, past_sequence=0, encoder_sequence=64, hint_sequence=16)
SPECIAL = {
    "gpt2_kv": dict(sequence=1, past_sequence=64),
    "gpt2_nocache": dict(sequence=64),
    "t5_decoder_kv": dict(sequence=1, past_sequence=32),
    "t5_decoder_nocache": dict(sequence=32),
}


def extent(dim, sizes):
    if isinstance(dim, int):
        return dim
    names = {n: sizes[n] if n in sizes else sizes["past_sequence"] + sizes["sequence"]
             for n in re.findall(r"[A-Za-z_]\w*", dim)}
    return eval(dim, {"__builtins__": {}}, names)


def value(node, sizes, random):
    shape = [extent(d, sizes) for d in node.shape]
    if "float" in node.type:
        return random.standard_normal(shape).astype(np.float32)
    if "mask" in node.name:
        return np.ones(shape, np.int64)
    if "position" in node.name:
        return np.broadcast_to(np.arange(shape[-1]), shape).astype(np.int64).copy()
    if "type" in node.name:
        return np.zeros(shape, np.int64)
    return random.integers(5, 20000, shape).astype(np.int64)


def burst_ort(session, feeds, seconds):
    session.run(None, feeds)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        session.run(None, feeds)
        times.append((time.perf_counter() - start) * 1000)
    return times


def burst_apus(apus, path, feeds, folder, seconds):
    files, shapes = [], []
    for index, (name, array) in enumerate(feeds.items()):
        file = os.path.join(folder, f"{index}.bin")
        np.ascontiguousarray(array).tofile(file)
        files += ["--loadInputs", f"{name}:{file}"]
        shapes.append(f"{name}:" + "x".join(map(str, array.shape)))
    out = os.path.join(folder, "times.json")
    subprocess.run(
        [apus, "bench", f"--loadEngine={path}", "--shapes=" + ",".join(shapes), *files,
         "--cpuThreads=2", f"--duration={seconds}", "--iterations=5", f"--exportTimes={out}"],
        check=True, capture_output=True)
    return [row["computeMs"] for row in json.load(open(out))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--apus", required=True)
    parser.add_argument("--nets", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--bursts", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--out")
    args = parser.parse_args()
    rows = []
    for path in sorted(glob.glob(os.path.join(args.nets, "*.onnx"))):
        name = os.path.basename(path)[:-5]
        if "." in name or (args.only and not re.search(args.only, name)):
            continue
        sizes = {**SIZES, **SPECIAL.get(name, {})}
        options = ort.SessionOptions()
        options.intra_op_num_threads = 2
        options.log_severity_level = 4
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        random = np.random.default_rng(0)
        feeds = {node.name: value(node, sizes, random) for node in session.get_inputs()}
        theirs, ours = [], []
        with tempfile.TemporaryDirectory() as folder:
            engine = os.path.join(folder, "net.engine")
            subprocess.run(
                [args.apus, "build", f"--onnx={path}", f"--saveEngine={engine}",
                 "--builderOptimizationLevel=0"], check=True, capture_output=True)
            for _ in range(args.bursts):
                theirs += burst_ort(session, feeds, args.seconds)
                ours += burst_apus(args.apus, engine, feeds, folder, args.seconds)
        a, b = statistics.median(theirs), statistics.median(ours)
        rows.append(dict(network=name, ort_median_ms=a, ort_min_ms=min(theirs), apus_median_ms=b,
                         apus_min_ms=min(ours), ratio_median=b / a,
                         ratio_min=min(ours) / min(theirs)))
        print(f"{name:22s} ORT {a:8.2f} / {min(theirs):8.2f}  Apus {b:8.2f} / {min(ours):8.2f}"
              f"  ratio {b / a:5.2f} / {min(ours) / min(theirs):5.2f}", flush=True)
    if args.out:
        cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                    if line.startswith("model name")), platform.machine())
        avx512 = "avx512f" in open("/proc/cpuinfo").read()
        head = (f"{datetime.date.today()}, {cpu}, {os.cpu_count()} cores, "
                f"{'AVX-512' if avx512 else 'AVX2'}, onnxruntime {ort.__version__}, 2 threads, "
                f"{args.bursts} interleaved bursts of {args.seconds} s")
        json.dump(dict(machine=head, rows=rows), open(args.out + ".json", "w"), indent=1)
        with open(args.out + ".md", "w") as file:
            file.write(f"{head}\n\n| network | ORT median / min ms | Apus median / min ms | ratio of "
                       "medians | of minima |\n|---|--:|--:|--:|--:|\n")
            for r in rows:
                file.write(f"| {r['network']} | {r['ort_median_ms']:.2f} / {r['ort_min_ms']:.2f} | "
                           f"{r['apus_median_ms']:.2f} / {r['apus_min_ms']:.2f} | "
                           f"{r['ratio_median']:.2f} | {r['ratio_min']:.2f} |\n")


if __name__ == "__main__":
    main()
