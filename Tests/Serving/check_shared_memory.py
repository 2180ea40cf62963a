"""System shared memory: registering, using, bounds, errors."""

import json

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
import tritonclient.utils.shared_memory as shm

import values
from harness import check

SIZE = 256


class Regions:
    """Two regions of SIZE bytes that the server knows as `in` and `out`."""

    def __init__(self, client, register=True):
        self.client = client
        self.handles = [shm.create_shared_memory_region(n, f"/apus_check_{n}", SIZE) for n in ("in", "out")]
        if register:
            for name in ("in", "out"):
                client.register_system_shared_memory(name, f"/apus_check_{name}", SIZE)

    def __enter__(self):
        return self.handles

    def __exit__(self, *_):
        self.client.unregister_system_shared_memory()
        for handle in self.handles:
            shm.destroy_shared_memory_region(handle)


def ways(t):
    return [("http", t.http, httpclient), ("grpc", t.grpc, grpcclient)]


def infer(client, module, size_in=64, offset_in=0, size_out=64, offset_out=0, region_in="in", region_out="out",
          model="identity_fp32", shape=(1, 16)):
    tensor = module.InferInput("INPUT0", list(shape), "FP32")
    tensor.set_shared_memory(region_in, size_in, offset=offset_in)
    wanted = module.InferRequestedOutput("OUTPUT0")
    wanted.set_shared_memory(region_out, size_out, offset=offset_out)
    return client.infer(model, [tensor], outputs=[wanted])


@check()
def status(t):
    for name, client, _ in ways(t):
        with Regions(client):
            if name == "http":
                found = client.get_system_shared_memory_status()
                t.equal("http", sorted(found, key=lambda r: r["name"]), [
                    {"name": n, "key": f"/apus_check_{n}", "offset": 0, "byte_size": SIZE} for n in ("in", "out")])
                t.equal("http, one", client.get_system_shared_memory_status("in"),
                        [{"name": "in", "key": "/apus_check_in", "offset": 0, "byte_size": SIZE}])
            else:
                found = client.get_system_shared_memory_status()
                t.equal("grpc", sorted(found.regions), ["in", "out"])
                region = client.get_system_shared_memory_status("in").regions["in"]
                t.equal("grpc, one", (region.name, region.key, region.offset, region.byte_size), ("in", "/apus_check_in", 0, SIZE))
            client.unregister_system_shared_memory("in")
            found = client.get_system_shared_memory_status()
            t.equal(f"{name}, one is unregistered", [r["name"] for r in found] if name == "http" else list(found.regions), ["out"])
        found = client.get_system_shared_memory_status()
        t.equal(f"{name}, all are unregistered", len(found if name == "http" else found.regions), 0)


@check()
def registering(t):
    for name, client, _ in ways(t):
        with Regions(client):
            t.refused(f"{name} twice", lambda: client.register_system_shared_memory("in", "/apus_check_in", SIZE),  # noqa: B023
                      "shared memory region 'in' already in manager")
            t.refused(f"{name} no such object", lambda: client.register_system_shared_memory("x", "/apus_nothing", SIZE),  # noqa: B023
                      "[Uu]nable to open shared memory region: '/apus_nothing'|shared memory region")
            t.refused(f"{name} larger than the object", lambda: client.register_system_shared_memory("x", "/apus_check_in", 1 << 20),  # noqa: B023
                      "size|region")
            t.refused(f"{name} offset beyond the object", lambda: client.register_system_shared_memory("x", "/apus_check_in", 64, offset=1 << 20),  # noqa: B023
                      "offset|size|region")
            for label, region, options in [("a part", "/apus_check_in", {"byte_size": 64, "offset": 64}),
                                           ("a key without slash", "apus_check_in", {"byte_size": SIZE})]:
                try:
                    client.register_system_shared_memory(label, region, **options)
                    t.expect(f"{name} {label}", True)
                except Exception as error:  # noqa: BLE001
                    t.expect(f"{name} {label}", False, error)
            client.unregister_system_shared_memory("nothing")
            t.expect(f"{name} unregistering what is not there is no error", True)


@check()
def reserved_names_and_paths(t):
    for key in ("/../etc/passwd", "/a/b", "", "/triton_python_backend_shm_region_1"):
        answer = t.server.request("POST", "/v2/systemsharedmemory/region/bad/register",
                                  json.dumps({"key": key, "offset": 0, "byte_size": 8}).encode())
        t.expect(f"key {key!r}", answer[0] >= 400, answer)
    for label, content in [("no key", {"offset": 0, "byte_size": 8}), ("no size", {"key": "/apus_check_in"}),
                           ("negative size", {"key": "/apus_check_in", "byte_size": -1, "offset": 0}),
                           ("huge offset", {"key": "/apus_check_in", "byte_size": 8, "offset": (1 << 64) - 4}),
                           ("not an object", [])]:
        answer = t.server.request("POST", "/v2/systemsharedmemory/region/bad/register", json.dumps(content).encode())
        t.expect(label, answer[0] >= 400, answer)


@check()
def use(t):
    x = np.arange(16, dtype=np.float32).reshape(1, 16)
    for name, client, module in ways(t):
        with Regions(client) as (source, target):
            shm.set_shared_memory_region(source, [x, -x])
            infer(client, module)
            t.same_array(f"{name} from the start", np.array(shm.get_contents_as_numpy(target, np.float32, [1, 16])), x)
            infer(client, module, offset_in=64, offset_out=128)
            t.same_array(f"{name} at offsets", np.array(shm.get_contents_as_numpy(target, np.float32, [1, 16], offset=128)), -x)
            tensor = module.InferInput("INPUT0", [1, 16], "FP32")
            tensor.set_shared_memory("in", 64)
            t.same_array(f"{name} input only", client.infer("identity_fp32", [tensor]).as_numpy("OUTPUT0"), x)
            wanted = module.InferRequestedOutput("OUTPUT0")
            wanted.set_shared_memory("out", SIZE)
            result = client.infer("identity_fp32", values.inputs(module, {"INPUT0": -x}), outputs=[wanted])
            t.same_array(f"{name} output only", np.array(shm.get_contents_as_numpy(target, np.float32, [1, 16])), -x)
            if name == "http":
                t.equal("http output has neither data nor a size", sorted(k for k in result.get_output("OUTPUT0") if k != "parameters"),
                        ["datatype", "name", "shape"])
            mixed = [*values.inputs(module, {"INPUT1": x})]
            first = module.InferInput("INPUT0", [1, 16], "FP32")
            first.set_shared_memory("in", 64)
            t.close_to(f"{name} one input of two", client.infer("add_sub", [first, *mixed]).as_numpy("OUTPUT0"), 2 * x)
            t.close_to(f"{name} the other first", client.infer("add_sub", [*mixed, first]).as_numpy("OUTPUT0"), 2 * x)


@check()
def bounds(t):
    for name, client, module in ways(t):
        with Regions(client):
            for label, options, text in [
                    ("unknown region", {"region_in": "x"}, "Unable to find shared memory region: 'x'"),
                    ("unknown region for the output", {"region_out": "x"}, "Unable to find shared memory region: 'x'"),
                    ("offset beyond the end", {"offset_in": 1000}, "Invalid offset for shared memory region: 'in'"),
                    ("size beyond the end", {"offset_in": 200}, r"Invalid offset \+ byte size for shared memory region: 'in'"),
                    ("size that wraps around", {"offset_in": 8, "size_in": (1 << 63) - 4}, "."),
                    ("input of a wrong size", {"size_in": 60}, "Expected 64, got 60|byte size"),
                    ("output too small", {"size_out": 32}, "shared memory|size|buffer")]:
                t.refused(f"{name} {label}", lambda: infer(client, module, **options), text)  # noqa: B023
            infer(client, module)
            t.expect(f"{name} still works", True)


@check(only="apus")
def unregister_right_after_an_answer(t):
    """Triton 2.51 says for a moment that the region is in use."""
    for name, client, module in ways(t):
        failed = 0
        for _ in range(30):
            with Regions(client):
                infer(client, module)
                try:
                    client.unregister_system_shared_memory("in")
                    client.unregister_system_shared_memory("out")
                except Exception:  # noqa: BLE001
                    failed += 1
        t.equal(f"{name}: refusals", failed, 0)


@check()
def unregistered_while_used(t):
    """The request in flight keeps its memory."""
    x = np.arange(16, dtype=np.float32).reshape(1, 16)
    with Regions(t.grpc) as (source, _):
        shm.set_shared_memory_region(source, [x])
        found = []
        for _ in range(20):
            tensor = grpcclient.InferInput("INPUT0", [1, 16], "FP32")
            tensor.set_shared_memory("in", 64)
            t.grpc.async_infer("identity_fp32", [tensor], lambda result, error: found.append((result, error)))
        try:
            t.grpc.unregister_system_shared_memory("in")
        except Exception:  # noqa: BLE001 (Triton may refuse)
            pass
        for _ in range(100):
            if len(found) == 20:
                break
            __import__("time").sleep(0.05)
        good = [r.as_numpy("OUTPUT0") for r, e in found if e is None]
        t.expect("answers are right or errors", len(found) == 20 and all((g == x).all() for g in good), len(found))


@check()
def cuda_shared_memory(t):
    status, _, body = t.server.request("GET", "/v2/cudasharedmemory/status")
    t.expect("status is a list", status == 200 and json.loads(body) == [], (status, body))
    answer = t.server.request("POST", "/v2/cudasharedmemory/region/x/register", json.dumps({
        "raw_handle": {"b64": "AAAA" * 21 + "AA=="}, "device_id": 0, "byte_size": 8}).encode())
    t.expect("a nonsense handle", answer[0] >= 400, answer)
    t.answered("unregister all", t.server.request("POST", "/v2/cudasharedmemory/unregister", b""), 200)
