"""Inference over HTTP: what the request may say and what the answer looks like."""

import gzip
import json
import socket
import zlib

import numpy as np
import tritonclient.http as httpclient

import values
from harness import check

PATH = "/v2/models/add_sub/infer"
ROW = np.arange(16, dtype=np.float32).reshape(1, 16)
PAIR = {"INPUT0": ROW, "INPUT1": np.ones((1, 16), np.float32)}


def tensor(name="INPUT0", data=None, **changes):
    return {"name": name, "shape": [1, 16], "datatype": "FP32", "data": data or list(range(16)), **changes}


def body(**changes):
    return {"inputs": [tensor(), tensor("INPUT1", [1] * 16)], **changes}


def post(t, content, path=PATH, **headers):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return t.server.request("POST", path, content, {k.replace("_", "-"): v for k, v in headers.items()})


@check()
def json_answer(t):
    status, headers, answer = post(t, body(id="my id"))
    t.equal("status", status, 200)
    t.equal("type", headers.get("Content-Type"), "application/json")
    found = json.loads(answer)
    t.equal("answer", found, {
        "id": "my id", "model_name": "add_sub", "model_version": "1",
        "outputs": [{"name": "OUTPUT0", "datatype": "FP32", "shape": [1, 16], "data": [float(i + 1) for i in range(16)]},
                    {"name": "OUTPUT1", "datatype": "FP32", "shape": [1, 16], "data": [float(i - 1) for i in range(16)]}]})
    t.expect("no id when none is given", "id" not in json.loads(post(t, body())[2]))
    t.equal("floats are written as floats", b"1.0" in answer, True)


@check()
def chosen_outputs(t):
    found = json.loads(post(t, body(outputs=[{"name": "OUTPUT1"}]))[2])
    t.equal("one", [o["name"] for o in found["outputs"]], ["OUTPUT1"])
    found = json.loads(post(t, body(outputs=[{"name": "OUTPUT1"}, {"name": "OUTPUT0"}]))[2])
    t.equal("both", sorted(o["name"] for o in found["outputs"]), ["OUTPUT0", "OUTPUT1"])
    t.answered("unknown", post(t, body(outputs=[{"name": "NOTHING"}])), 400,
               "unexpected inference output 'NOTHING' for model 'add_sub'")
    t.answered("none is all", post(t, body(outputs=[])), 200, "OUTPUT0.*OUTPUT1")


@check()
def binary_forms(t):
    status, headers, answer = post(t, body(parameters={"binary_data_output": True}))
    length = int(headers.get("Inference-Header-Content-Length", 0))
    t.equal("binary for all", (status, headers.get("Content-Type"), len(answer) - length),
            (200, "application/octet-stream", 128))
    t.same_array("values", np.frombuffer(answer[length:length + 64], np.float32), ROW[0] + 1)
    t.equal("size of each", [o["parameters"] for o in json.loads(answer[:length])["outputs"]],
            [{"binary_data_size": 64}] * 2)
    answer = post(t, body(outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": True}}, {"name": "OUTPUT1"}]))
    length = int(answer[1].get("Inference-Header-Content-Length", 0))
    found = json.loads(answer[2][:length])
    t.equal("one of two", [("data" in o) for o in found["outputs"]], [False, True])
    answer = post(t, body(parameters={"binary_data_output": True},
                          outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": False}}]))
    t.expect("an output may say no", b'"data"' in answer[2], answer[2][:200])


def binary_request(first, second, sizes=None):
    sizes = sizes or (len(first), len(second))
    header = json.dumps({"inputs": [
        {"name": f"INPUT{i}", "shape": [1, 16], "datatype": "FP32", "parameters": {"binary_data_size": size}}
        for i, size in enumerate(sizes)]}).encode()
    return header + first + second, str(len(header))


@check()
def binary_sizes(t):
    data = ROW.tobytes()
    content, length = binary_request(data, data)
    t.answered("right", post(t, content, Inference_Header_Content_Length=length), 200)
    for label, first, second, sizes, text in [
            ("input is short", data[:60], data, None, "byte size mismatch|unexpected size|Expected 64"),
            ("input is long", data + b"1234", data, None, "byte size mismatch|unexpected additional|Expected 64"),
            ("body is short", data, data[:10], (64, 64), "unexpected size for input 'INPUT1'"),
            ("body is long", data, data + b"more", (64, 64), "unexpected additional input data"),
            ("size is negative", data, data, (-64, 64), "."),
            ("size is huge", data, data, (1 << 62, 64), "unexpected size for input 'INPUT0'|."),
            ("size is no number", data, data, ("64", 64), ".")]:
        content, length = binary_request(first, second, sizes)
        t.answered(label, post(t, content, Inference_Header_Content_Length=length), 400, text)
    for wrong in ("99999", "-1", "abc", "18446744073709551616", "1"):
        content, _ = binary_request(data, data)
        t.answered(f"header length {wrong}", post(t, content, Inference_Header_Content_Length=wrong), 400, "error")


@check()
def raw_request(t):
    x = np.arange(4, dtype=np.float32)
    status, headers, answer = post(t, x.tobytes(), "/v2/models/large/infer", Inference_Header_Content_Length="0",
                                   Content_Type="application/octet-stream")
    length = int(headers.get("Inference-Header-Content-Length", 0))
    t.equal("variable dimension from the size", (status, answer[length:]), (200, x.tobytes()))
    answer = post(t, x.tobytes(), "/v2/models/reshaped/infer", Inference_Header_Content_Length="0")
    t.expect("batch of one", answer[0] == 200 and answer[2].endswith(x.tobytes()), answer)
    t.answered("two inputs", post(t, x.tobytes(), PATH, Inference_Header_Content_Length="0"), 400,
               "must only have 1 input|single input|raw")
    t.answered("two variable dimensions", post(t, x.tobytes(), "/v2/models/variable/infer",
                                               Inference_Header_Content_Length="0"), 400, "dimension|shape")
    t.answered("size that does not divide", post(t, b"12345", "/v2/models/large/infer",
                                                 Inference_Header_Content_Length="0"), 400, "size|byte")


@check()
def refused_requests(t):
    for label, content, text in [
            ("no inputs", {}, "expected 2 inputs but got 0|inputs"),
            ("one input", {"inputs": [tensor()]}, r"expected 2 inputs but got 1 inputs for model 'add_sub'"),
            ("unknown input", {"inputs": [tensor(), tensor("INPUT1"), tensor("X")]}, "unexpected inference input 'X'|expected 2 inputs but got 3"),
            ("wrong name", {"inputs": [tensor(), tensor("X")]}, "unexpected inference input 'X' for model 'add_sub'|INPUT1"),
            ("the same input twice", {"inputs": [tensor(), tensor()]}, "INPUT0|already exists|expected 2"),
            ("wrong datatype", {"inputs": [tensor(datatype="INT32"), tensor("INPUT1")]},
             "inference input 'INPUT0' data-type is 'INT32', but model 'add_sub' expects 'FP32'"),
            ("unknown datatype", {"inputs": [tensor(datatype="FLOAT"), tensor("INPUT1")]}, "datatype|data-type|invalid"),
            ("wrong width", {"inputs": [tensor(shape=[1, 15], data=[0] * 15), tensor("INPUT1", shape=[1, 15], data=[0] * 15)]},
             r"unexpected shape for input 'INPUT[01]' for model 'add_sub'. Expected \[-1,16\], got \[1,15\]"),
            ("wrong rank", {"inputs": [tensor(shape=[16]), tensor("INPUT1", shape=[16])]}, "unexpected shape|batch"),
            ("batch too large", {"inputs": [tensor(shape=[9, 16], data=[0] * 144), tensor("INPUT1", shape=[9, 16], data=[0] * 144)]},
             "inference request batch-size must be <= 8 for 'add_sub'"),
            ("batches differ", {"inputs": [tensor(shape=[2, 16], data=[0] * 32), tensor("INPUT1")]},
             "input 'INPUT[01]' batch size does not match other inputs for 'add_sub'"),
            ("negative shape", {"inputs": [tensor(shape=[-1, 16]), tensor("INPUT1")]}, "shape|negative|dimension"),
            ("huge shape", {"inputs": [tensor(shape=[1 << 40, 1 << 40]), tensor("INPUT1")]}, "."),
            ("too few elements", {"inputs": [tensor(data=[1]), tensor("INPUT1")]}, "."),
            ("too many elements", {"inputs": [tensor(data=[1] * 17), tensor("INPUT1")]}, "."),
            ("text for a number", {"inputs": [tensor(data=["a"] * 16), tensor("INPUT1")]}, "."),
            ("a null", {"inputs": [tensor(data=[None] * 16), tensor("INPUT1")]}, "."),
            ("no shape", {"inputs": [{"name": "INPUT0", "datatype": "FP32", "data": [1]}]}, "shape"),
            ("no name", {"inputs": [{"shape": [1, 16], "datatype": "FP32", "data": [1] * 16}]}, "name"),
            ("no datatype", {"inputs": [{"name": "INPUT0", "shape": [1, 16], "data": [1] * 16}]}, "datatype"),
            ("no data", {"inputs": [{"name": "INPUT0", "shape": [1, 16], "datatype": "FP32"}, tensor("INPUT1")]}, "data"),
            ("inputs is no list", {"inputs": {}}, "."),
            ("id is a number", body(id=5), "."),
            ("reserved parameter", body(parameters={"triton_mine": 1}), "triton_|reserved"),
            ("parameter is a list", body(parameters={"p": [1]}), "."),
            ("priority is text", body(parameters={"priority": "high"}), "."),
            ("both data and size", {"inputs": [tensor(parameters={"binary_data_size": 64}), tensor("INPUT1")]}, ".")]:
        t.answered(label, post(t, content), 400, text)


@check()
def request_ids_in_messages(t):
    content = {"id": "seven", "inputs": [tensor(shape=[9, 16], data=[0] * 144), tensor("INPUT1", shape=[9, 16], data=[0] * 144)]}
    t.answered("given", post(t, content), 400, r"\[request id: seven\] ")
    del content["id"]
    t.answered("not given", post(t, content), 400, r"\[request id: <id_unknown>\] ")


@check()
def unknown_models(t):
    t.answered("model", post(t, body(), "/v2/models/nothing/infer"), 404, "Request for unknown model: 'nothing' is not found")
    t.answered("version", post(t, body(), "/v2/models/add_sub/versions/9/infer"), 404, "version 9 is not found")
    t.answered("huge version", post(t, body(), "/v2/models/add_sub/versions/99999999999999999999/infer"), 400, "version|range")


@check()
def malformed_json(t):
    """400 with where it is wrong; nothing deep enough to overflow a stack."""
    for label, content in [("empty", b""), ("cut off", b'{"inputs": ['), ("no JSON", b"hello"), ("a list", b"[]"),
                           ("a number", b"7"), ("trailing text", json.dumps(body()).encode() + b"x"),
                           ("not UTF-8", b'{"id": "\xff\xfe"}'), ("lone quote", b'{"a'), ("bad escape", b'{"a": "\\q"}'),
                           ("NaN", b'{"inputs": [{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[NaN]}]}'),
                           ("deep lists", b'{"inputs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
                           ("deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000)]:
        t.answered(label, post(t, content), 400, '^{"error":')
    t.expect("still alive", t.server.request("GET", "/v2/health/live")[0] == 200)


@check(only="apus")
def position_of_malformed_json(t):
    answer = post(t, b'{\n  "inputs": [}\n}')
    t.answered("names line or offset", answer, 400, r"(line|offset|byte|column|position|at) ?:? ?\d+|\d+:\d+")


@check()
def compressed_requests(t):
    plain = json.dumps(body()).encode()
    for label, coded in [("gzip", gzip.compress(plain)), ("deflate", zlib.compress(plain)), ("identity", plain)]:
        t.answered(label, post(t, coded, Content_Encoding=label), 200, "OUTPUT0")
    t.expect("unknown coding", (answer := post(t, plain, Content_Encoding="br"))[0] in (400, 415, 501), answer)
    t.equal("and what is known", answer[1].get("Accept-Encoding"), "gzip, deflate")
    for coding in ("gzip", "deflate"):
        result = t.http.infer("add_sub", values.inputs(httpclient, PAIR), request_compression_algorithm=coding,
                              response_compression_algorithm=coding)
        t.close_to(f"client with {coding}", result.as_numpy("OUTPUT0"), ROW + 1)


@check()
def broken_compression(t):
    good = gzip.compress(json.dumps(body()).encode())
    for label, coded, coding in [("garbage", b"hello", "gzip"), ("empty", b"", "gzip"), ("cut off", good[:-12], "gzip"),
                                 ("wrong sum", good[:-8] + b"\0\0\0\0" + good[-4:], "gzip"), ("garbage", b"hello", "deflate")]:
        t.answered(f"{label} as {coding}", post(t, coded, Content_Encoding=coding), 400, "error")


@check()
def compressed_answers(t):
    for accepted, coding in [("gzip", "gzip"), ("deflate", "deflate"), ("gzip;q=0.2, deflate;q=0.9", "deflate"),
                             ("gzip, deflate;q=0.5", "gzip"), ("identity", None), ("br", None), ("gzip;q=0", None)]:
        status, headers, answer = post(t, body(), Accept_Encoding=accepted)
        t.equal(f"{accepted}: coding", (status, headers.get("Content-Encoding")), (200, coding))
        answer = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}[headers.get("Content-Encoding")](answer)
        t.expect(f"{accepted}: content", b"OUTPUT0" in answer, answer[:80])


@check()
def chunked_request(t):
    plain = json.dumps(body()).encode()
    with socket.create_connection(("127.0.0.1", t.server.http_port), 10) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode())
        for start in range(0, len(plain), 7):
            part = plain[start:start + 7]
            connection.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    t.expect("answered", answer.startswith(b"HTTP/1.1 200") and b"OUTPUT0" in answer, answer[:200])


@check()
def parameters_of_requests(t):
    for label, parameters in [("kinds", {"a": 1, "b": "text", "c": True, "d": 1.5}), ("priority", {"priority": 0}),
                              ("timeout", {"timeout": 10_000_000}), ("none", {})]:
        t.answered(label, post(t, body(parameters=parameters)), 200, "OUTPUT0")


@check()
def several_on_one_connection(t):
    """Requests sent at once on one connection are answered in order."""
    parts = [json.dumps(body(id=f"r{i}")).encode() for i in range(5)]
    text = b"".join(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(p)}\r\n\r\n".encode() + p for p in parts)
    text = text[:-len(parts[-1])] + parts[-1]
    with socket.create_connection(("127.0.0.1", t.server.http_port), 10) as connection:
        connection.sendall(text)
        connection.settimeout(5)
        answer = b""
        try:
            while answer.count(b'"id":"r') < 5:
                got = connection.recv(65536)
                if not got:
                    break
                answer += got
        except TimeoutError:
            pass
    places = [answer.find(f'"id":"r{i}"'.encode()) for i in range(5)]
    t.expect("all in order", all(p >= 0 for p in places) and places == sorted(places), places)
