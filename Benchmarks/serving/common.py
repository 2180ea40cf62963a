"""What the serving benchmarks share: the load generator, requests as bytes, servers pinned to a core."""

import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

import grpc
import numpy as np
from tritonclient.grpc import service_pb2
from tritonclient.utils import triton_to_np_dtype

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Tests/Serving"))

import harness  # noqa: E402
import oracle  # noqa: E402

INFER = "/inference.GRPCInferenceService/ModelInfer"
PROTOCOLS = ("http binary", "http json", "grpc")
ONE_THREAD = 'parameters { key: "intra_op_thread_count" value { string_value: "1" } }\n'


def build_load(folder):
    program = folder / "load"
    subprocess.run(["cc", "-O2", "-o", program, HERE / "load.c"], check=True)
    return program


def http(path, body=None, headers=None):
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    extra = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


def request(protocol, model, shapes):
    """(mode of the load generator, bytes to send, path) for FP32 inputs {name: shape}."""
    arrays = {name: np.random.default_rng(1).standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    if protocol == "grpc":
        message = service_pb2.ModelInferRequest(model_name=model)
        for name, array in arrays.items():
            message.inputs.add(name=name, datatype="FP32", shape=array.shape)
            message.raw_input_contents.append(array.tobytes())
        return "grpc", message.SerializeToString(), INFER
    path = f"/v2/models/{model}/infer"
    if protocol == "http json":
        body = json.dumps({"inputs": [{"name": n, "shape": a.shape, "datatype": "FP32", "data": [round(float(v), 6) for v in a.reshape(-1)]}
                                      for n, a in arrays.items()]}).encode()
        return "http", http(path, body), ""
    header = json.dumps({"inputs": [{"name": n, "shape": a.shape, "datatype": "FP32", "parameters": {"binary_data_size": a.nbytes}}
                                    for n, a in arrays.items()], "parameters": {"binary_data_output": True}}).encode()
    return "http", http(path, header + b"".join(a.tobytes() for a in arrays.values()),
                        {"Inference-Header-Content-Length": len(header)}), ""


def answer(server, model, shapes):
    """{output: array} that a server answers to the request that is timed."""
    with grpc.insecure_channel(server.grpc_url) as channel:
        call = channel.unary_unary(INFER, response_deserializer=service_pb2.ModelInferResponse.FromString)
        found = call(request("grpc", model, shapes)[1], timeout=60)
    return {output.name: np.frombuffer(raw, triton_to_np_dtype(output.datatype)).reshape(output.shape)
            for output, raw in zip(found.outputs, found.raw_output_contents)}


class Bench:
    """Servers on one core, the load generator on another."""

    def __init__(self, work, server_cores="0", client_cores="1"):
        self.work, self.server_cores, self.client_cores = work, server_cores, client_cores
        self.program = build_load(work)

    def start(self, kind, command, repository, flags=()):
        return harness.Server(kind, ["taskset", "-c", self.server_cores, *command], repository, flags, self.work / f"{kind}.log")

    def load(self, server, mode, content, path, connections, seconds):
        file = self.work / "request"
        file.write_bytes(content)
        port = server.grpc_port if mode == "grpc" else server.http_port
        result = subprocess.run(["taskset", "-c", self.client_cores, self.program, mode, "127.0.0.1", str(port), str(connections),
                                 str(seconds), file, *([path] if path else [])], capture_output=True, text=True, timeout=120)
        if result.returncode != 0:
            return {"per_second": 0.0, "p50_us": float("nan"), "p99_us": float("nan"), "errors": -1, "failure": result.stderr.strip()}
        return json.loads(result.stdout)


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def in_process(apus, model, shapes, core="0", seconds=1):
    """{median_us, per_second} of `apus bench` on the same file, one thread, on the server's core."""
    text = ",".join(f"{name}:{'x'.join(map(str, shape))}" for name, shape in shapes.items())
    result = subprocess.run(["taskset", "-c", core, apus, "bench", f"--onnx={model}", f"--shapes={text}", "--cpuThreads=1",
                             f"--duration={seconds}", "--json"], capture_output=True, text=True)
    try:
        report = json.loads(result.stdout)
        return {"median_us": report["latencyMs"]["median"] * 1000, "per_second": report["throughput"]}
    except (ValueError, KeyError):
        raise SystemExit(f"apus bench: {result.stdout}\n{result.stderr}") from None


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}"


def scratch():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="apus-serving-bench-"))
    return folder, lambda: shutil.rmtree(folder, ignore_errors=True)


__all__ = ["Bench", "HERE", "ONE_THREAD", "PROTOCOLS", "answer", "harness", "http", "in_process", "machine", "median", "oracle", "request", "scratch"]
