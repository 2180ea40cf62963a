"""The classification extension: the best classes of an output as text."""

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

import values
from harness import check

SCORES = np.array([[0, 3, 1, 9, 2, 8, 5, 7, 4, 6, 10, 11, 0.5, -1, -2, -3]], np.float32)
ZERO = np.zeros((1, 16), np.float32)


def classes(t, protocol, model, arrays, output, count):
    module = httpclient if protocol == "http" else grpcclient
    client = t.http if protocol == "http" else t.grpc
    wanted = module.InferRequestedOutput(output, class_count=count)
    return client.infer(model, values.inputs(module, arrays), outputs=[wanted]).as_numpy(output)


@check()
def best_classes(t):
    for protocol in ("http", "grpc"):
        found = classes(t, protocol, "add_sub", {"INPUT0": SCORES, "INPUT1": ZERO}, "OUTPUT0", 3)
        t.equal(f"{protocol} with labels", found.tolist(),
                [[b"11.000000:11:label 11", b"10.000000:10:label 10", b"9.000000:3:label 3"]])
        found = classes(t, protocol, "add_sub", {"INPUT0": SCORES, "INPUT1": ZERO}, "OUTPUT1", 2)
        t.equal(f"{protocol} without labels", found.tolist(), [[b"11.000000:11", b"10.000000:10"]])
        found = classes(t, protocol, "add_sub", {"INPUT0": SCORES, "INPUT1": ZERO}, "OUTPUT0", 100)
        t.equal(f"{protocol} more than there are", found.shape, (1, 16))
        t.equal(f"{protocol} classes beyond the labels", [v.count(b":") for v in found[0][:12]], [2] * 11 + [1])


@check()
def batches(t):
    both = np.concatenate([SCORES, SCORES[:, ::-1]])
    for protocol in ("http", "grpc"):
        found = classes(t, protocol, "add_sub", {"INPUT0": both, "INPUT1": np.zeros_like(both)}, "OUTPUT1", 1)
        t.equal(protocol, found.tolist(), [[b"11.000000:11"], [b"11.000000:4"]])


@check()
def datatypes(t):
    for datatype, texts in [("INT32", [b"7:1", b"5:2"]), ("UINT8", [b"7:1", b"5:2"]), ("INT64", [b"7:1", b"5:2"]),
                            ("FP64", [b"7.000000:1", b"5.000000:2"]), ("UINT64", [b"7:1", b"5:2"]), ("INT8", [b"7:1", b"5:2"]),
                            ("UINT16", [b"7:1", b"5:2"])]:
        x = np.array([[1, 7, 5, 2]], values.NUMPY[datatype])
        t.equal(datatype, classes(t, "grpc", f"identity_{datatype.lower()}", {"INPUT0": x}, "OUTPUT0", 2).tolist(), [texts])


@check()
def json_form(t):
    result = t.http.infer("add_sub", values.inputs(httpclient, {"INPUT0": SCORES, "INPUT1": ZERO}), outputs=[
        httpclient.InferRequestedOutput("OUTPUT0", binary_data=False, class_count=1)])
    t.equal("an output", result.get_output("OUTPUT0"), {
        "name": "OUTPUT0", "datatype": "BYTES", "shape": [1, 1], "data": ["11.000000:11:label 11"]})


@check()
def without_batches(t):
    x = np.array([[1, 4], [3, 2]], np.float32)
    found = classes(t, "grpc", "plain", {"INPUT0": x}, "OUTPUT0", 2)
    t.expect("the largest first", found.reshape(-1)[0] in (b"4.000000:1",), found)
    one = classes(t, "grpc", "large", {"INPUT0": x.reshape(4)}, "OUTPUT0", 2)
    t.equal("one dimension", one.tolist(), [b"4.000000:1", b"3.000000:2"])


@check()
def refusals(t):
    x = np.array([["a", "b"]], np.object_)
    for protocol in ("http", "grpc"):
        t.refused(f"{protocol} of strings", lambda: classes(t, protocol, "strings", {"INPUT0": x}, "OUTPUT0", 1),  # noqa: B023
                  "BYTES|class result not available|type")
        empty = np.zeros((1, 0), np.float32)
        try:
            found = classes(t, protocol, "identity_fp32", {"INPUT0": empty}, "OUTPUT0", 2)
            t.expect(f"{protocol} of nothing", found is None or found.size == 0, found)
        except Exception as error:  # noqa: BLE001
            t.expect(f"{protocol} of nothing", "closed" not in str(error).lower(), error)
    t.expect("the server lives", t.server.request("GET", "/v2/health/live")[0] == 200)


@check(only="apus")
def nonsense_counts(t):
    for count in (-1, 0, 1 << 62):
        request = httpclient.InferRequestedOutput("OUTPUT0", class_count=1)
        request._parameters["classification"] = count
        try:
            t.http.infer("add_sub", values.inputs(httpclient, {"INPUT0": SCORES, "INPUT1": ZERO}), outputs=[request])
            t.expect(f"{count} is answered", True)
        except Exception as error:  # noqa: BLE001
            t.expect(f"{count} is answered", getattr(error, "status", lambda: "")() == "400", error)
