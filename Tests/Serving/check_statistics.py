"""Statistics and metrics, exact to the request."""

import re
import time

import numpy as np
import tritonclient.grpc as grpcclient

import values
from harness import check

KEYS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")
PER_MODEL = ("nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count",
             "nv_inference_request_duration_us", "nv_inference_queue_duration_us", "nv_inference_compute_input_duration_us",
             "nv_inference_compute_infer_duration_us", "nv_inference_compute_output_duration_us",
             "nv_inference_pending_request_count")
ROW = np.arange(4, dtype=np.float32).reshape(1, 4)


def settled(t, model, version=""):
    """The statistics of one model once they have stopped changing."""
    before = None
    for _ in range(50):
        now = t.http.get_inference_statistics(model, version)["model_stats"][0]
        if now == before:
            return now
        before = now
        time.sleep(0.03)
    return before


@check()
def counts(t):
    before = settled(t, "versions")
    for _ in range(3):
        values.http(t, "versions", {"INPUT0": ROW})
    values.grpc(t, "versions", {"INPUT0": np.repeat(ROW, 5, axis=0)})
    for _ in range(2):
        t.refused("a request refused early", lambda: values.http(t, "versions", {"INPUT0": ROW[:, :3]}), ".")
    after = settled(t, "versions")
    t.equal("inferences", int(after["inference_count"]) - int(before["inference_count"]), 8)
    t.equal("executions", int(after["execution_count"]) - int(before["execution_count"]), 4)
    for key in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        t.equal(key, after["inference_stats"][key]["count"] - before["inference_stats"][key]["count"], 4)
    t.equal("fail", after["inference_stats"]["fail"]["count"] - before["inference_stats"]["fail"]["count"], 0)
    t.expect("last inference", abs(after["last_inference"] / 1000 - time.time()) < 60, after["last_inference"])
    parts = {k: after["inference_stats"][k]["ns"] - before["inference_stats"][k]["ns"] for k in KEYS}
    t.expect("the parts are less than the whole", parts["success"] >= parts["queue"] + parts["compute_infer"], parts)
    batches = {b["batch_size"]: b["compute_infer"]["count"] for b in after["batch_stats"]}
    earlier = {b["batch_size"]: b["compute_infer"]["count"] for b in before["batch_stats"]}
    t.equal("batches", {size: n - earlier.get(size, 0) for size, n in batches.items() if n != earlier.get(size, 0)}, {1: 3, 5: 1})


@check()
def failures(t):
    before = settled(t, "pick")
    bad = {"INPUT0": ROW[0], "INPUT1": np.array([99], np.int64)}
    for _ in range(3):
        t.refused("fails", lambda: values.grpc(t, "pick", bad), ".")
    after = settled(t, "pick")
    t.equal("fail", after["inference_stats"]["fail"]["count"] - before["inference_stats"]["fail"]["count"], 3)
    t.equal("success", after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"], 0)


@check()
def form(t):
    found = t.http.get_inference_statistics("add_sub")["model_stats"]
    t.equal("one version", [(f["name"], f["version"]) for f in found], [("add_sub", "1")])
    t.expect("keys", {"name", "version", "last_inference", "inference_count", "execution_count", "inference_stats",
                      "response_stats", "batch_stats", "memory_usage"} <= set(found[0]), sorted(found[0]))
    t.equal("inference_stats", sorted(found[0]["inference_stats"]), sorted(KEYS))
    t.expect("each has count and ns", all(set(found[0]["inference_stats"][k]) == {"count", "ns"} for k in KEYS))
    every = t.http.get_inference_statistics()["model_stats"]
    t.expect("all models", {"add_sub", "simple", "repeat", "pair"} <= {f["name"] for f in every})
    t.equal("all versions", sorted(f["version"] for f in t.http.get_inference_statistics("versions_all")["model_stats"]), ["1", "2", "3"])
    t.equal("one of them", [f["version"] for f in t.http.get_inference_statistics("versions_all", "2")["model_stats"]], ["2"])
    message = t.grpc.get_inference_statistics("add_sub").model_stats[0]
    t.equal("grpc", (message.name, message.version, message.inference_count), ("add_sub", "1", int(found[0]["inference_count"])))
    t.refused("http unknown model", lambda: t.http.get_inference_statistics("nothing"), "requested model 'nothing' is not available", 400)
    t.refused("grpc unknown model", lambda: t.grpc.get_inference_statistics("nothing"), "requested model 'nothing' is not available", "INVALID_ARGUMENT")


@check()
def decoupled_responses(t):
    def responses():
        return settled(t, "square")["response_stats"]
    before = responses()
    with values.Stream(t) as stream:
        stream.send("square", {"IN": np.array([3], np.int32)})
        for _ in range(3):
            stream.result()
    time.sleep(0.2)
    after = responses()
    if t.is_triton:
        return t.expect("the stand-in backend reports none", True)

    def count(stats, index, key):
        return int(stats.get(str(index), {}).get(key, {}).get("count", 0))
    t.equal("one of each index", [count(after, i, "success") - count(before, i, "success") for i in range(3)], [1, 1, 1])


@check()
def ensembles_count_their_parts(t):
    models = ("pair", "identity_fp32")
    before = {m: settled(t, m)["inference_stats"]["success"]["count"] for m in models}
    x = np.ones((2, 16), np.float32)
    for _ in range(4):
        values.grpc(t, "pair", {"A": x, "B": x})
    after = {m: settled(t, m)["inference_stats"]["success"]["count"] for m in models}
    t.equal("each once for each request", {m: after[m] - before[m] for m in models}, {m: 4 for m in models})


@check()
def metrics_page(t):
    status, headers, body = t.server.request("GET", "/metrics", port=t.server.metrics_port)
    t.equal("type", (status, headers.get("Content-Type")), (200, "text/plain; charset=utf-8"))
    text = body.decode()
    for name in PER_MODEL:
        t.expect(name, re.search(rf'^{name}{{.*model="add_sub".*}} ', text, re.M), "missing")
        kind = "gauge" if name.endswith("pending_request_count") else "counter"
        t.expect(f"{name}: TYPE and HELP", f"# TYPE {name} {kind}\n" in text and f"# HELP {name} " in text)
    t.expect("labels", 'nv_inference_count{model="add_sub",version="1"}' in text,
             [line for line in text.splitlines() if line.startswith("nv_inference_count")][:1])
    for reason in ("REJECTED", "CANCELED", "BACKEND", "OTHER"):
        t.expect(f"failures of {reason}", re.search(rf'^nv_inference_request_failure{{(?=.*model="add_sub")(?=.*reason="{reason}")', text, re.M))
    for name in ("nv_cpu_utilization", "nv_cpu_memory_total_bytes", "nv_cpu_memory_used_bytes"):
        t.expect(name, re.search(rf"^{name} \d", text, re.M))
    t.expect("every line is well formed", all(
        re.fullmatch(r"#.*|[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*=\"([^\"\\\n]|\\.)*\",?)*\})? \S+|", line)
        for line in text.splitlines()))


@check(only="apus")
def metrics_of_connections(t):
    def counts():
        text = t.server.request("GET", "/metrics", port=t.server.metrics_port)[2].decode()
        return {key: float(value) for key, value in re.findall(r'^(apus_\w*connections\w*{protocol="\w+"}) (\S+)$', text, re.M)}
    before = counts()
    with grpcclient.InferenceServerClient(t.server.grpc_url) as client:
        client.is_server_live()
        during = counts()
    total, live = 'apus_connections_total{protocol="grpc"}', 'apus_open_connections{protocol="grpc"}'
    t.expect("a connection more", during[total] - before[total] == 1, (before, during))
    t.expect("that is open", during[live] >= 1, during)
    t.expect("HTTP's are counted", during['apus_open_connections{protocol="http"}'] >= 1, during)


@check()
def metrics_count(t):
    labels = {"model": "versions_some", "version": "3"}
    names = ("nv_inference_request_success", "nv_inference_count", "nv_inference_exec_count")
    before = [t.server.metric(n, **labels) for n in names]
    values.http(t, "versions_some", {"INPUT0": np.repeat(ROW, 3, axis=0)})
    values.http(t, "versions_some", {"INPUT0": ROW})
    settled(t, "versions_some")
    t.equal("requests, inferences, executions", [t.server.metric(n, **labels) - b for n, b in zip(names, before)], [2, 4, 2])
    failed = {"model": "pick", "reason": "BACKEND"}
    before = t.server.metric("nv_inference_request_failure", **failed)
    t.refused("fails", lambda: values.grpc(t, "pick", {"INPUT0": ROW[0], "INPUT1": np.array([99], np.int64)}), ".")
    settled(t, "pick")
    t.equal("failure of the model", t.server.metric("nv_inference_request_failure", **failed) - before, 1)


@check(only="apus")
def histograms(t):
    """Every phase as a native histogram, on by default."""
    text = t.server.metrics()
    found = set(re.findall(r"^# TYPE (\S+) histogram", text, re.M))
    t.expect("some for queue, compute and the whole request", len(found) >= 3, found)
    for name in found:
        buckets = re.findall(rf'^{name}_bucket{{(.*)le="([^"]+)"(.*)}} (\S+)', text, re.M)
        t.expect(f"{name} has buckets up to +Inf", any(b[1] == "+Inf" for b in buckets), buckets[:2])
        t.expect(f"{name} has sum and count", f"{name}_sum" in text and f"{name}_count" in text)
