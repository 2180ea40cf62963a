"""Ensembles: values through several models, errors of a step, what clients see."""

import numpy as np
import tritonclient.grpc as grpcclient

import values
from harness import check, together

A = np.arange(32, dtype=np.float32).reshape(2, 16)
B = np.ones((2, 16), np.float32)


@check()
def values_through_steps(t):
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        result = send(t, "pair", {"A": A, "B": B})
        t.close_to(f"{protocol} first step", result.as_numpy("SUM"), A + B)
        t.close_to(f"{protocol} second step", result.as_numpy("BACK"), A - B)
        t.equal(f"{protocol} one output", send(t, "pair", {"A": A, "B": B}, ["BACK"]).as_numpy("SUM"), None)
        t.close_to(f"{protocol} only the first step's", send(t, "pair", {"A": A, "B": B}, ["SUM"]).as_numpy("SUM"), A + B)
    found = values.http(t, "pair", {"A": A, "B": B}, ["BACK"], binary_in=False, binary_out=False)
    t.close_to("JSON", found.as_numpy("BACK"), A - B)
    result = values.grpc(t, "pair", {"A": A, "B": B}, request_id="whole").get_response()
    t.equal("header", (result.id, result.model_name, result.model_version), ("whole", "pair", "1"))


@check()
def seen_by_clients(t):
    found = t.http.get_model_metadata("pair")
    t.equal("inputs", [(i["name"], i["shape"]) for i in found["inputs"]], [("A", [-1, 16]), ("B", [-1, 16])])
    t.equal("no tensor of the inside", sorted(o["name"] for o in found["outputs"]), ["BACK", "SUM"])
    config = t.http.get_model_config("pair")
    t.equal("steps", [s["model_name"] for s in config["ensemble_scheduling"]["step"]], ["add_sub", "identity_fp32"])
    t.equal("maps", config["ensemble_scheduling"]["step"][1]["input_map"], {"INPUT0": "difference"})
    t.equal("version of a step", config["ensemble_scheduling"]["step"][0]["model_version"], -1)


@check()
def refusals(t):
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        t.refused(f"{protocol} shape", lambda: send(t, "pair", {"A": A[:, :5], "B": B[:, :5]}),  # noqa: B023
                  r"unexpected shape for input '[AB]' for model 'pair'. Expected \[-1,16\], got \[2,5\]")
        t.refused(f"{protocol} missing", lambda: send(t, "pair", {"A": A}), "expected 2 inputs but got 1 inputs for model 'pair'")  # noqa: B023
        t.refused(f"{protocol} batch", lambda: send(t, "pair", {"A": np.zeros((9, 16), np.float32), "B": np.zeros((9, 16), np.float32)}),  # noqa: B023
                  "batch-size must be <= 8 for 'pair'")
        t.refused(f"{protocol} the inside is not the client's", lambda: send(t, "pair", {"A": A, "B": B}, ["difference"]),  # noqa: B023
                  "unexpected inference output 'difference'")


@check()
def error_of_a_step(t):
    bad = {"A": np.arange(4, dtype=np.float32), "I": np.array([77], np.int64)}
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        t.refused(protocol, lambda: send(t, "failing", bad), "bound|range|index")  # noqa: B023
    good = {**bad, "I": np.array([3], np.int64)}
    t.close_to("a good one after", values.grpc(t, "failing", good).as_numpy("OUT"), [3])


@check()
def many_at_once(t):
    t.grpc.is_server_live()

    def one(i):
        x = np.full((1, 16), i, np.float32)
        return float(values.grpc(t, "pair", {"A": x, "B": B[:1]}).as_numpy("BACK")[0, 0])
    t.equal("each its own", together(*[lambda i=i: one(i) for i in range(24)]), [float(i - 1) for i in range(24)])


@check()
def classification(t):
    wanted = grpcclient.InferRequestedOutput("SUM", class_count=1)
    found = t.grpc.infer("pair", values.inputs(grpcclient, {"A": A, "B": B}), outputs=[wanted]).as_numpy("SUM")
    t.equal("of an ensemble's output", found.tolist(), [[b"16.000000:15"], [b"32.000000:15"]])
