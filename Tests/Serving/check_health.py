"""Health, metadata, configuration: what a client asks before it sends anything."""

import json

import grpc
import tritonclient.grpc as grpcclient

from harness import check


@check()
def health(t):
    for name, client in [("http", t.http), ("grpc", t.grpc)]:
        t.expect(f"{name} live", client.is_server_live())
        t.expect(f"{name} ready", client.is_server_ready())
        t.expect(f"{name} model ready", client.is_model_ready("add_sub"))
        t.expect(f"{name} version ready", client.is_model_ready("versions_all", "2"))
        t.expect(f"{name} version that is not served", not client.is_model_ready("versions", "1"))
    t.expect("http unknown model is not ready", not t.http.is_model_ready("nothing"))
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/add_sub/ready", "/v2/models/add_sub/versions/1/ready"):
        status, _, body = t.server.request("GET", path)
        t.equal(f"{path} is 200 with an empty body", (status, body), (200, b""))
    answer = t.server.request("GET", "/v2/models/nothing/ready")
    t.expect("unknown model", answer[0] in (400, 404), answer)
    for name in ("nothing", "versions"):
        t.equal(f"grpc {name} that is not there is not ready", t.grpc.is_model_ready(name, "77"), False)


@check()
def grpc_health_protocol(t):
    """grpc.health.v1 by hand, so that no package of it is needed."""
    with grpc.insecure_channel(t.server.grpc_url) as channel:
        call = channel.unary_unary("/grpc.health.v1.Health/Check")
        t.equal("SERVING", call(b"", timeout=5), b"\x08\x01")
        t.equal("SERVING with the name of no service", call(b"\x0a\x00", timeout=5)[:2], b"\x08\x01")


@check()
def server_metadata(t):
    extensions = ["classification", "sequence", "model_repository", "model_repository(unload_dependents)",
                  "schedule_policy", "model_configuration", "system_shared_memory", "cuda_shared_memory",
                  "binary_tensor_data", "parameters", "statistics", "trace", "logging"]
    found = t.http.get_server_metadata()
    t.equal("http keys", sorted(found), ["extensions", "name", "version"])
    t.expect("extensions", set(extensions) <= set(found["extensions"]), found["extensions"])
    message = t.grpc.get_server_metadata()
    t.equal("grpc is the same", (message.name, message.version, list(message.extensions)),
            (found["name"], found["version"], found["extensions"]))
    t.equal("trailing text is no route", t.server.request("GET", "/v2x")[0], 404)


@check()
def model_metadata(t):
    found = t.http.get_model_metadata("add_sub")
    t.equal("http", found, {
        "name": "add_sub", "versions": ["1"], "platform": "onnxruntime_onnx",
        "inputs": [{"name": f"INPUT{i}", "datatype": "FP32", "shape": [-1, 16]} for i in (0, 1)],
        "outputs": [{"name": f"OUTPUT{i}", "datatype": "FP32", "shape": [-1, 16]} for i in (0, 1)]})
    t.equal("grpc", t.grpc.get_model_metadata("add_sub", as_json=True), {
        **found, "inputs": [{**i, "shape": ["-1", "16"]} for i in found["inputs"]],
        "outputs": [{**o, "shape": ["-1", "16"]} for o in found["outputs"]]})
    t.equal("no batch dimension", t.http.get_model_metadata("plain")["inputs"][0]["shape"], [2, 2])
    t.equal("variable dimensions", t.http.get_model_metadata("variable")["inputs"][0]["shape"], [-1, 3, -1])
    t.equal("reshaped as clients see it", t.http.get_model_metadata("reshaped")["inputs"][0]["shape"], [-1, 4])
    t.equal("strings", t.http.get_model_metadata("strings")["inputs"][0]["datatype"], "BYTES")
    t.equal("versions", sorted(t.http.get_model_metadata("versions_all")["versions"]), ["1", "2", "3"])
    t.equal("versions that the policy leaves out", t.http.get_model_metadata("versions")["versions"], ["3"])
    t.equal("platform of an ensemble", t.http.get_model_metadata("pair")["platform"], "ensemble")
    t.equal("platform falls back to the backend", t.http.get_model_metadata("native")["platform"], "identity")
    for datatype in ("BOOL", "UINT8", "INT64", "FP16", "BF16", "FP64"):
        t.equal(datatype, t.http.get_model_metadata(f"identity_{datatype.lower()}")["inputs"][0]["datatype"], datatype)


@check()
def unknown_model(t):
    text = "Request for unknown model: 'nothing' is not found"
    t.answered("http metadata", t.server.request("GET", "/v2/models/nothing"), 404, text)
    t.answered("http config", t.server.request("GET", "/v2/models/nothing/config"), 404, text)
    t.answered("http version", t.server.request("GET", "/v2/models/versions/versions/99"), 404,
               "Request for unknown model: 'versions' version 99 is not found")
    t.refused("grpc metadata", lambda: t.grpc.get_model_metadata("nothing"), text, "NOT_FOUND")
    t.refused("grpc config", lambda: t.grpc.get_model_config("nothing"), text, "NOT_FOUND")
    t.refused("grpc version", lambda: t.grpc.get_model_metadata("versions", "99"), "version 99 is not found", "NOT_FOUND")
    t.refused("grpc version that is no number", lambda: t.grpc.get_model_metadata("versions", "x"),
              "failed to get model version from specified version string 'x'", "INVALID_ARGUMENT")
    t.answered("http version that is no number", t.server.request("GET", "/v2/models/versions/versions/x"), 404, "Not Found")


@check()
def model_config(t):
    found = t.http.get_model_config("add_sub")
    t.equal("name", found["name"], "add_sub")
    t.equal("platform", found["platform"], "onnxruntime_onnx")
    t.equal("backend is filled in", found["backend"], "onnxruntime")
    t.equal("version policy default", found["version_policy"], {"latest": {"num_versions": 1}})
    t.equal("max_batch_size", found["max_batch_size"], 8)
    t.equal("input", found["input"][0], {
        "name": "INPUT0", "data_type": "TYPE_FP32", "format": "FORMAT_NONE", "dims": [16],
        "is_shape_tensor": False, "allow_ragged_batch": False, "optional": False,
        **({"is_non_linear_format_io": False} if "is_non_linear_format_io" in found["input"][0] else {})})
    t.equal("label file", found["output"][0]["label_filename"], "labels.txt")
    t.equal("preferred size is the largest", found["dynamic_batching"].get("preferred_batch_size"), [8])
    t.equal("instance group", {k: found["instance_group"][0][k] for k in ("name", "kind", "count")},
            {"name": "add_sub_0", "kind": "KIND_CPU", "count": 1})
    t.equal("default file name", found["default_model_filename"], "model.onnx")
    t.equal("pinned memory is on", found["optimization"]["input_pinned_memory"], {"enable": True})
    t.equal("parameters", found["parameters"]["oracle"], {"string_value": "add_sub"})
    for key in ("batch_input", "batch_output", "cc_model_filenames", "metric_tags", "model_warmup"):
        t.expect(f"empty {key} is present", key in found, sorted(found))
    t.equal("two instances where none are asked for", t.http.get_model_config("plain")["instance_group"][0]["count"], 2)
    t.equal("int64 fields are numbers", t.http.get_model_config("ragged")["dynamic_batching"][
        "max_queue_delay_microseconds"], 300000)
    t.equal("decoupled", t.http.get_model_config("repeat")["model_transaction_policy"], {"decoupled": True})
    t.equal("version", t.http.get_model_config("versions_all", "2")["name"], "versions_all")
    message = t.grpc.get_model_config("add_sub").config
    t.equal("grpc", (message.name, message.platform, message.max_batch_size, list(message.input[0].dims)),
            ("add_sub", "onnxruntime_onnx", 8, [16]))
    t.equal("grpc reshape", list(t.grpc.get_model_config("reshaped").config.input[0].reshape.shape), [2, 2])


@check()
def routes(t):
    for method, path, status in [
            ("GET", "/v3", 404), ("GET", "/v2/", 404), ("GET", "/v2/models", 404), ("GET", "/v2/health", 404),
            ("GET", "/v2/models/add_sub/nothing", 404), ("GET", "/v2/models/add_sub/infer", 405),
            ("POST", "/v2/models/add_sub", 405), ("POST", "/v2", 405), ("POST", "/v2/health/live", 405),
            ("GET", "/v2/repository/index", 405), ("POST", "/v2/models/add_sub/config", 405),
            ("POST", "/v2/models/add_sub/stats", 405), ("DELETE", "/v2/models/add_sub", 405),
            ("GET", "/v2/models/add_sub/versions/-1", 404), ("POST", "/v2/repository/other/models/add_sub/load", 501)]:
        answer = t.server.request(method, path, b"" if method == "POST" else None)
        t.answered(f"{method} {path}", answer, status)
        try:
            t.expect(f"{method} {path} says so", isinstance(json.loads(answer[2])["error"], str))
        except (ValueError, KeyError, TypeError):
            t.expect(f"{method} {path} says so", False, answer[2])


@check()
def methods_of_grpc(t):
    """Each method of the service is there."""
    channel = grpc.insecure_channel(t.server.grpc_url)
    for method in ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer",
                   "ModelConfig", "ModelStatistics", "RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload",
                   "SystemSharedMemoryStatus", "SystemSharedMemoryRegister", "SystemSharedMemoryUnregister",
                   "CudaSharedMemoryStatus", "CudaSharedMemoryRegister", "TraceSetting",
                   "LogSettings"):
        try:
            channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(b"", timeout=5)
            code, details = None, ""
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
        t.expect(method, code != grpc.StatusCode.UNIMPLEMENTED or "CUDA" in details.upper(), f"{code} {details}")
    try:
        channel.unary_unary("/inference.GRPCInferenceService/Nothing")(b"", timeout=5)
        t.expect("no other method", False)
    except grpc.RpcError as error:
        t.equal("no other method", error.code(), grpc.StatusCode.UNIMPLEMENTED)
    channel.close()


@check(only="apus")
def grpc_reflection(t):
    with grpc.insecure_channel(t.server.grpc_url) as channel:
        for version in ("v1", "v1alpha"):
            call = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
            try:
                answer = b"".join(call(iter([b"\x3a\x01*"]), timeout=5))
                t.expect(f"lists the services by {version}", b"inference.GRPCInferenceService" in answer, answer)
            except grpc.RpcError as error:
                t.expect(f"lists the services by {version}", False, error.details())


@check()
def grpc_as_json(t):
    found = t.grpc.get_server_metadata(as_json=True)
    t.equal("server metadata", found["name"], "triton" if t.is_triton else "apus")
    t.expect("client has its module", grpcclient.InferInput is not None)
