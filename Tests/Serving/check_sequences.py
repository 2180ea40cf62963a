"""Sequences: routing, control inputs, implicit state, identifiers of both kinds, idle time."""

import time

import numpy as np
import tritonclient.grpc as grpcclient

import values
from harness import check, together


def one(value):
    return {"INPUT0": np.array([[value]], np.int32)}


def add(t, model, value, sequence, start=False, end=False, send=values.grpc, **options):
    result = send(t, model, one(value), sequence_id=sequence, sequence_start=start, sequence_end=end, **options)
    return int(result.as_numpy("OUTPUT0")[0, 0])


def play(t, model, sequence, numbers, send=values.grpc):
    return [add(t, model, n, sequence, i == 0, i == len(numbers) - 1, send) for i, n in enumerate(numbers)]


@check("sequences")
def sums(t):
    for model in ("direct", "oldest"):
        for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
            t.equal(f"{model} {protocol}", play(t, model, 101, [1, 2, 3, 4], send), [1, 3, 6, 10])
    t.equal("a start begins anew", [add(t, "direct", 5, 7, True), add(t, "direct", 5, 7, True), add(t, "direct", 1, 7, False, True)], [5, 5, 6])


@check("sequences")
def identifiers(t):
    for sequence in (1, (1 << 64) - 1, "text", "größe", "a" * 100):
        for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
            if protocol == "grpc" and sequence == (1 << 64) - 1:
                sequence = (1 << 63) - 1  # the client's message holds no larger one
            t.equal(f"{protocol} {str(sequence)[:20]}", play(t, "oldest", sequence, [1, 2, 3], send), [1, 3, 6])


@check("sequences")
def many_at_once(t):
    """More sequences than slots wait their turn; none sees another's state."""
    for model in ("direct", "oldest", "one_slot"):
        sequences = range(500, 507)
        t.grpc.is_server_live()
        found = together(*[lambda s=s: play(t, model, s, [s, 1, 2]) for s in sequences])  # noqa: B023
        t.equal(model, found, [[s, s + 1, s + 3] for s in sequences])


@check("sequences")
def initial_state(t):
    t.equal("from a file", play(t, "initial_file", 3, [1, 2]), [101, 103])


@check("sequences")
def refusals(t):
    for protocol, send in [("http", values.http), ("grpc", values.grpc)]:
        code = 400 if protocol == "http" else "INVALID_ARGUMENT"
        t.refused(f"{protocol} no start", lambda: add(t, "direct", 1, 9999, send=send),  # noqa: B023
                  r"inference request for sequence 9999 to model 'direct' must specify the START flag on the first request of the sequence", code)
        t.refused(f"{protocol} no identifier", lambda: send(t, "direct", one(1)),  # noqa: B023
                  "inference request to model 'direct' must specify a non-zero or non-empty correlation ID", code)
        t.refused(f"{protocol} batch of two", lambda: send(t, "direct", {"INPUT0": np.ones((2, 1), np.int32)},  # noqa: B023
                                                             sequence_id=5, sequence_start=True),
                  "inference request to model 'direct' must specify batch-size 1 due to requirements of sequence batcher", code)
        t.refused(f"{protocol} text without start", lambda: add(t, "direct", 1, "nobody", send=send),  # noqa: B023
                  "must specify the START flag", code)
    t.equal("after its end a sequence is forgotten", play(t, "direct", 77, [1, 2]), [1, 3])
    t.refused("so it needs a start", lambda: add(t, "direct", 1, 77), "START flag", "INVALID_ARGUMENT")


def control_values(t, model, sequence, **flags):
    result = values.grpc(t, model, one(5), sequence_id=sequence, **flags)
    return [result.as_numpy(f"OUT_{name}").reshape(-1).tolist()[0] for name in ("START", "END", "READY", "CORRID")]


@check("sequences")
def control_inputs(t):
    for model in ("controls", "controls_oldest"):
        t.equal(f"{model} start", control_values(t, model, 42, sequence_start=True), [1, -1.0, True, 42])
        t.equal(f"{model} middle", control_values(t, model, 42), [0, -1.0, True, 42])
        t.equal(f"{model} end", control_values(t, model, 42, sequence_end=True), [0, 2.0, True, 42])
    t.equal("start and end", control_values(t, "controls", 43, sequence_start=True, sequence_end=True), [1, 2.0, True, 43])
    t.equal("identifier as INT32", control_values(t, "controls_int32", 44, sequence_start=True, sequence_end=True)[3], 44)
    t.equal("identifier as text", control_values(t, "controls_string", "me", sequence_start=True, sequence_end=True)[3], b"me")
    t.refused("clients do not send control inputs", lambda: values.grpc(t, "controls", {
        **one(1), "START": np.array([[1]], np.int32)}, sequence_id=45, sequence_start=True), "unexpected inference input 'START'|expected 1 inputs", "INVALID_ARGUMENT")


@check("sequences")
def metadata(t):
    found = t.http.get_model_metadata("controls")
    t.equal("control inputs are not the client's", [i["name"] for i in found["inputs"]], ["INPUT0"])
    found = t.http.get_model_metadata("direct")
    t.equal("states are not either", ([i["name"] for i in found["inputs"]], [o["name"] for o in found["outputs"]]), (["INPUT0"], ["OUTPUT0"]))
    config = t.http.get_model_config("direct")["sequence_batching"]
    t.equal("config", (config["state"][0]["input_name"], config["max_sequence_idle_microseconds"], "direct" in config),
            ("STATE_IN", 60_000_000, True))
    t.expect("idle default", "oldest" in t.http.get_model_config("oldest")["sequence_batching"])


@check("sequences")
def idle_sequences(t):
    t.equal("begins", add(t, "idle", 1, 5, True), 1)
    t.equal("goes on", add(t, "idle", 1, 5), 2)
    time.sleep(1.2)
    t.refused("is dropped", lambda: add(t, "idle", 1, 5), "START flag", "INVALID_ARGUMENT")


@check("sequences")
def slot_of_an_idle_sequence(t):
    """Who waits for a slot gets the one of a sequence that has gone quiet."""
    t.equal("takes the only slot", add(t, "one_slot", 1, 61, True), 1)
    start = time.monotonic()
    t.equal("the next waits and is served", add(t, "one_slot", 7, 62, True, True, client_timeout=20), 7)
    t.expect("after the idle time", 1.0 < time.monotonic() - start < 8, time.monotonic() - start)


@check("sequences")
def over_a_stream(t):
    with values.Stream(t) as stream:
        for i in range(20):
            for sequence in (1001, 1002, "three"):
                stream.send("oldest", one(i), sequence_id=sequence, sequence_start=i == 0, sequence_end=i == 19,
                            request_id=f"{sequence}")
        found = {}
        for _ in range(60):
            result = stream.result()
            found.setdefault(result.get_response().id, []).append(int(result.as_numpy("OUTPUT0")[0, 0]))
    expected = [sum(range(i + 1)) for i in range(20)]
    for sequence in ("1001", "1002", "three"):
        t.equal(sequence, found.get(sequence), expected)


@check("sequences")
def batching_of_sequences(t):
    """The oldest strategy puts requests of different sequences into one execution."""
    before = t.http.get_inference_statistics("oldest")["model_stats"][0]
    with values.Stream(t) as stream:
        for i in range(10):
            for sequence in range(2001, 2005):
                stream.send("oldest", one(1), sequence_id=sequence, sequence_start=i == 0, sequence_end=i == 9)
        for _ in range(40):
            stream.result()
    after = t.http.get_inference_statistics("oldest")["model_stats"][0]
    t.expect("inferences", int(after["inference_count"]) - int(before["inference_count"]) >= 39, after["inference_count"])
    executions = int(after["execution_count"]) - int(before["execution_count"])
    t.expect("fewer executions", executions < 40, executions)


@check("sequences")
def client_helpers(t):
    result = grpcclient.InferInput("INPUT0", [1, 1], "INT32")
    result.set_data_from_numpy(np.array([[3]], np.int32))
    t.equal("async", together(lambda: add(t, "direct", 3, 888, True, True)), [3])
