"""What the server makes of a repository: completed configurations, several folders, flags, mistakes."""

import json
import os
import subprocess
import time

import numpy as np
import onnx
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

import values
from harness import check
from models import ONE_CPU, Model, add_sub, graph, identity, native, versioned
from repositories import small_models
from onnx import helper

PAIR = {"INPUT0": np.ones((1, 16), np.float32), "INPUT1": np.ones((1, 16), np.float32)}


def infer(server, model="add_sub", arrays=None, **options):
    with grpcclient.InferenceServerClient(server.grpc_url) as client:
        return client.infer(model, values.inputs(grpcclient, arrays or PAIR), **options)


def without_config(name, batch):
    shape = (["batch"] if batch else []) + [16]
    model = graph([helper.make_node("Add", ["x", "y"], ["sum"])], [("x", "FP32", shape), ("y", "FP32", shape)],
                  [("sum", "FP32", shape)])
    return Model(name, None, model)


@check("own", only="apus")
def completed_configurations(t):
    """Triton's rules: a symbolic first dimension is a batch of 4 at most, with dynamic batching."""
    partly = Model("partly", 'max_batch_size: 16\nparameters { key: "k" value { string_value: "v" } }\n',
                   add_sub("x").onnx_model)
    only_name = Model("only_name", 'name: "only_name"\nplatform: "onnxruntime_onnx"\n', without_config("x", True).onnx_model)
    server = t.server.start([without_config("batched", True), without_config("fixed", False), partly, only_name])
    try:
        with httpclient.InferenceServerClient(server.http_url) as client:
            for name in ("batched", "only_name"):
                config = client.get_model_config(name)
                t.equal(f"{name}: batch", config["max_batch_size"], 4)
                t.expect(f"{name}: dynamic batching", "dynamic_batching" in config, sorted(config))
                t.equal(f"{name}: inputs", [(i["name"], i["data_type"], i["dims"]) for i in config["input"]],
                        [("x", "TYPE_FP32", [16]), ("y", "TYPE_FP32", [16])])
                t.equal(f"{name}: outputs", [(o["name"], o["dims"]) for o in config["output"]], [("sum", [16])])
                t.equal(f"{name}: names", (config["name"], config["platform"], config["backend"], config["default_model_filename"]),
                        (name, "onnxruntime_onnx", "onnxruntime", "model.onnx"))
            config = client.get_model_config("fixed")
            t.equal("fixed: no batch", (config["max_batch_size"], config["input"][0]["dims"]), (0, [16]))
            config = client.get_model_config("partly")
            t.equal("what is given stays", (config["max_batch_size"], config["parameters"]["k"]["string_value"]), (16, "v"))
            t.equal("the rest is filled in", [i["name"] for i in config["input"]], ["INPUT0", "INPUT1"])
            t.equal("metadata", client.get_model_metadata("batched")["inputs"][0]["shape"], [-1, 16])
        x = np.ones((3, 16), np.float32)
        t.close_to("it runs", infer(server, "batched", {"x": x, "y": x}).as_numpy("sum"), x + x)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own", only="apus")
def bare_model_file(t):
    """A folder that holds model.onnx and nothing else is a repository of one model."""
    server = t.server.start([])
    server.stop()
    folder = t.server.folder / "bare"
    folder.mkdir(parents=True)
    onnx.save(without_config("x", True).onnx_model, folder / "model.onnx")
    server = t.server.start([], [f"--model-repository={folder}"])
    try:
        found = json.loads(server.request("POST", "/v2/repository/index")[2])
        t.expect("is listed", len(found) == 1 and found[0]["state"] == "READY", found)
        x = np.ones((1, 16), np.float32)
        t.close_to("and runs", infer(server, found[0]["name"], {"x": x, "y": x}).as_numpy("sum"), x + x)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own")
def several_repositories(t):
    from models import write
    other = write(t.server.folder / "other", [versioned("elsewhere"), add_sub("twice")])
    server = t.server.start([add_sub("add_sub"), add_sub("twice")],
                            [f"--model-repository={other}", "--exit-on-error=false", "--strict-readiness=false"])
    try:
        time.sleep(0.3)
        t.equal("both are served", [server.request("GET", f"/v2/models/{m}/ready")[0] for m in ("add_sub", "elsewhere")], [200, 200])
        t.expect("a name in both is not", server.request("GET", "/v2/models/twice/ready")[0] >= 400)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own")
def configurations_by_name(t):
    model = add_sub("add_sub")
    model.files["configs/small.pbtxt"] = model.config.replace("max_batch_size: 8", "max_batch_size: 2")
    server = t.server.start([model, native("native")], ["--model-config-name=small"])
    try:
        with httpclient.InferenceServerClient(server.http_url) as client:
            t.equal("the named one", client.get_model_config("add_sub")["max_batch_size"], 2)
            t.equal("or the usual", client.get_model_config("native")["max_batch_size"], 8)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own")
def explicit_start(t):
    server = t.server.start(small_models(), ["--model-control-mode=explicit"])
    t.equal("nothing is loaded", json.loads(server.request("POST", "/v2/repository/index", b'{"ready":true}')[2]), [])
    t.equal("and the server is ready", server.request("GET", "/v2/health/ready")[0], 200)
    t.equal("exit code", server.stop(), 0)
    server = t.server.start(small_models(), ["--model-control-mode=explicit", "--load-model=*"])
    t.equal("all are", len(json.loads(server.request("POST", "/v2/repository/index", b'{"ready":true}')[2])), 5)
    t.equal("exit code", server.stop(), 0)
    try:
        t.server.start(small_models(), ["--model-control-mode=explicit", "--load-model=nothing"]).stop()
        t.expect("a name that is not there ends the start", False)
    except RuntimeError as error:
        t.expect("a name that is not there ends the start", "the server ended with" in str(error), str(error)[-200:])


@check("own")
def metric_tags_and_id(t):
    model = add_sub("add_sub", more='metric_tags { key: "team" value: "blue" }\n')
    server = t.server.start([model], ["--id=mine"])
    try:
        t.equal("name", json.loads(server.request("GET", "/v2")[2])["name"], "mine")
        infer(server)
        time.sleep(0.2)
        t.equal("tag", server.metric("nv_inference_request_success", model="add_sub", version="1", team="blue"), 1.0)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own")
def summaries_on_demand(t):
    server = t.server.start([add_sub("add_sub")], ["--metrics-config=summary_latencies=true"])
    try:
        infer(server)
        time.sleep(0.2)
        t.equal("a quantile", server.metric("nv_inference_request_summary_us_count", model="add_sub"), 1.0)
        t.expect("with its label", server.metric("nv_inference_request_summary_us", model="add_sub", quantile="0.5") is not None)
    finally:
        t.equal("exit code", server.stop(), 0)


BAD_CONFIGS = {
    "typo": ("max_batch_sise: 3", "max_batch_sise"),
    "batch_with_cache": (ONE_CPU + 'sequence_batching { }\nresponse_cache { enable: true }', "cache"),
    "preferred": ("max_batch_size: 4\ndynamic_batching { preferred_batch_size: [ 5 ] }", "preferred"),
    "ordering": ("max_batch_size: 4\ndynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 1 }", "order|priorit"),
    "no_default_level": ("max_batch_size: 4\ndynamic_batching { priority_levels: 2 }", "priority"),
    "negative": ("max_batch_size: -1", "max_batch_size"),
    "zero_dim": ('input { name: "Z" data_type: TYPE_FP32 dims: [ 0 ] }', "dim"),
    "reshape": ('input { name: "R" data_type: TYPE_FP32 dims: [ 4 ] reshape { shape: [ 3 ] } }', "reshape"),
    "no_type": ('input { name: "T" dims: [ 4 ] }', "data|type"),
}


@check("own")
def refused_configurations(t):
    """Each model fails alone, with what is wrong in the index."""
    models = [Model(name, f'name: "{name}"\nbackend: "identity"\n{text}\n'
                    + ("" if "input" in text else 'input { name: "I" data_type: TYPE_FP32 dims: [ 4 ] }\n')
                    + 'output { name: "O" data_type: TYPE_FP32 dims: [ 4 ] }\n') for name, (text, _) in BAD_CONFIGS.items()]
    server = t.server.start([native("good"), *models], ["--exit-on-error=false", "--strict-readiness=false"])
    import re
    try:
        log = server.log.read_text()
        for name, (_, word) in BAD_CONFIGS.items():
            t.expect(f"{name} is not served", server.request("GET", f"/v2/models/{name}/ready")[0] >= 400)
            t.expect(f"{name} says why", any(re.search(word, line) and (name in line or "pbtxt" in line or word in line)
                                             for line in log.splitlines()), log[-200:])
        t.equal("the good one is", server.request("GET", "/v2/models/good/ready")[0], 200)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own", only="apus")
def checking_a_repository(t):
    """`--check` validates without serving."""
    from models import write
    good = write(t.server.folder / "good", small_models())
    bad = write(t.server.folder / "bad", [add_sub("fine"), Model("typo", 'name: "typo"\nmax_batch_sise: 3\n')])
    result = subprocess.run([*t.server.command, "--check", str(good)], capture_output=True, text=True, timeout=30)
    t.equal("good", result.returncode, 0)
    result = subprocess.run([*t.server.command, "--check", str(bad)], capture_output=True, text=True, timeout=30)
    text = result.stdout + result.stderr
    t.expect("bad", result.returncode != 0 and "max_batch_sise" in text and "config.pbtxt" in text, text)
    t.expect("suggests what was meant", "max_batch_size" in text, text)


@check("own", only="apus")
def wrong_files(t):
    broken = Model("broken", 'name: "broken"\nplatform: "onnxruntime_onnx"\n')
    broken.files["1/model.onnx"] = b"this is no model"
    empty = Model("empty", 'name: "empty"\nplatform: "onnxruntime_onnx"\n')
    empty.files["1/model.onnx"] = b""
    missing = Model("missing", 'name: "missing"\nplatform: "onnxruntime_onnx"\n')
    other = Model("other", 'name: "other"\nplatform: "tensorflow_savedmodel"\n')
    mismatch = identity("mismatch", "FP32")
    mismatch.config = mismatch.config.replace("TYPE_FP32", "TYPE_INT64")
    names = ("broken", "empty", "missing", "other", "mismatch")
    server = t.server.start([native("good"), broken, empty, missing, other, mismatch], ["--exit-on-error=false", "--strict-readiness=false"])
    try:
        for name in names:
            t.expect(f"{name} is not served", server.request("GET", f"/v2/models/{name}/ready")[0] >= 400)
        found = {m["name"]: m.get("reason", "") for m in json.loads(server.request("POST", "/v2/repository/index")[2])}
        for name in names:
            t.expect(f"{name} has a reason", len(found.get(name) or "") > 10, found.get(name))
        t.equal("the good one is", server.request("GET", "/v2/models/good/ready")[0], 200)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own", only="apus")
def command_line_of_triton(t):
    """A link named tritonserver takes Triton's command line."""
    link = t.server.folder / "tritonserver"
    link.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(os.path.realpath(t.server.command[0]), link)
    server = t.server.start(small_models(), ["--allow-http=true", "--allow-grpc=1", "--log-verbose=0", "--exit-timeout-secs=5",
                                             "--http-thread-count=4", "--strict-readiness=true", "--allow-gpu-metrics=false",
                                             "--backend-config=onnxruntime,default-max-batch-size=8", "--min-supported-compute-capability=6.0",
                                             "--pinned-memory-pool-byte-size=0",
                                             "--grpc-infer-allocation-pool-size=8", "--log-format=ISO8601"], command=[str(link)])
    t.equal("ready", server.request("GET", "/v2/health/ready")[0], 200)
    t.equal("exit code", server.stop(), 0)
    result = subprocess.run([*t.server.command, "--model-repositori=/tmp"], capture_output=True, text=True, timeout=20)
    t.expect("a flag with a typo", result.returncode != 0 and "model-repository" in result.stdout + result.stderr,
             result.stdout + result.stderr)
    result = subprocess.run([*t.server.command, "--model-repository=/nothing/here"], capture_output=True, text=True, timeout=20)
    t.expect("a repository that is not there", result.returncode != 0 and "/nothing/here" in result.stdout + result.stderr,
             result.stdout + result.stderr)


@check("own", only="apus")
def console_page(t):
    server = t.server.start(small_models())
    status, headers, body = server.request("GET", "/")
    t.expect("a page", status == 200 and "text/html" in headers.get("Content-Type", "") and body.lower().startswith(b"<!doctype html>") and len(body) > 2000, (status, body[:80]))
    t.expect("nothing from elsewhere", b"https://" not in body.replace(b"https://www.w3.org", b"") and b"//cdn" not in body)
    t.equal("exit code", server.stop(), 0)
