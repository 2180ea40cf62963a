"""Every datatype through every way in and out: binary, JSON, gRPC, stream, asyncio, shared memory."""

import json

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.grpc.aio as grpcaio
import tritonclient.http as httpclient
import tritonclient.http.aio as httpaio
import tritonclient.utils.shared_memory as shm
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

import values
from harness import check
from values import NUMPY, RAW_BYTES, sample

WITHOUT_JSON = ("FP16", "BF16")


def model(datatype):
    return f"identity_{datatype.lower()}"


@check()
def http_binary(t):
    for datatype in NUMPY:
        x = sample(datatype)
        t.same_array(datatype, values.http(t, model(datatype), {"INPUT0": x}, ["OUTPUT0"]).as_numpy("OUTPUT0"), x)
        t.same_array(f"{datatype}, outputs not named",
                     values.http(t, model(datatype), {"INPUT0": x}).as_numpy("OUTPUT0"), x)


@check()
def http_json(t):
    for datatype in NUMPY:
        if datatype in WITHOUT_JSON:
            continue
        x = sample(datatype)
        found = values.http(t, model(datatype), {"INPUT0": x}, ["OUTPUT0"], binary_in=False, binary_out=False)
        output = found.get_output("OUTPUT0")
        t.expect(f"{datatype} is data, not bytes", "data" in output and "parameters" not in output, output.keys())
        y = found.as_numpy("OUTPUT0")
        if datatype == "BYTES":
            y = np.array([v.encode() if isinstance(v, str) else v for v in y.reshape(-1)], np.object_).reshape(y.shape)
        t.same_array(datatype, y, x)
        mixed = values.http(t, model(datatype), {"INPUT0": x}, ["OUTPUT0"], binary_in=False, binary_out=True)
        t.same_array(f"{datatype}, JSON in, binary out", mixed.as_numpy("OUTPUT0"), x)


@check()
def http_json_of_half(t):
    """FP16 and BF16 have no JSON form."""
    for datatype in WITHOUT_JSON:
        body = {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": datatype, "data": [1.0, 2.0]}]}
        t.answered(f"{datatype} in", t.server.request("POST", f"/v2/models/{model(datatype)}/infer",
                                                      json.dumps(body).encode()), 400,
                   f"receiving {datatype} data via JSON is not supported")
        t.refused(f"{datatype} out", lambda: values.http(
            t, model(datatype), {"INPUT0": sample(datatype)}, ["OUTPUT0"], binary_out=False),  # noqa: B023
            f"sending {datatype} data via JSON is not supported", 400)


@check()
def grpc_raw(t):
    for datatype in NUMPY:
        x = sample(datatype)
        result = values.grpc(t, model(datatype), {"INPUT0": x})
        t.same_array(datatype, result.as_numpy("OUTPUT0"), x)
        message = result.get_response()
        t.equal(f"{datatype}: header", (message.model_name, message.model_version, message.outputs[0].datatype,
                                        list(message.outputs[0].shape), len(message.raw_output_contents)),
                (model(datatype), "1", datatype, [2, 4], 1))


@check()
def grpc_typed_contents(t):
    """The fields of InferTensorContents instead of raw bytes."""
    fields = {"BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
              "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents",
              "UINT32": "uint_contents", "UINT64": "uint64_contents", "FP32": "fp32_contents",
              "FP64": "fp64_contents", "BYTES": "bytes_contents"}
    for datatype, field in fields.items():
        x = sample(datatype)
        request = service_pb2.ModelInferRequest(model_name=model(datatype), id="typed")
        tensor = request.inputs.add(name="INPUT0", datatype=datatype, shape=x.shape)
        getattr(tensor.contents, field).extend(x.reshape(-1).tolist())
        answer = t.grpc._client_stub.ModelInfer(request, timeout=10)
        t.same_array(datatype, grpcclient.InferResult(answer).as_numpy("OUTPUT0"), x)
        t.equal(f"{datatype}: id", answer.id, "typed")


@check()
def grpc_stream(t):
    with values.Stream(t) as stream:
        for datatype in NUMPY:
            x = sample(datatype)
            stream.send(model(datatype), {"INPUT0": x}, request_id=datatype)
            result = stream.result()
            t.same_array(datatype, result.as_numpy("OUTPUT0"), x)
            t.equal(f"{datatype}: id", result.get_response().id, datatype)


@check()
def asyncio_clients(t):
    async def over_http():
        async with httpaio.InferenceServerClient(t.server.http_url) as client:
            for datatype in NUMPY:
                x = sample(datatype)
                result = await client.infer(model(datatype), values.inputs(httpclient, {"INPUT0": x}))
                t.same_array(f"http {datatype}", result.as_numpy("OUTPUT0"), x)
            t.expect("http live", await client.is_server_live())
            t.equal("http metadata", (await client.get_model_metadata("add_sub"))["name"], "add_sub")

    async def over_grpc():
        async with grpcaio.InferenceServerClient(t.server.grpc_url) as client:
            for datatype in NUMPY:
                x = sample(datatype)
                result = await client.infer(model(datatype), values.inputs(grpcclient, {"INPUT0": x}))
                t.same_array(f"grpc {datatype}", result.as_numpy("OUTPUT0"), x)

            async def requests():
                for datatype in NUMPY:
                    yield {"model_name": model(datatype), "request_id": datatype,
                           "inputs": values.inputs(grpcclient, {"INPUT0": sample(datatype)})}
            found = {}
            async for result, error in client.stream_infer(requests()):
                found[result.get_response().id] = result if error is None else error
                if len(found) == len(NUMPY):
                    break
            for datatype in NUMPY:
                t.same_array(f"stream {datatype}", found[datatype].as_numpy("OUTPUT0"), sample(datatype))

    values.wait_for(over_http())
    values.wait_for(over_grpc())


@check()
def through_shared_memory(t):
    """Input from and output to one region each, over both protocols."""
    for protocol, client, module in [("http", t.http, httpclient), ("grpc", t.grpc, grpcclient)]:
        for datatype in NUMPY:
            x = sample(datatype)
            serialized = serialize_byte_tensor(x) if datatype == "BYTES" else x
            size = 4096
            source = shm.create_shared_memory_region("source", f"/apus_check_in_{protocol}", size)
            target = shm.create_shared_memory_region("target", f"/apus_check_out_{protocol}", size)
            try:
                shm.set_shared_memory_region(source, [serialized])
                client.register_system_shared_memory("source", f"/apus_check_in_{protocol}", size)
                client.register_system_shared_memory("target", f"/apus_check_out_{protocol}", size)
                tensor = module.InferInput("INPUT0", x.shape, datatype)
                used = (sum(len(v) + 4 for v in x.reshape(-1)) if datatype == "BYTES" else x.nbytes)
                tensor.set_shared_memory("source", used)
                wanted = module.InferRequestedOutput("OUTPUT0")
                wanted.set_shared_memory("target", size)
                result = client.infer(model(datatype), [tensor], outputs=[wanted])
                found = shm.get_contents_as_numpy(target, NUMPY[datatype], x.shape)
                t.same_array(f"{protocol} {datatype}", np.array(found), x)
                output = result.get_output("OUTPUT0")
                if protocol == "http":
                    t.expect(f"http {datatype}: no data in the answer", "data" not in output, output)
                else:
                    t.equal(f"grpc {datatype}: no data in the answer", result.get_response().raw_output_contents[0], b"")
                del found
            finally:
                client.unregister_system_shared_memory()
                shm.destroy_shared_memory_region(source)
                shm.destroy_shared_memory_region(target)


@check()
def bytes_of_any_content(t):
    """NUL and bytes that are no UTF-8 come back as they were sent."""
    x = np.array(RAW_BYTES, np.object_).reshape(2, 2)
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        t.same_array(f"native over {protocol}", send(t, "native", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
        t.same_array(f"NUL over {protocol}", send(t, "strings", {"INPUT0": x[:1]}).as_numpy("OUTPUT0"), x[:1])
        try:
            t.same_array(f"no UTF-8 over {protocol}", send(t, "strings", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
        except InferenceServerException as error:
            t.expect(f"no UTF-8 over {protocol}", False, error)
    request = json.dumps({"inputs": [{"name": "INPUT0", "shape": [1, 3], "datatype": "BYTES",
                                      "data": ["a\u0000b", "\"\\\n\t", "\U0001F600é"]}]})
    status, _, body = t.server.request("POST", "/v2/models/strings/infer", request.encode())
    t.equal("JSON escapes", (status, json.loads(body)["outputs"][0]["data"] if status == 200 else body),
            (200, ["a\u0000b", "\"\\\n\t", "\U0001F600é"]))


@check()
def bytes_without_text_as_json(t):
    """JSON cannot hold bytes that are no UTF-8: an error, never broken JSON."""
    x = np.array([[b"\xff\xfe"]], np.object_)
    try:
        found = values.http(t, "strings", {"INPUT0": x}, ["OUTPUT0"], binary_out=False)
        t.expect("valid JSON or an error", False, found.get_response())
    except InferenceServerException as error:
        t.expect("valid JSON or an error", error.status() in ("400", "500", "501", None), error)


@check()
def not_a_number(t):
    x = np.array([[np.nan, np.inf, -np.inf, -0.0, np.finfo(np.float32).tiny / 4, 3.4e38]], np.float32)
    t.same_array("binary", values.http(t, "identity_fp32", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
    t.same_array("grpc", values.grpc(t, "identity_fp32", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
    x = np.array([[1e-45, 1.17549435e-38, 16777217, 0.1, 1 / 3, 3.4028235e38]], np.float32)
    found = values.http(t, "identity_fp32", {"INPUT0": x}, ["OUTPUT0"], binary_in=False, binary_out=False)
    t.same_array("floats survive JSON", found.as_numpy("OUTPUT0"), x)
    y = np.array([[5e-324, 1.7976931348623157e308, 0.1, 1 / 3]], np.float64)
    found = values.http(t, "identity_fp64", {"INPUT0": y}, ["OUTPUT0"], binary_in=False, binary_out=False)
    t.same_array("doubles survive JSON", found.as_numpy("OUTPUT0"), y)
