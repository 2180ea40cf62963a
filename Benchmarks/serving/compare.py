"""Requests per second and latency of Apus and Triton on the same models, in turn.

    compare.py --apus PATH [--triton [--runtime]] [--rounds 3] [--seconds 1] [--resnet FILE] [--only TEXT] [--out FILE]

Server on one core, load generator (load.c) on the other; each figure is the median over the rounds, and in a round the
servers take turns. Triton has no backend for ONNX outside of NVIDIA's images: its side runs the same functions in the
small C++ backend of Tests/Serving/oracle_backend.cpp, which costs it less than a runtime would. ResNet-50, and with
--runtime all models, run on ONNX Runtime there, in the backend of runtime_backend.cpp. Both servers have to give the
same answers before they are timed. "stack" is a request that does nothing (live) on the same connection; "in process"
is `apus bench` of the same file.
"""

import argparse
import atexit
import datetime
import json
import pathlib
import statistics

import numpy as np
import onnx
from onnx import helper

from common import Bench, HERE, ONE_THREAD, PROTOCOLS, answer, http, in_process, machine, median, oracle, request, scratch
import models

CONNECTIONS = (1, 8, 32, 128)
RUNTIME = "1.31.1"


def classifier(width=64):
    weight = np.zeros((width, 10), np.float32)
    weight[np.arange(width), np.arange(width) % 10] = 1
    model = models.graph([helper.make_node("MatMul", ["INPUT0", "weight"], ["OUTPUT0"])], [("INPUT0", "FP32", ["batch", width])],
                         [("OUTPUT0", "FP32", ["batch", 10])], [models.constant("weight", weight)])
    return models.served("classifier", "classifier", [("INPUT0", "FP32", [width])], [("OUTPUT0", "FP32", [10])], model, 32, models.ONE_CPU)


def network(name, file):
    """A model of the repository from a file whose inputs are FP32, and its input shapes with 1 for what is symbolic."""
    graph = onnx.load(file, load_external_data=False).graph
    types = {number: datatype for datatype, number in models.DATATYPES.items()}
    entries = [[(v.name, types[v.type.tensor_type.elem_type], [d.dim_value or -1 for d in v.type.tensor_type.shape.dim])
                for v in values] for values in (graph.input, graph.output)]
    model = models.served(name, None, *entries, None, 0, models.ONE_CPU + ONE_THREAD, files={"1/model.onnx": pathlib.Path(file).read_bytes()})
    return model, {name: tuple(abs(extent) for extent in dims) for name, _, dims in entries[0]}


def cases(resnet):
    """name -> (model of the repository, input shapes)"""
    made = {
        "identity 64 B": (models.identity("identity", batch=32), {"INPUT0": (1, 16)}),
        "identity 1 MiB": (models.identity("large", batch=0), {"INPUT0": (1 << 18,)}),
        "add_sub": (models.add_sub("add_sub", batch=32, more=models.ONE_CPU), {"INPUT0": (1, 16), "INPUT1": (1, 16)}),
        "classifier": (classifier(), {"INPUT0": (1, 64)}),
    }
    if resnet:
        made["ResNet-50"] = network("resnet50", resnet)
    return made


def runtime():
    """The backend `runtime` for Triton, which is ONNX Runtime."""
    library = oracle.install(f"onnxruntime/capi/libonnxruntime.so.{RUNTIME}", "--no-deps", f"onnxruntime=={RUNTIME}")
    sources = [HERE / "runtime_backend.cpp", HERE / "runtime_api.h", *oracle.STAND_IN[1:]]
    return {"runtime": (sources, (f'-DRUNTIME_LIBRARY="{library}"',))}


def on_runtime(model):
    return models.Model(model.name, model.config.replace('platform: "onnxruntime_onnx"', 'backend: "runtime"'),
                        model.onnx_model, model.versions, model.files)


def largest_difference(servers, chosen):
    """Of the answers to the requests that are timed; ends where they disagree, since their times would not compare."""
    largest = 0.0
    for name, (model, shapes) in chosen.items():
        found, expected = (answer(server, model.name, shapes) for server in servers)
        if found.keys() != expected.keys() or not all(
                found[key].shape == expected[key].shape and np.allclose(found[key], expected[key], 1e-3, 1e-4) for key in found):
            raise SystemExit(f"{name}: the servers answer differently:\n{found}\n{expected}")
        largest = max(largest, *(np.abs(found[key] - expected[key]).max() for key in found))
    return largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--triton", action="store_true")
    parser.add_argument("--runtime", action="store_true", help="ONNX Runtime behind Triton for all models")
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
    atexit.register(clean)
    bench = Bench(work)
    chosen = {name: case for name, case in cases(arguments.resnet).items() if arguments.only in name}
    plain = models.write(work / "apus", [model for model, _ in chosen.values()])
    begin = {"apus": lambda: bench.start("apus", [arguments.apus, "serve", "--threads=1"], plain, arguments.flag)}
    behind = []
    if arguments.triton:
        real = [name for name in chosen if arguments.runtime or name == "ResNet-50"]
        other = models.write(work / "triton", [on_runtime(model) if name in real else model for name, (model, _) in chosen.items()])
        command = oracle.prepare(runtime() if real else None)
        begin["triton"] = lambda: bench.start("triton", command, other)
        behind = [f"ONNX Runtime {RUNTIME} on one thread behind {', '.join(real)}"] if real else []
        if len(real) < len(chosen):
            behind.insert(0, "the stand-in backend of Tests/Serving, which has no runtime behind it")
    servers, ended = {}, {}
    atexit.register(lambda: [server.stop() for server in servers.values()])
    for kind, start in begin.items():
        servers[kind] = start()
    start = {kind: (server.ready_after, server.resident_bytes()) for kind, server in servers.items()}
    lines = [f"{datetime.date.today()}, {machine()}. Server on one core, load generator on another; "
             f"medians of {arguments.rounds} interleaved rounds of {arguments.seconds:g} s.",
             f"Triton 2.51 with {'; '.join(behind)}." if arguments.triton else "", ""]
    for kind, (seconds, memory) in start.items():
        lines.append(f"- {kind}: ready after {seconds:.2f} s with {len(chosen)} models, {memory >> 20} MiB resident")
    if arguments.triton:
        lines.append(f"- their answers differ by at most {largest_difference(servers.values(), chosen):.1e}")
    lines += ["", "| model | protocol | c | Apus req/s | p50 µs | p99 µs | Triton req/s | p50 µs | p99 µs | ratio |", "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for line in lines:
        print(line)
    results = []
    nothing = [("stack", "http binary", "http", http("/v2/health/live"), ""),
               ("stack", "grpc", "grpc", b"", "/inference.GRPCInferenceService/ServerLive")]
    asked = [(name, protocol, *request(protocol, model.name, shapes)) for name, (model, shapes) in chosen.items()
             for protocol in PROTOCOLS if not (name in ("identity 1 MiB", "ResNet-50") and protocol == "http json")]
    for name, protocol, mode, content, path in [*nothing, *asked]:
        if arguments.protocol and protocol not in arguments.protocol:
            continue
        for connections in arguments.connections:
            runs, over = {kind: [] for kind in servers}, []
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
                        _, _, _, bare, bare_path = nothing[mode == "grpc"]
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
    for name, (model, shapes) in chosen.items():
        alone = in_process(arguments.apus, plain / model.name / "1/model.onnx", shapes)["median_us"]
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


def text_of(row):
    cells = [row["model"], row["protocol"], str(row["connections"])]
    for kind in ("apus", "triton"):
        found = row.get(kind)
        if found and found["errors"] == 0:
            cells += [f"{found['per_second']:.{1 if found['per_second'] < 100 else 0}f}", f"{found['p50_us']:.0f}", f"{found['p99_us']:.0f}"]
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
