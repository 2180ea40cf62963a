"""Inference over gRPC: messages, errors, streams, cancellation, compression."""

import threading

import grpc
import numpy as np
import tritonclient.grpc as grpcclient
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

import values
from harness import check
from models import pick

ROW = np.arange(16, dtype=np.float32).reshape(1, 16)
PAIR = {"INPUT0": ROW, "INPUT1": np.ones((1, 16), np.float32)}


def message(model="add_sub", arrays=None, **fields):
    request = service_pb2.ModelInferRequest(model_name=model, **fields)
    for name, array in (PAIR if arrays is None else arrays).items():
        request.inputs.add(name=name, datatype="FP32", shape=array.shape)
        request.raw_input_contents.append(array.tobytes())
    return request



def call(t, request):
    try:
        return t.grpc._client_stub.ModelInfer(request, timeout=10)
    except grpc.RpcError as error:
        raise InferenceServerException(error.details(), status=str(error.code())) from None


@check()
def answers(t):
    answer = call(t, message(id="mine"))
    t.equal("header", (answer.id, answer.model_name, answer.model_version), ("mine", "add_sub", "1"))
    t.equal("outputs", [(o.name, o.datatype, list(o.shape)) for o in answer.outputs],
            [("OUTPUT0", "FP32", [1, 16]), ("OUTPUT1", "FP32", [1, 16])])
    t.equal("contents are raw", [len(c) for c in answer.raw_output_contents], [64, 64])
    t.equal("no typed contents", [o.HasField("contents") for o in answer.outputs], [False, False])
    request = message()
    request.outputs.add(name="OUTPUT1")
    t.equal("chosen output", [o.name for o in call(t, request).outputs], ["OUTPUT1"])
    t.equal("version", call(t, message("add_sub", model_version="1")).model_version, "1")
    t.equal("no id", call(t, message()).id, "")


@check()
def refusals(t):
    def changed(change, arrays=None, **fields):
        request = message(arrays=arrays, **fields)
        change(request)
        return lambda: call(t, request)

    def nothing(request):
        pass

    short = {"INPUT0": ROW[:, :15], "INPUT1": ROW[:, :15]}
    tall = {name: np.zeros((9, 16), np.float32) for name in PAIR}
    uneven = {"INPUT0": np.zeros((2, 16), np.float32), "INPUT1": ROW}
    for label, action, text, code in [
            ("unknown model", lambda: call(t, message("nothing")), "Request for unknown model: 'nothing' is not found", "NOT_FOUND"),
            ("unknown version", changed(nothing, model_version="9"), "version 9 is not found", "NOT_FOUND"),
            ("version that is no number", changed(nothing, model_version="x"), "version", "INVALID_ARGUMENT"),
            ("wrong width", changed(nothing, short), r"unexpected shape for input 'INPUT[01]' for model 'add_sub'. Expected \[-1,16\], got \[1,15\]", "INVALID_ARGUMENT"),
            ("batch too large", changed(nothing, tall), "batch-size must be <= 8 for 'add_sub'", "INVALID_ARGUMENT"),
            ("batches differ", changed(nothing, uneven), "batch size does not match other inputs for 'add_sub'", "INVALID_ARGUMENT"),
            ("missing input", changed(nothing, {"INPUT0": ROW}), "expected 2 inputs but got 1 inputs for model 'add_sub'", "INVALID_ARGUMENT"),
            ("unknown input", changed(nothing, {"INPUT0": ROW, "X": ROW}), "unexpected inference input 'X' for model 'add_sub'|INPUT1", "INVALID_ARGUMENT"),
            ("wrong datatype", changed(lambda r: setattr(r.inputs[0], "datatype", "INT32")),
             "inference input 'INPUT0' data-type is 'INT32', but model 'add_sub' expects 'FP32'", "INVALID_ARGUMENT"),
            ("unknown datatype", changed(lambda r: setattr(r.inputs[0], "datatype", "FLOAT")), ".", "INVALID_ARGUMENT"),
            ("short contents", changed(lambda r: r.raw_input_contents.__setitem__(0, b"1234")),
             "byte size mismatch for input 'INPUT0'|Expected 64, got 4", "INVALID_ARGUMENT"),
            ("one content too few", changed(lambda r: r.raw_input_contents.pop()), ".", "INVALID_ARGUMENT"),
            ("one content too many", changed(lambda r: r.raw_input_contents.append(b"x")), ".", "INVALID_ARGUMENT"),
            ("raw and typed", changed(lambda r: r.inputs[0].contents.fp32_contents.extend([1] * 16)), "contents", "INVALID_ARGUMENT"),
            ("wrong kind of typed contents", changed(lambda r: (r.ClearField("raw_input_contents"), [
                i.contents.int_contents.extend([1] * 16) for i in r.inputs])), ".", "INVALID_ARGUMENT"),
            ("negative shape", changed(lambda r: r.inputs[0].shape.__setitem__(0, -1)), ".", "INVALID_ARGUMENT"),
            ("huge shape", changed(lambda r: r.inputs[0].shape.__setitem__(1, 1 << 62)), ".", "INVALID_ARGUMENT"),
            ("unknown output", changed(lambda r: r.outputs.add(name="X")), "unexpected inference output 'X' for model 'add_sub'", "INVALID_ARGUMENT"),
            ("reserved parameter", changed(lambda r: r.parameters["triton_x"].__setattr__("bool_param", True)), "triton_|reserved", "INVALID_ARGUMENT"),
            ("sequence_id of a wrong type", changed(lambda r: r.parameters["sequence_id"].__setattr__("bool_param", True)), "sequence_id", "INVALID_ARGUMENT"),
            ("priority of a wrong type", changed(lambda r: r.parameters["priority"].__setattr__("string_param", "1")), "priority", "INVALID_ARGUMENT")]:
        t.refused(label, action, text, code)


@check()
def bytes_contents(t):
    def strings(raw):
        request = service_pb2.ModelInferRequest(model_name="strings")
        request.inputs.add(name="INPUT0", datatype="BYTES", shape=[1, 2])
        request.raw_input_contents.append(raw)
        return lambda: call(t, request)
    good = b"\x01\x00\x00\x00a\x02\x00\x00\x00bc"
    t.equal("well formed", strings(good)().raw_output_contents[0], good)
    for label, raw in [("cut off", good[:-1]), ("one element", good[:5]), ("three elements", good + good[:5]),
                       ("length too large", b"\xff\xff\xff\xff" + b"a" * 8), ("part of a length", good + b"\x01\x00")]:
        t.refused(label, strings(raw), r"string|byte|element|size", "INVALID_ARGUMENT")


@check()
def client_options(t):
    for coding in ("gzip", "deflate"):
        result = values.grpc(t, "add_sub", PAIR, compression_algorithm=coding)
        t.close_to(f"compressed with {coding}", result.as_numpy("OUTPUT0"), ROW + 1)
    result = values.grpc(t, "add_sub", PAIR, parameters={"a": 1, "b": "text", "c": True}, headers={"x-mine": "1"})
    t.close_to("parameters and headers", result.as_numpy("OUTPUT0"), ROW + 1)
    t.equal("as JSON", values.grpc(t, "add_sub", PAIR, request_id="j").get_response(as_json=True)["id"], "j")
    found = threading.Event()
    t.grpc.async_infer("add_sub", values.inputs(grpcclient, PAIR), lambda result, error: found.set())
    t.expect("asynchronous call", found.wait(5))
    with grpcclient.InferenceServerClient(t.server.grpc_url, keepalive_options=grpcclient.KeepAliveOptions(
            keepalive_time_ms=10_000, keepalive_timeout_ms=1000)) as client:
        t.expect("keep-alive options", client.is_server_live())
    t.refused("client time-out", lambda: values.grpc(t, "repeat", {
        "IN": np.ones(1, np.int32), "DELAY": np.zeros(1, np.uint32), "WAIT": np.zeros(1, np.uint32)}, client_timeout=5),
        "decoupled|one-to-one|unsupported", "UNIMPLEMENTED")


@check()
def stream_keeps_order(t):
    with values.Stream(t) as stream:
        for i in range(50):
            stream.send("identity_fp32", {"INPUT0": np.full((1, 3), i, np.float32)}, request_id=str(i))
        found = [stream.result() for _ in range(50)]
        for i, result in enumerate(found):
            if result.get_response().id != str(i):
                t.expect("in order", False, f"{result.get_response().id} at {i}")
                break
        else:
            t.expect("in order", True)
        t.expect("each with its own data", all(
            (r.as_numpy("OUTPUT0") == int(r.get_response().id)).all() for r in found))


@check()
def stream_errors_are_messages(t):
    """An error ends its request only; the stream goes on."""
    with values.Stream(t) as stream:
        stream.send("add_sub", {"INPUT0": ROW[:, :15], "INPUT1": ROW[:, :15]}, request_id="bad")
        result, error = stream.take()
        t.expect("the message", error is not None and "unexpected shape" in str(error), error)
        stream.send("nothing", PAIR, request_id="unknown")
        result, error = stream.take()
        t.expect("unknown model", error is not None and "unknown model" in str(error), error)
        stream.send("pick", {"INPUT0": np.arange(4, dtype=np.float32), "INPUT1": np.array([99], np.int64)}, request_id="late")
        result, error = stream.take()
        t.expect("failure of the model", error is not None, error)
        stream.send("add_sub", PAIR, request_id="good")
        t.close_to("and goes on", stream.result().as_numpy("OUTPUT0"), ROW + 1)


def raw_stream(server, requests, metadata=()):
    with grpc.insecure_channel(server.grpc_url) as channel:
        stub = __import__("tritonclient.grpc.service_pb2_grpc", fromlist=["x"]).GRPCInferenceServiceStub(channel)
        found = []
        try:
            for answer in stub.ModelStreamInfer(iter(requests), timeout=10, metadata=metadata):
                found.append(answer)
            return found, None
        except grpc.RpcError as error:
            return found, error


@check()
def stream_errors_carry_the_id(t):
    bad = message(arrays={"INPUT0": ROW[:, :15], "INPUT1": ROW[:, :15]}, id="bad one")
    found, error = raw_stream(t.server, [bad, message(id="good one")])
    t.equal("two answers, no status", (len(found), error), (2, None))
    t.equal("ids", sorted(f.infer_response.id for f in found), ["bad one", "good one"])
    by_id = {f.infer_response.id: f for f in found}
    t.expect("message", "unexpected shape" in by_id["bad one"].error_message, by_id["bad one"].error_message)
    t.equal("no message on the good one", by_id["good one"].error_message, "")


@check("own")
def stream_errors_as_status(t):
    """The header triton_grpc_error ends the stream with the status of what failed while it ran."""
    server = t.server.start([pick("pick")])
    try:
        def late():
            request = message("pick", {}, id="late")
            request.inputs.add(name="INPUT0", datatype="FP32", shape=[4])
            request.inputs.add(name="INPUT1", datatype="INT64", shape=[1])
            request.raw_input_contents.extend([bytes(16), np.int64([99]).tobytes()])
            return request
        found, error = raw_stream(server, [late()])
        t.equal("without the header a message", (len(found), error), (1, None))
        found, error = raw_stream(server, [late()], metadata=[("triton_grpc_error", "true")])
        t.expect("status", error is not None and error.code() not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE), (found, error))
    finally:
        t.equal("exit code", server.stop(), 0)


@check()
def final_response_flag(t):
    found, error = raw_stream(t.server, [message(id="x")])
    t.equal("one answer", (len(found), error), (1, None))
    t.equal("triton_final_response", found[0].infer_response.parameters["triton_final_response"].bool_param, True)


@check()
def failure_while_running(t):
    arrays = {"INPUT0": np.arange(4, dtype=np.float32), "INPUT1": np.array([99], np.int64)}
    t.refused("grpc", lambda: values.grpc(t, "pick", arrays), "bound|range|index")
    t.refused("http", lambda: values.http(t, "pick", arrays), "bound|range|index")
    arrays["INPUT1"][0] = 2
    t.close_to("a good one after", values.grpc(t, "pick", arrays).as_numpy("OUTPUT0"), [2])


@check()
def reserved_output_parameters(t):
    request = message()
    request.outputs.add(name="OUTPUT0").parameters["classification"].int64_param = 2
    answer = call(t, request)
    t.equal("classification", (answer.outputs[0].datatype, list(answer.outputs[0].shape)), ("BYTES", [1, 2]))
