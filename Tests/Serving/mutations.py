"""Inputs for fuzz_serving.py: each function makes one from a random generator alone."""

import gzip as gzipping
import json as jsons
import struct
import zlib

import numpy as np
from tritonclient.grpc import service_pb2

import models

NUMBERS = [0, -1, 1, 2, 127, 255, 256, 65535, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63,
           (1 << 64) - 1, 1 << 64, -(1 << 63), 10**30, 1e308, -1e-300, 0.5]
WORDS = ["", "x", "a" * 5000, "\u0000", "é\U0001F600", "../../etc/passwd", "%s%n", "INT32", "FP32", "BYTES", "inputs", "null", "-1"]
INFER = "/v2/models/add_sub/infer"


def post(path, body, headers=None):
    extra = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{extra}\r\n").encode() + body


def tensor(name, model_type="FP32", shape=(1, 16), data=None):
    return {"name": name, "shape": list(shape), "datatype": model_type, "data": data if data is not None else [1] * int(np.prod(shape))}


def requests():
    """(path, JSON) of right requests to each endpoint that takes a body."""
    pair = {"id": "a", "inputs": [tensor("INPUT0"), tensor("INPUT1")], "outputs": [
        {"name": "OUTPUT0", "parameters": {"binary_data": False, "classification": 2}}], "parameters": {"priority": 1, "timeout": 1000}}
    return [
        (INFER, pair), (INFER, {"inputs": pair["inputs"]}),
        ("/v2/models/strings/infer", {"inputs": [tensor("INPUT0", "BYTES", (1, 2), ["a", "b"])]}),
        ("/v2/models/native/infer", {"inputs": [tensor("INPUT0", "INT32", (1, 3))]}),
        ("/v2/models/strings/generate", {"INPUT0": ["a", "b"], "id": "x", "parameters": {"a": 1}}),
        ("/v2/models/native/generate_stream", {"INPUT0": [1, 2], "mode": "x"}),
        ("/v2/systemsharedmemory/region/r/register", {"key": "/apus_fuzz", "offset": 0, "byte_size": 64}),
        ("/v2/systemsharedmemory/unregister", {}), ("/v2/cudasharedmemory/region/r/register", {
            "raw_handle": {"b64": "AAAA" * 22}, "device_id": 0, "byte_size": 64}),
        ("/v2/trace/setting", {"trace_level": ["TIMESTAMPS"], "trace_rate": "1", "trace_count": "5", "log_frequency": "1"}),
        ("/v2/models/add_sub/trace/setting", {"trace_rate": None}),
        ("/v2/logging", {"log_verbose_level": 0, "log_info": True, "log_format": "default"}),
        ("/v2/repository/index", {"ready": True}),
        ("/v2/repository/models/fuzzed/load", {"parameters": {"config": jsons.dumps({
            "name": "fuzzed", "backend": "identity", "max_batch_size": 4,
            "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
            "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}]})}}),
        ("/v2/repository/models/fuzzed/unload", {"parameters": {"unload_dependents": True}})]


def value(random, depth=0):
    choice = random.randrange(9 if depth < 4 else 6)
    if choice < 2:
        return random.choice(NUMBERS)
    if choice < 4:
        return random.choice(WORDS)
    if choice < 6:
        return random.choice([None, True, False])
    if choice < 8:
        return [value(random, depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(WORDS[:4] + ["name", "shape", "data", "parameters"]): value(random, depth + 1) for _ in range(random.randrange(4))}


def changed(random, tree):
    """The tree with one place replaced, removed, doubled or renamed."""
    if isinstance(tree, dict) and tree and random.random() < 0.75:
        key = random.choice(list(tree))
        result = dict(tree)
        kind = random.randrange(6)
        if kind == 0:
            del result[key]
        elif kind == 1:
            result[random.choice(WORDS)] = result.pop(key)
        elif kind == 2:
            result[key] = value(random)
        else:
            result[key] = changed(random, tree[key])
        return result
    if isinstance(tree, list) and tree and random.random() < 0.75:
        index = random.randrange(len(tree))
        kind = random.randrange(5)
        if kind == 0:
            return tree[:index] + tree[index + 1:]
        if kind == 1:
            return tree[:index] + [tree[index]] * random.choice([2, 3, 500]) + tree[index + 1:]
        return tree[:index] + [changed(random, tree[index])] + tree[index + 1:]
    return value(random)


def noisy(random, data, most=6):
    """Bytes with some of them flipped, cut, doubled or exchanged for numbers."""
    data = bytearray(data)
    for _ in range(random.randrange(1, most)):
        if not data:
            return b""
        at = random.randrange(len(data))
        kind = random.randrange(7)
        if kind == 0:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del data[at:at + random.randrange(1, 20)]
        elif kind == 2:
            data[at:at] = data[at:at + random.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = random.randbytes(random.randrange(1, 9))
        elif kind == 4:
            data[at:at] = str(random.choice(NUMBERS)).encode()
        elif kind == 5:
            del data[at:]
        else:
            data[at:at] = random.choice([b"\r\n", b"\x00", b"{", b"[" * 50, b'"', b"\xff\xff\xff\xff", b"\r\n\r\n"])
    return bytes(data)


def text_of(random, tree):
    if random.random() < 0.03:
        depth = random.choice([90, 101, 5000, 200_000])
        opening, closing = random.choice([(b"[", b"]"), (b'{"a":', b"}")])
        return opening * depth + b"1" + closing * depth * random.randrange(2)
    text = jsons.dumps(tree).encode()
    return noisy(random, text, 3) if random.random() < 0.25 else text


def json(random):
    path, tree = random.choice(requests())
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        tree = changed(random, tree)
    return path, text_of(random, tree)


def binary_request(random):
    """A request whose tensors follow the JSON; sizes and header length may lie."""
    sizes = [random.choice([64, 64, 64, *map(int, NUMBERS[:16])]) for _ in range(2)]
    header = jsons.dumps({"inputs": [
        {"name": f"INPUT{i}", "shape": random.choice([[1, 16], [1, 16], [1 << 40, 1 << 30], [-1, 16], [0, 16]]), "datatype": "FP32",
         "parameters": {"binary_data_size": size}} for i, size in enumerate(sizes)],
        "parameters": {"binary_data_output": True}}).encode()
    body = header + bytes(random.choice([128, 128, 128, 0, 64, 127, 1000]))
    length = random.choice([len(header)] * 4 + [0, 1, -1, len(body), len(body) + 1, 1 << 31, 1 << 63, "x", ""])
    return post(INFER, body, {"Inference-Header-Content-Length": length})


def string_request(random):
    header = jsons.dumps({"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "BYTES", "parameters": {
        "binary_data_size": 12}}]}).encode()
    lengths = [random.choice([1, 1, 0, 2, 255, (1 << 31) - 1, (1 << 32) - 1]) for _ in range(2)]
    body = b"".join(struct.pack("<I", n) + b"ab"[:2] for n in lengths)
    return post("/v2/models/strings/infer", header + body, {"Inference-Header-Content-Length": len(header)})


def http(random):
    kind = random.randrange(10)
    if kind < 3:
        return binary_request(random)
    if kind < 4:
        return string_request(random)
    path, tree = random.choice(requests())
    data = post(path, jsons.dumps(tree).encode())
    if kind == 4:
        data = (f"{random.choice(['GET', 'HEAD', 'PUT', 'OPTIONS', 'TRACE', 'PATCH', 'DELETE', 'x' * 3000])} "
                f"{random.choice(['/', '/v2', '/v2/models/%00/infer', '/v2/models/' + 'a' * 70000, '*', '//', '/v2/models/../x', path + '?x=' + 'y' * 999])}"
                " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").encode()
    if kind == 5:
        body = jsons.dumps(tree).encode()
        chunks = b"".join(f"{random.choice([len(body[i:i + 50])] * 8 + [0, 1, 1 << 40, -3]):x}\r\n".encode() + body[i:i + 50] + b"\r\n"
                          for i in range(0, len(body), 50)) + b"0\r\n\r\n"
        return f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks
    return noisy(random, data)


def coding(random):
    path, tree = random.choice(requests()[:4])
    body = jsons.dumps(tree).encode()
    if random.random() < 0.05:
        body = b" " * (80 << 20) if random.random() < 0.3 else b"[" * 300_000
    name = random.choice(["gzip", "deflate"])
    coded = gzipping.compress(body) if name == "gzip" else zlib.compress(body)
    return path, random.choice([name, name, name, "gzip, gzip", "br", "x" * 300, ""]), noisy(random, coded) if random.random() < 0.8 else coded


def infer_message(random):
    request = service_pb2.ModelInferRequest(model_name=random.choice(["add_sub", "add_sub", "strings", "large", "native", "nothing", ""]),
                                            model_version=random.choice(["", "", "", "1", "-1", "x", "9" * 40]), id=random.choice(WORDS))
    def small(limits):
        return random.choice([n for n in NUMBERS if isinstance(n, int) and limits[0] <= n <= limits[1]])
    signed = (-(1 << 63), (1 << 63) - 1)
    for i in range(random.choice([2, 2, 2, 1, 0, 3])):
        entry = request.inputs.add(name=random.choice([f"INPUT{i}"] * 4 + ["IN", ""]), datatype=random.choice(["FP32"] * 4 + ["BYTES", "BOOL", "X"]),
                                   shape=random.choice([[1, 16]] * 4 + [[], [small(signed)], [small(signed), small(signed)], [1] * 2000]))
        kind = random.randrange(6)
        if kind < 3:
            request.raw_input_contents.append(bytes(random.choice([64, 64, 64, 0, 63, 1000])))
        elif kind == 3:
            entry.contents.fp32_contents.extend([1.0] * random.choice([16, 15, 0]))
        elif kind == 4:
            entry.contents.bytes_contents.extend([b"x"] * random.randrange(20))
        if random.random() < 0.2:
            entry.parameters[random.choice(["shared_memory_region", "binary_data_size", "x"])].string_param = random.choice(WORDS)
        if random.random() < 0.1:
            entry.parameters["shared_memory_byte_size"].int64_param = small(signed)
    for _ in range(random.choice([0, 0, 1, 2])):
        output = request.outputs.add(name=random.choice(["OUTPUT0", "OUTPUT1", "X", ""]))
        if random.random() < 0.4:
            output.parameters["classification"].int64_param = small(signed)
    for _ in range(random.choice([0, 0, 1, 3])):
        entry = request.parameters[random.choice(["sequence_id", "sequence_start", "priority", "timeout", "triton_x", "own", ""])]
        setattr(entry, *random.choice([("int64_param", small(signed)), ("bool_param", True), ("string_param", random.choice(WORDS)),
                                       ("double_param", 1e308), ("uint64_param", small((0, (1 << 64) - 1)))]))
    return request.SerializeToString()


def grpc(random):
    if random.random() < 0.75:
        message = infer_message(random)
        method = random.choice(["ModelInfer"] * 3 + ["ModelStreamInfer"])
    else:
        method = random.choice(["ModelMetadata", "ModelConfig", "ModelStatistics", "RepositoryIndex", "RepositoryModelLoad", "TraceSetting",
                                "LogSettings", "SystemSharedMemoryRegister", "SystemSharedMemoryUnregister", "CudaSharedMemoryRegister", "Nothing"])
        message = service_pb2.SystemSharedMemoryRegisterRequest(name=random.choice(WORDS), key=random.choice(WORDS), offset=random.choice(
            [n for n in NUMBERS if isinstance(n, int) and 0 <= n < 1 << 64]), byte_size=64).SerializeToString()
    return method, noisy(random, message) if random.random() < 0.6 else message


def frame(kind, flags, stream, payload, length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size & 0xFFFFFF)[1:] + bytes([kind & 255, flags & 255]) + struct.pack(">I", stream & 0xFFFFFFFF) + payload


def literal(name, text):
    def string(s):
        return (bytes([len(s)]) if len(s) < 127 else b"\x7f" + bytes([len(s) - 127 & 127])) + s
    return b"\x00" + string(name) + string(text)


def frames(random):
    """A connection of HTTP/2: right at the start, then less and less so."""
    head = b"".join(literal(k, v) for k, v in [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"x"),
                                                (b":path", b"/inference.GRPCInferenceService/" + random.choice([b"ServerLive", b"ModelInfer"])),
                                                (b"content-type", b"application/grpc"), (b"te", b"trailers")])
    body = random.choice([b"", infer_message(random)])
    parts = [frame(4, 0, 0, b""), frame(1, 4, 1, head),
             frame(0, 1, 1, struct.pack(">BI", random.choice([0, 0, 0, 1, 7]), random.choice([len(body)] * 4 + [len(body) + 5, 0xFFFFFFFF])) + body)]
    for _ in range(random.randrange(1, 5)):
        kind = random.randrange(8)
        if kind < 3:
            parts.insert(random.randrange(len(parts) + 1), frame(random.randrange(12), random.randrange(256), random.choice(
                [0, 1, 2, 3, 1 << 31, 0x7FFFFFFF]), random.randbytes(random.choice([0, 4, 5, 6, 8, 9, 100])), random.choice([None] * 4 + [0xFFFFFF])))
        elif kind == 3:
            parts.insert(1, frame(4, 0, 0, struct.pack(">HI", random.randrange(8), random.choice([0, 1, 0xFFFFFFFF, 0x7FFFFFFF]))))
        elif kind == 4:
            parts.append(frame(8, 0, random.choice([0, 1]), struct.pack(">I", random.choice([0, 1, 0x7FFFFFFF]))))
        elif kind == 5:
            parts.append(b"".join(frame(1, 4, 2 * i + 3, head) + frame(3, 0, 2 * i + 3, b"\0\0\0\x08") for i in range(random.choice([5, 300]))))
        elif kind == 6:
            parts.insert(1, frame(1, 0, 1, head[:30]) + b"".join(frame(9, 0, 1, b"\x00\x01a\x01b" * 50) for _ in range(random.choice([1, 100]))))
        else:
            parts[random.randrange(len(parts))] = noisy(random, parts[-1])
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    return (noisy(random, preface) if random.random() < 0.05 else preface) + b"".join(parts)


def config(random):
    source = random.choice([models.identity("fuzzed", "FP32").config, models.controls("fuzzed").config, models.ragged("fuzzed").config,
                            models.ensemble("fuzzed", [("A", "FP32", [4])], [("B", "FP32", [4])], [("part", {"INPUT0": "A"}, {"OUTPUT0": "B"})]).config])
    if random.random() < 0.05:
        return b"parameters { key: " + b"{" * random.choice([100, 100_000])
    words = source.split(" ")
    for _ in range(random.randrange(1, 5)):
        at = random.randrange(len(words))
        words[at] = random.choice(["", "{", "}", "[", "]", '"', "max_batch_size:", "# x\n", str(random.choice(NUMBERS)), random.choice(words), "'a' \"b\"",
                                   "TYPE_INT64", "\\x", "-inf", "0x" + "f" * 30, "dims: [ -1, 0, 99999999999 ]"])
    text = " ".join(words).encode()
    return noisy(random, text, 3) if random.random() < 0.4 else text
