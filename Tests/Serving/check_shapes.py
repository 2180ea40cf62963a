"""Shapes: none, zero, variable, reshaped, optional, ragged, large."""

import json

import numpy as np

import values
from harness import check, together


@check()
def zero_sizes(t):
    for datatype in ("FP32", "INT8", "BYTES", "BOOL"):
        x = np.zeros((2, 0), values.NUMPY[datatype])
        name = f"identity_{datatype.lower()}"
        for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
            result = send(t, name, {"INPUT0": x})
            y = result.as_numpy("OUTPUT0")
            t.equal(f"{protocol} {datatype}", None if y is None else y.shape, (2, 0))
        found = values.http(t, name, {"INPUT0": x}, ["OUTPUT0"], binary_in=False, binary_out=False)
        t.equal(f"JSON {datatype}", found.get_output("OUTPUT0"),
                {"name": "OUTPUT0", "datatype": datatype, "shape": [2, 0], "data": []})
    x = np.zeros((0, 3, 4), np.float32)
    t.equal("variable", values.http(t, "variable", {"INPUT0": x}).as_numpy("OUTPUT0").shape, (0, 3, 4))


@check()
def empty_batch(t):
    x = np.zeros((0, 4), np.float32)
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        t.refused(f"{protocol} batch of 0", lambda: send(t, "reshaped", {"INPUT0": x}),  # noqa: B023
                  r"batch|unexpected shape|byte size mismatch", None)


@check()
def scalars(t):
    x = np.array([[4.5]], np.float32)
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        t.same_array(f"{protocol} one", send(t, "scalar", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
        many = np.arange(5, dtype=np.float32).reshape(5, 1)
        t.same_array(f"{protocol} batch", send(t, "scalar", {"INPUT0": many}).as_numpy("OUTPUT0"), many)


@check()
def reshape(t):
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        t.same_array(protocol, send(t, "reshaped", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
        t.refused(f"{protocol}: the model's own shape", lambda: send(t, "reshaped", {"INPUT0": x.reshape(3, 2, 2)}),  # noqa: B023
                  r"unexpected shape for input 'INPUT0' for model 'reshaped'. Expected \[-1,4\], got \[3,2,2\]")


@check()
def variable_dimensions(t):
    for shape in [(1, 3, 1), (2, 3, 5), (7, 3, 2)]:
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        t.same_array(f"http {shape}", values.http(t, "variable", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
        t.same_array(f"grpc {shape}", values.grpc(t, "variable", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
    x = np.zeros((1, 4, 1), np.float32)
    t.refused("a fixed one among them", lambda: values.http(t, "variable", {"INPUT0": x}),
              r"unexpected shape for input 'INPUT0' for model 'variable'. Expected \[-1,3,-1\], got \[1,4,1\]", 400)


@check()
def optional_inputs(t):
    x = np.ones((2, 4), np.float32)
    y = np.full((2, 4), 3, np.float32)
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        result = send(t, "optional", {"INPUT0": x, "INPUT1": y})
        t.same_array(f"{protocol} with both", result.as_numpy("OUTPUT1"), y)
        result = send(t, "optional", {"INPUT0": x})
        t.same_array(f"{protocol} without", result.as_numpy("OUTPUT0"), x)
        t.equal(f"{protocol} without: the other output", result.as_numpy("OUTPUT1"), None)
    t.refused("the other is needed", lambda: values.http(t, "optional", {"INPUT1": y}), "INPUT0|expected", 400)
    before = t.http.get_inference_statistics("optional")["model_stats"][0]["execution_count"]
    found = together(*[lambda a=a: values.grpc(t, "optional", a) for a in (
        {"INPUT0": x, "INPUT1": y}, {"INPUT0": x}, {"INPUT0": x, "INPUT1": y}, {"INPUT0": x})])
    for i, expected in enumerate([y, None, y, None]):
        other = found[i].as_numpy("OUTPUT1")
        t.expect(f"together {i}", np.array_equal(found[i].as_numpy("OUTPUT0"), x) and (
            other is None if expected is None else np.array_equal(other, expected)), found[i])
    after = t.http.get_inference_statistics("optional")["model_stats"][0]["execution_count"]
    t.expect("requests of different inputs are not one batch", after - before >= 2, after - before)


@check()
def ragged_batches(t):
    rows = [np.arange(n, dtype=np.float32).reshape(1, n) + 1 for n in (3, 1, 5, 2)]
    before = t.http.get_inference_statistics("ragged")["model_stats"][0]["execution_count"]
    t.grpc.is_server_live()
    found = together(*[lambda r=r: values.grpc(t, "ragged", {"INPUT0": r}) for r in rows])
    for row, result in zip(rows, found):
        if isinstance(result, Exception):
            t.expect(f"length {row.size}", False, result)
            continue
        t.close_to(f"sum of {row.size}", result.as_numpy("OUTPUT0"), [[row.sum()]])
        t.close_to(f"length of {row.size}", result.as_numpy("OUTPUT1"), [[row.size]])
    after = t.http.get_inference_statistics("ragged")["model_stats"][0]["execution_count"]
    t.expect("lengths share an execution", after - before < 4, after - before)


@check()
def large_tensors(t):
    for count in (1 << 18, 1 << 22):
        x = np.random.default_rng(1).standard_normal(count).astype(np.float32)
        t.same_array(f"http {count * 4 >> 20} MiB", values.http(t, "large", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
        t.same_array(f"grpc {count * 4 >> 20} MiB", values.grpc(t, "large", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
    x = np.arange(200_000, dtype=np.float32)
    found = values.http(t, "large", {"INPUT0": x}, ["OUTPUT0"], binary_in=False, binary_out=False)
    t.same_array("JSON of 200000 numbers", found.as_numpy("OUTPUT0"), x)


@check()
def nested_json(t):
    """Rows may be nested or flat."""
    for label, data in [("flat", [1, 2, 3, 4]), ("nested", [[1, 2], [3, 4]]), ("deeper", [[[1], [2]], [[3], [4]]])]:
        body = {"inputs": [{"name": "INPUT0", "shape": [2, 2], "datatype": "FP32", "data": data}]}
        status, _, answer = t.server.request("POST", "/v2/models/plain/infer", json.dumps(body).encode())
        t.equal(label, (status, json.loads(answer).get("outputs", [{}])[0].get("data", answer)), (200, [1, 2, 3, 4]))
