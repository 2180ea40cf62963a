"""Running it: traces over OTLP, logs, tokens, engines, memory given back."""

import http.server
import json
import re
import subprocess
import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

import values
from harness import check
from models import Model, add_sub, ensemble, graph, helper, identity, native, versioned
from repositories import small_models

ROW = np.ones((1, 16), np.float32)
PAIR = {"INPUT0": ROW, "INPUT1": ROW}
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector:
    """Takes what is sent to it by POST."""

    def __enter__(self):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append((self.path, self.headers.get("Content-Type", ""),
                                 self.rfile.read(int(self.headers.get("Content-Length", 0)))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self):
        return self.server.server_address[1]


@check("own")
def open_telemetry(t):
    with Collector() as collector:
        server = t.server.start([add_sub("add_sub"), identity("identity_fp32"), ensemble(
            "pair", [("A", "FP32", [16]), ("B", "FP32", [16])], [("BACK", "FP32", [16])],
            [("add_sub", {"INPUT0": "A", "INPUT1": "B"}, {"OUTPUT1": "d"}), ("identity_fp32", {"INPUT0": "d"}, {"OUTPUT0": "BACK"})])], [
            "--trace-config=mode=opentelemetry", f"--trace-config=opentelemetry,url=http://127.0.0.1:{collector.port}/v1/traces",
            "--trace-config=rate=1", "--trace-config=level=TIMESTAMPS", "--trace-config=opentelemetry,resource=service.name=checks"])
        try:
            with httpclient.InferenceServerClient(server.http_url) as client:
                client.infer("add_sub", values.inputs(httpclient, PAIR), headers={"traceparent": f"00-{PARENT}-00f067aa0ba902b7-01"})
            with grpcclient.InferenceServerClient(server.grpc_url) as client:
                client.infer("pair", values.inputs(grpcclient, {"A": ROW, "B": ROW}))
        finally:
            t.equal("exit code", server.stop(), 0)
        time.sleep(0.3)
        everything = b"".join(body for _, _, body in collector.received)
        t.expect("spans arrive", collector.received and collector.received[0][0] == "/v1/traces", [r[:2] for r in collector.received])
        for text in (b"InferRequest", b"add_sub", b"pair", b"identity_fp32", b"checks", b"compute"):
            t.expect(f"holds {text.decode()}", text in everything, sorted(set(re.findall(rb'"name":"[^"]*"', everything))) or everything[:300])
        if server.kind == "apus":
            t.expect("loads of models are spans", everything.count(b'"LoadModel"') == 2, everything.count(b'"LoadModel"'))
        t.expect("the parent is honoured", PARENT.encode() in everything.lower() or bytes.fromhex(PARENT) in everything)


@check("own", only="apus")
def structured_log(t):
    server = t.server.start([add_sub("add_sub")], ["--log-format=json", "--log-verbose=1"])
    with httpclient.InferenceServerClient(server.http_url) as client:
        client.infer("add_sub", values.inputs(httpclient, PAIR), request_id="find me")
        try:
            client.infer("nothing", values.inputs(httpclient, PAIR), request_id="and me")
        except Exception:  # noqa: BLE001
            pass
    t.equal("exit code", server.stop(), 0)
    lines = server.log.read_text().splitlines()[1:]
    good = 0
    for line in lines:
        try:
            good += isinstance(json.loads(line), dict)
        except ValueError:
            t.expect("every line is JSON", False, line)
            return
    t.expect("every line is JSON", good > 0 and good == len(lines), lines[:3])
    t.expect("requests by their id", any("find me" in line for line in lines), lines[-3:])


@check("own", only="apus")
def tokens(t):
    file = t.server.folder / "tokens"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# who may load\nsesame\nother\n")
    server = t.server.start(small_models(), [f"--api-tokens=model-repository,statistics={file}"])
    try:
        for label, headers, right in [("none", {}, False), ("wrong", {"Authorization": "Bearer no"}, False), ("prefix", {"Authorization": "Bearer sesam"}, False),
                                      ("scheme", {"Authorization": "Basic sesame"}, False), ("right", {"Authorization": "Bearer sesame"}, True),
                                      ("the other", {"Authorization": "Bearer other"}, True)]:
            status = server.request("POST", "/v2/repository/index", b"", headers)[0]
            t.expect(f"http {label}", status == 200 if right else status in (401, 403), status)
        t.equal("the rest is free", server.request("GET", "/v2/models/add_sub")[0], 200)
        with grpcclient.InferenceServerClient(server.grpc_url) as client:
            t.refused("grpc none", lambda: client.get_model_repository_index(), ".", None)
            found = client.get_model_repository_index(headers={"authorization": "Bearer sesame"})
            t.expect("grpc right", len(found.models) == 5, found)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own", only="apus")
def engines(t):
    """An engine of `apus build` as tensorrt_plan; one that does not fit is rebuilt or refused with words."""
    folder = t.server.folder
    folder.mkdir(parents=True, exist_ok=True)
    shape = ["batch", 16]
    model = graph([helper.make_node("Add", ["x", "y"], ["sum"])], [("x", "FP32", shape), ("y", "FP32", shape)], [("sum", "FP32", shape)])
    import onnx
    onnx.save(model, folder / "model.onnx")
    result = subprocess.run([t.server.command[0], "build", f"--onnx={folder}/model.onnx", f"--saveEngine={folder}/model.engine"],
                            capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        return t.expect("apus build", False, result.stdout + result.stderr)
    engine = (folder / "model.engine").read_bytes()
    plan = Model("plan", 'platform: "tensorrt_plan"\nmax_batch_size: 4\n', files={"1/model.plan": engine})
    bare = Model("bare", None, files={"1/model.engine": engine})
    server = t.server.start([plan, bare])
    try:
        with grpcclient.InferenceServerClient(server.grpc_url) as client:
            for name in ("plan", "bare"):
                found = client.infer(name, values.inputs(grpcclient, {"x": ROW, "y": ROW}))
                t.close_to(name, found.as_numpy("sum"), ROW * 2)
        with httpclient.InferenceServerClient(server.http_url) as client:
            t.equal("platform", client.get_model_config("plan")["platform"], "tensorrt_plan")
    finally:
        t.equal("exit code", server.stop(), 0)
    broken = Model("plan", 'platform: "tensorrt_plan"\n', files={"1/model.plan": engine[:len(engine) // 2]})
    server = t.server.start([native("good"), broken], ["--exit-on-error=false", "--strict-readiness=false"])
    t.expect("half an engine is refused", server.request("GET", "/v2/models/plan/ready")[0] >= 400)
    t.equal("exit code then", server.stop(), 0)


@check("own", only="apus")
def memory_is_given_back(t):
    """64 MiB of weights are gone after the unload."""
    from models import constant
    weight = np.random.default_rng(1).standard_normal((4096, 4096)).astype(np.float32)
    model = graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", "FP32", ["batch", 4096])], [("y", "FP32", ["batch", 4096])],
                  [constant("w", weight)])
    heavy = Model("heavy", 'platform: "onnxruntime_onnx"\n', model)
    server = t.server.start([heavy, native("light")], ["--model-control-mode=explicit", "--load-model=light"])
    try:
        before = server.resident_bytes()
        with httpclient.InferenceServerClient(server.http_url, network_timeout=120) as client:
            for _ in range(3):
                client.load_model("heavy")
                client.infer("heavy", values.inputs(httpclient, {"x": np.ones((1, 4096), np.float32)}))
                client.unload_model("heavy")
                for _ in range(100):
                    if not client.is_model_ready("heavy"):
                        break
                    time.sleep(0.05)
        time.sleep(0.5)
        t.expect("after three loads", server.resident_bytes() < before + (40 << 20), (before >> 20, server.resident_bytes() >> 20))
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own", only="apus")
def a_full_disk_does_not_matter(t):
    """Nothing is written while serving: a log on a full device harms nobody."""
    server = t.server.start([versioned("versions")], ["--log-file=/dev/full", "--log-verbose=1"])
    try:
        for _ in range(3):
            t.equal("answers", server.request("GET", "/v2/models/versions")[0], 200)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own", only="apus")
def help_and_version(t):
    result = subprocess.run([*t.server.command, "--help"], capture_output=True, text=True, timeout=20)
    for flag in ("--model-repository", "--model-control-mode", "--http-port", "--grpc-port", "--metrics-port", "--load-model",
                 "--strict-readiness", "--exit-timeout-secs", "--log-verbose", "--cache-config", "--rate-limit", "--trace-config",
                 "--http-restricted-api", "--grpc-restricted-protocol", "--allow-client-shm", "--grpc-use-ssl", "--metrics-config"):
        t.expect(flag, re.search(rf"{flag}\b", result.stdout), "not in the help")
