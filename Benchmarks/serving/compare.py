"""Requests per second and latency of Apus and Triton on the same models, in turn.

    compare.py --apus PATH [--triton] [--rounds 3] [--seconds 1] [--resnet FILE] [--only TEXT] [--out FILE]

Server on one core, load generator (load.c) on the other; each figure is the median over the rounds, and in a round the
servers take turns. Triton has no backend for ONNX outside of NVIDIA's images: its side runs the same functions in the
small C++ backend of Tests/Serving/oracle_backend.cpp, which costs it less than a runtime would. "stack" is a request
that does nothing (live) on the same connection; "in process" is `apus bench` of the same file.
"""

import argparse
import datetime
import json
import pathlib
import statistics

import numpy as np
import onnx
from onnx import helper

from common import Bench, PROTOCOLS, http, in_process, machine, median, oracle, request, scratch
import models

CONNECTIONS = (1, 8, 32, 128)


def classifier(width=64):
    weight = np.zeros((width, 10), np.float32)
    weight[np.arange(width), np.arange(width) % 10] = 1
    model = models.graph([helper.make_node("MatMul", ["INPUT0", "weight"], ["OUTPUT0"])], [("INPUT0", "FP32", ["batch", width])],
                         [("OUTPUT0", "FP32", ["batch", 10])], [models.constant("weight", weight)])
    return models.served("classifier", "classifier", [("INPUT0", "FP32", [width])], [("OUTPUT0", "FP32", [10])], model, 32, models.ONE_CPU)


def cases(resnet):
    """name -> (model of the repository, input shapes, runs on Triton)"""
    made = {
        "identity 64 B": (models.identity("identity", batch=32), {"INPUT0": (1, 16)}, True),
        "identity 1 MiB": (models.identity("large", batch=0), {"INPUT0": (1 << 18,)}, True),
        "add_sub": (models.add_sub("add_sub", batch=32, more=models.ONE_CPU), {"INPUT0": (1, 16), "INPUT1": (1, 16)}, True),
        "classifier": (classifier(), {"INPUT0": (1, 64)}, True),
    }
    if resnet:
        graph = onnx.load(resnet, load_external_data=False).graph
        entry = graph.input[0]
        shape = tuple(d.dim_value or 1 for d in entry.type.tensor_type.shape.dim)
        made["ResNet-50"] = (models.Model("resnet50", models.ONE_CPU + 'platform: "onnxruntime_onnx"\nparameters { key: "intra_op_thread_count" value { string_value: "1" } }\n',
                                          None, files={"1/model.onnx": pathlib.Path(resnet).read_bytes()}), {entry.name: shape}, False)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--triton", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--connections", type=lambda s: [int(c) for c in s.split(",")], default=CONNECTIONS)
    parser.add_argument("--resnet", help="a materialised ResNet-50")
    parser.add_argument("--only", default="")
    parser.add_argument("--protocol", action="append", choices=PROTOCOLS)
    parser.add_argument("--flag", action="append", default=[], help="a flag more for apus serve, as --flag=--http-thread-count=1")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    work, clean = scratch()
    bench = Bench(work)
    chosen = {name: case for name, case in cases(arguments.resnet).items() if arguments.only in name}
    # Triton's server starts only with models that all load, so each has a repository of its own.
    repositories = {kind: models.write(work / kind, [m for m, _, both in chosen.values() if both or kind == "apus"])
                    for kind in ("apus", "triton")}
    begin = {"apus": lambda: bench.start("apus", [arguments.apus, "serve", "--threads=1"], repositories["apus"],
                                          arguments.flag)}
    if arguments.triton:
        begin["triton"] = lambda: bench.start("triton", oracle.prepare(), repositories["triton"])
    servers, ended = {kind: start() for kind, start in begin.items()}, {}
    start = {kind: (server.ready_after, server.resident_bytes()) for kind, server in servers.items()}
    lines = [f"{datetime.date.today()}, {machine()}. Server on one core, load generator on another; "
             f"medians of {arguments.rounds} interleaved rounds of {arguments.seconds:g} s.",
             "Triton 2.51 with the stand-in backend of Tests/Serving, which has no runtime behind it." if arguments.triton else "", ""]
    for kind, (seconds, memory) in start.items():
        lines.append(f"- {kind}: ready after {seconds:.2f} s with {len(chosen)} models, {memory >> 20} MiB resident")
    lines += ["", "| model | protocol | c | Apus req/s | p50 µs | p99 µs | Triton req/s | p50 µs | p99 µs | ratio |", "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for line in lines:
        print(line)
    results = []
    nothing = [("stack", "http binary", "http", http("/v2/health/live"), "", True),
               ("stack", "grpc", "grpc", b"", "/inference.GRPCInferenceService/ServerLive", True)]
    asked = [(name, protocol, *request(protocol, model.name, shapes), both) for name, (model, shapes, both) in chosen.items()
             for protocol in PROTOCOLS if not (name in ("identity 1 MiB", "ResNet-50") and protocol == "http json")]
    for name, protocol, mode, content, path, both in [*nothing, *asked]:
        if arguments.protocol and protocol not in arguments.protocol:
            continue
        for connections in arguments.connections:
            runs, over = {kind: [] for kind in servers if both or kind == "apus"}, []
            if name == "ResNet-50" and connections > 8:
                continue
            for _ in range(arguments.rounds):
                for kind in runs:
                    if servers[kind].process.poll() is not None:
                        ended[kind] = ended.get(kind, 0) + 1
                        servers[kind] = begin[kind]()
                    runs[kind].append(bench.load(servers[kind], mode, content, path, connections,
                                                 5 if name == "ResNet-50" else arguments.seconds))
                    if kind == "apus" and connections == 1 and name != "stack":
                        # At the same time, since the machine is not equally fast at all times.
                        _, _, _, bare, bare_path, _ = nothing[mode == "grpc"]
                        stack = bench.load(servers[kind], mode, bare, bare_path, 1, arguments.seconds)
                        over.append(runs[kind][-1]["p50_us"] - stack["p50_us"])
            row = {"model": name, "protocol": protocol, "connections": connections}
            if over:
                row["over_stack_us"] = statistics.median(over)
            for kind, found in runs.items():
                found = [run for run in found if run["errors"] >= 0] or found
                row[kind] = {key: median(found, key) for key in ("per_second", "p50_us", "p99_us")}
                row[kind]["errors"] = max(run["errors"] for run in found)
                row[kind]["spread"] = [min(r["per_second"] for r in found), max(r["per_second"] for r in found)]
            results.append(row)
            lines.append(text_of(row))
            print(lines[-1], flush=True)
    lines += ["", "| model | in process, µs | over HTTP at c=1: p50 less stack less in process | over gRPC |", "|---|--:|--:|--:|"]
    print(*lines[-3:], sep="\n")
    for name, (model, shapes, _) in chosen.items():
        alone = in_process(arguments.apus, repositories["apus"] / model.name / "1/model.onnx", shapes)["median_us"]
        rest = [overhead(results, name, protocol, alone) for protocol in ("http binary", "grpc")]
        lines.append(f"| {name} | {alone:.1f} | {rest[0]} | {rest[1]} |")
        print(lines[-1], flush=True)
    for kind, server in servers.items():
        lines.append(f"\n{kind} at the end: {server.resident_bytes() >> 20} MiB, exit code {server.stop()}"
                     + (f"; it had crashed {ended[kind]} times and was started again" if kind in ended else ""))
        print(lines[-1])
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n")
        arguments.out.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    clean()


def text_of(row):
    cells = [row["model"], row["protocol"], str(row["connections"])]
    for kind in ("apus", "triton"):
        found = row.get(kind)
        if found and found["errors"] == 0:
            cells += [f"{found['per_second']:.0f}", f"{found['p50_us']:.0f}", f"{found['p99_us']:.0f}"]
        else:
            cells += ["errors" if found else "-", "", ""]
    fair = all(row.get(k) and row[k]["errors"] == 0 and row[k]["per_second"] > 0 for k in ("apus", "triton"))
    cells.append(f"{row['apus']['per_second'] / row['triton']['per_second']:.2f}" if fair else "")
    return "| " + " | ".join(cells) + " |"


def overhead(results, name, protocol, alone):
    """What is left of the p50 of one connection after the bare stack in the same round and the model itself."""
    over = next((r.get("over_stack_us") for r in results
                 if (r["model"], r["protocol"], r["connections"]) == (name, protocol, 1)), None)
    return "-" if over is None else f"{over - alone:.0f} µs"


if __name__ == "__main__":
    main()
