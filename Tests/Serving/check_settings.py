"""Trace and log settings, restricted endpoints."""

import json

import grpc
import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

import values
from harness import check

CLEAR = {"trace_level": None, "trace_rate": None, "trace_count": None, "log_frequency": None}


def clear(t):
    t.http.update_trace_settings("add_sub", CLEAR)
    t.http.update_trace_settings(None, CLEAR)


@check()
def trace_settings(t):
    clear(t)
    found = t.http.get_trace_settings()
    t.equal("defaults", {k: found.get(k) for k in ("trace_level", "trace_rate", "trace_count", "log_frequency", "trace_mode")},
            {"trace_level": ["OFF"], "trace_rate": "1000", "trace_count": "-1", "log_frequency": "0", "trace_mode": "triton"})
    t.equal("of a model", t.http.get_trace_settings("add_sub"), found)
    changed = t.http.update_trace_settings("add_sub", {"trace_level": ["TIMESTAMPS"], "trace_rate": "5", "log_frequency": "100"})
    t.equal("changed for a model", [changed[k] for k in ("trace_level", "trace_rate", "log_frequency")], [["TIMESTAMPS"], "5", "100"])
    t.equal("not for all", t.http.get_trace_settings(), found)
    message = t.grpc.get_trace_settings("add_sub").settings
    t.equal("grpc", {k: list(message[k].value) for k in ("trace_level", "trace_rate")}, {"trace_level": ["TIMESTAMPS"], "trace_rate": ["5"]})
    t.http.update_trace_settings(None, {"trace_rate": "7"})
    t.equal("all models but those with their own", [t.http.get_trace_settings(m)["trace_rate"] for m in ("add_sub", "simple")], ["5", "7"])
    t.grpc.update_trace_settings("add_sub", CLEAR)
    t.equal("clearing goes back to what is for all", t.http.get_trace_settings("add_sub")["trace_rate"], "7")
    t.equal("several levels", t.http.update_trace_settings("add_sub", {"trace_level": ["TIMESTAMPS", "TENSORS"]})["trace_level"], ["TIMESTAMPS", "TENSORS"])
    clear(t)
    t.equal("as before", t.http.get_trace_settings(), found)


@check()
def trace_refusals(t):
    for label, change in [("level", {"trace_level": ["MUCH"]}), ("rate", {"trace_rate": "-1x"}), ("count", {"trace_count": "-7"}),
                          ("frequency", {"log_frequency": "x"})]:
        answer = t.server.request("POST", "/v2/trace/setting", json.dumps(change).encode())
        t.expect(label, answer[0] >= 400, answer)
    answer = t.server.request("POST", "/v2/trace/setting", b'{"trace_file": "/tmp/x"}')
    t.answered("the file cannot be set", answer, 501)
    t.refused("unknown model", lambda: t.http.get_trace_settings("nothing"), "[Rr]equest for unknown model")
    t.refused("grpc unknown model", lambda: t.grpc.get_trace_settings("nothing"), "[Rr]equest for unknown model")
    t.expect("malformed", t.server.request("POST", "/v2/trace/setting", b"{")[0] >= 400)
    clear(t)


@check()
def log_settings(t):
    found = t.http.get_log_settings()
    t.equal("keys", sorted(found), ["log_error", "log_file", "log_format", "log_info", "log_verbose_level", "log_warning"])
    t.equal("defaults", found, {"log_file": "", "log_info": True, "log_warning": True, "log_error": True,
                                "log_verbose_level": 0, "log_format": "default"})
    changed = t.http.update_log_settings({"log_verbose_level": 2, "log_info": False, "log_format": "ISO8601"})
    t.equal("changed", [changed[k] for k in ("log_verbose_level", "log_info", "log_format")], [2, False, "ISO8601"])
    message = t.grpc.get_log_settings().settings
    t.equal("grpc", (message["log_verbose_level"].uint32_param, message["log_info"].bool_param, message["log_format"].string_param),
            (2, False, "ISO8601"))
    t.grpc.update_log_settings({"log_verbose_level": 0, "log_info": True, "log_format": "default"})
    t.equal("and back", t.http.get_log_settings(), found)
    for label, change in [("negative level", {"log_verbose_level": -1}), ("text as level", {"log_verbose_level": "1"}),
                          ("number as switch", {"log_info": 1}), ("unknown format", {"log_format": "loud"})]:
        answer = t.server.request("POST", "/v2/logging", json.dumps(change).encode())
        t.expect(label, answer[0] >= 400, answer)
    t.answered("the file cannot be set", t.server.request("POST", "/v2/logging", b'{"log_file": "/tmp/x"}'), 501)


@check("own")
def trace_file(t):
    """Timestamps of a request in Triton's form."""
    from repositories import small_models
    folder = t.server.folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trace.json"
    server = t.server.start(small_models(), [f"--trace-config=triton,file={path}", "--trace-config=rate=1",
                                             "--trace-config=level=TIMESTAMPS"])
    try:
        client = grpcclient.InferenceServerClient(server.grpc_url)
        x = np.ones((1, 16), np.float32)
        client.infer("add_sub", values.inputs(grpcclient, {"INPUT0": x, "INPUT1": x}), request_id="traced")
        web = httpclient.InferenceServerClient(server.http_url)
        web.infer("add_sub", values.inputs(httpclient, {"INPUT0": x, "INPUT1": x}))
        client.close(), web.close()
    finally:
        t.equal("exit code", server.stop(), 0)
    found = json.loads(path.read_text()) if path.exists() else []
    names = {s["name"] for entry in found for s in entry.get("timestamps", [])}
    for name in ("REQUEST_START", "QUEUE_START", "COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END",
                 "REQUEST_END", "HTTP_RECV_START", "HTTP_RECV_END", "HTTP_SEND_START", "HTTP_SEND_END", "GRPC_SEND_START"):
        t.expect(name, name in names, sorted(names))
    t.expect("the model's name", any(e.get("model_name") == "add_sub" for e in found), found[:2])


@check("restricted")
def restricted_http(t):
    for method, path in [("POST", "/v2/repository/index"), ("GET", "/v2/models/stats"), ("GET", "/v2/models/add_sub/stats"),
                         ("POST", "/v2/repository/models/add_sub/load")]:
        body = b"" if method == "POST" else None
        t.answered(f"{path} without", t.server.request(method, path, body), 403, "This API is restricted, expecting header 'admin'")
        t.answered(f"{path} wrong", t.server.request(method, path, body, {"admin": "guess"}), 403, "restricted")
        t.expect(f"{path} right", t.server.request(method, path, body, {"admin": "secret"})[0] in (200, 503))
    t.expect("health is free", t.http.is_server_live())
    x = np.ones((1, 16), np.float32)
    t.close_to("inference is free", values.http(t, "add_sub", {"INPUT0": x, "INPUT1": x}).as_numpy("OUTPUT0"), x + x)
    t.expect("the client's headers", len(t.http.get_model_repository_index(headers={"admin": "secret"})) > 0)


@check("restricted")
def restricted_grpc(t):
    t.refused("without", lambda: t.grpc.get_model_repository_index(), "This protocol is restricted, expecting header 'triton-grpc-protocol-admin'", "UNAVAILABLE")
    t.refused("wrong", lambda: t.grpc.get_model_repository_index(headers={"triton-grpc-protocol-admin": "guess"}), "restricted", "UNAVAILABLE")
    t.expect("right", len(t.grpc.get_model_repository_index(headers={"triton-grpc-protocol-admin": "secret"}).models) > 0)
    t.refused("statistics", lambda: t.grpc.get_inference_statistics("add_sub"), "restricted", "UNAVAILABLE")
    t.expect("health is free", t.grpc.is_server_live())
    x = np.ones((1, 16), np.float32)
    t.close_to("inference is free", values.grpc(t, "add_sub", {"INPUT0": x, "INPUT1": x}).as_numpy("OUTPUT0"), x + x)
    with grpc.insecure_channel(t.server.grpc_url) as channel:
        try:
            channel.unary_unary("/inference.GRPCInferenceService/RepositoryModelLoad")(b"", timeout=5)
            t.expect("load", False)
        except grpc.RpcError as error:
            t.equal("load", error.code(), grpc.StatusCode.UNAVAILABLE)
