"""What batching and ensembles give through the server, against what the batch gives in process.

    batching.py --apus PATH [--rounds 3] [--seconds 2] [--width 1024] [--out FILE]

- gain of dynamic batching at 32 connections over one request per execution, against the gain of the same batch with
  `apus bench`; at least 90 % of it is wanted
- the same with queue time-outs set, which must cost nothing
- an ensemble of two steps against its slower step alone, on two cores, so that steps can run side by side: the load
  generator shares the second core, and takes a few per cent of it
"""

import argparse
import datetime
import pathlib
import statistics

import numpy as np
from onnx import helper

from common import Bench, ONE_THREAD, in_process, machine, median, request, scratch
import models

BATCH = 16


def network(name, width, more="", layers=6):
    """Rows through wide layers: the weights are read once for a batch, which is where the gain comes from."""
    generator = np.random.default_rng(1)
    nodes, constants, last = [], [], "INPUT0"
    for i in range(layers):
        constants.append(models.constant(f"w{i}", (generator.standard_normal((width, width)) / width ** 0.5).astype(np.float32)))
        nodes += [helper.make_node("MatMul", [last, f"w{i}"], [f"m{i}"]), helper.make_node("Relu", [f"m{i}"], [f"r{i}"])]
        last = f"r{i}"
    nodes.append(helper.make_node("Identity", [last], ["OUTPUT0"]))
    model = models.graph(nodes, [("INPUT0", "FP32", ["batch", width])], [("OUTPUT0", "FP32", ["batch", width])], constants)
    return models.served(name, None, [("INPUT0", "FP32", [width])], [("OUTPUT0", "FP32", [width])], model, BATCH,
                         models.ONE_CPU + ONE_THREAD + more)


TIMEOUT = "default_queue_policy { timeout_action: REJECT default_timeout_microseconds: 5000000 allow_timeout_override: true } "


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--width", type=int, default=1024, help="of the layers; six have 4 * width * width bytes of weights each")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    width = arguments.width
    work, clean = scratch()
    repository = models.write(work / "repository", [
        network("single", width), network("batched", width, "dynamic_batching { }\n"),
        network("bounded", width, f"dynamic_batching {{ {TIMEOUT} }}\n"),
        network("light", width, "dynamic_batching { }\n", layers=2),
        models.ensemble("chain", [("INPUT0", "FP32", [width])], [("OUTPUT0", "FP32", [width])], [
            ("light", {"INPUT0": "INPUT0"}, {"OUTPUT0": "between"}), ("batched", {"INPUT0": "between"}, {"OUTPUT0": "OUTPUT0"})], batch=BATCH)])
    bench = Bench(work)
    server = bench.start("apus", [arguments.apus, "serve", "--threads=1"], repository)
    runs = {name: [] for name in ("single", "batched", "bounded")}
    alone = {"one": ("single", 1), "many": ("single", BATCH), "light": ("light", BATCH)}
    rows = {name: [] for name in alone}
    for _ in range(arguments.rounds):
        for name, (model, size) in alone.items():
            found = in_process(arguments.apus, repository / model / "1/model.onnx", {"INPUT0": (size, width)}, seconds=arguments.seconds)
            rows[name].append(found["per_second"] * size)
        for name, found in runs.items():
            mode, content, path = request("http binary", name, {"INPUT0": (1, width)})
            found.append(bench.load(server, mode, content, path, 32, arguments.seconds))
    exit_code = server.stop()
    both = Bench(work, server_cores="0,1")
    server = both.start("apus", [arguments.apus, "serve"], repository)
    side_by_side = {"batched": [], "chain": []}
    for _ in range(arguments.rounds):
        for name, found in side_by_side.items():
            mode, content, path = request("http binary", name, {"INPUT0": (1, width)})
            found.append(both.load(server, mode, content, path, 64, arguments.seconds))
    slower, chain = (median(found, "per_second") for found in side_by_side.values())
    rate = {name: median(found, "per_second") for name, found in runs.items()}
    one, many, light = (statistics.median(rows[name]) for name in ("one", "many", "light"))
    served, alone = rate["batched"] / rate["single"], many / one
    lines = [f"{datetime.date.today()}, {machine()}. Server on one core, 32 connections from another; {width} wide, batches of {BATCH}.", "",
             "| | rows per second |", "|---|--:|",
             f"| in process, one row | {one:.0f} |", f"| in process, {BATCH} rows | {many:.0f} |",
             f"| server, no batching | {rate['single']:.0f} |", f"| server, dynamic batching | {rate['batched']:.0f} |",
             f"| the same with queue time-outs | {rate['bounded']:.0f} |",
             f"| on two cores, 64 connections: dynamic batching | {slower:.0f} |",
             f"| on two cores, 64 connections: an ensemble of a light step and this one | {chain:.0f} |", "",
             f"The batch gains {alone:.2f} in process and {served:.2f} through the server: {served / alone:.0%}.",
             f"Time-outs leave {rate['bounded'] / rate['batched']:.0%} of the throughput. The ensemble reaches {chain / slower:.0%} of its slower step; "
             f"the work of both steps on two cores bounds it at {min(1, 2 / (1 + many / light)):.0%}."]
    print("\n".join(lines))
    print("errors:", {name: max(run["errors"] for run in found) for name, found in runs.items()}, "exit codes", exit_code, server.stop())
    if arguments.out:
        arguments.out.write_text("\n".join(lines) + "\n")
    clean()


if __name__ == "__main__":
    main()
