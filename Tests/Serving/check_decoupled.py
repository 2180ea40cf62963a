"""Models that answer any number of times: gRPC streams, generate, generate_stream."""

import json
import time

import numpy as np

import values
from harness import check


def repeat(numbers, delay=0, wait=0):
    return {"IN": np.array(numbers, np.int32), "DELAY": np.full(len(numbers), delay, np.uint32),
            "WAIT": np.array([wait], np.uint32)}


@check()
def many_answers(t):
    with values.Stream(t) as stream:
        stream.send("repeat", repeat([5, 6, 7]), request_id="many")
        for i, number in enumerate([5, 6, 7]):
            result = stream.result()
            t.equal(f"answer {i}", (result.as_numpy("OUT").tolist(), result.as_numpy("IDX").tolist(),
                                    result.get_response().id), ([number], [i], "many"))
        t.expect("no more", stream.empty())


@check()
def no_answer(t):
    with values.Stream(t) as stream:
        stream.send("repeat", repeat([]))
        t.expect("nothing by default", stream.empty())
        stream.send("repeat", repeat([]), enable_empty_final_response=True, request_id="none")
        answer = stream.result().get_response()
        t.equal("an empty final one on demand", (answer.id, len(answer.outputs),
                                                 answer.parameters["triton_final_response"].bool_param), ("none", 0, True))


@check()
def final_flags(t):
    with values.Stream(t) as stream:
        stream.send("repeat", repeat([1, 2]), enable_empty_final_response=True)
        flags = [stream.result().get_response().parameters["triton_final_response"].bool_param for _ in range(3)]
        t.equal("only the last is final", flags, [False, False, True])


@check()
def answers_come_as_they_are_made(t):
    with values.Stream(t) as stream:
        start = time.monotonic()
        stream.send("repeat", repeat([1, 2, 3], delay=150))
        times = []
        for _ in range(3):
            stream.result()
            times.append(time.monotonic() - start)
        t.expect("one after the other", times[0] < 0.28 and times[2] > 0.4, times)


@check()
def several_at_once(t):
    with values.Stream(t) as stream:
        for i in range(4):
            stream.send("repeat", repeat([i * 10 + k for k in range(5)], delay=5), request_id=str(i))
        found = {}
        for _ in range(20):
            result = stream.result()
            found.setdefault(result.get_response().id, []).append(int(result.as_numpy("OUT")[0]))
        t.equal("each request has its own, in order", found, {str(i): [i * 10 + k for k in range(5)] for i in range(4)})


@check()
def square(t):
    with values.Stream(t) as stream:
        stream.send("square", {"IN": np.array([4], np.int32)})
        t.equal("n times n", [stream.result().as_numpy("OUT").tolist() for _ in range(4)], [[4]] * 4)
        t.expect("no more", stream.empty())


@check()
def through_an_ensemble(t):
    with values.Stream(t) as stream:
        stream.send("repeated", repeat([3, 4]))
        t.equal("answers", [stream.result().as_numpy("OUT").tolist() for _ in range(2)], [[3], [4]])


@check()
def unary_is_refused(t):
    t.refused("http", lambda: values.http(t, "repeat", repeat([1])), "decoupled|one-to-one", 501)
    t.refused("grpc", lambda: values.grpc(t, "repeat", repeat([1])), "decoupled|one-to-one", "UNIMPLEMENTED")


def generate(t, model, body, stream=False):
    path = f"/v2/models/{model}/generate{'_stream' if stream else ''}"
    return t.server.request("POST", path, json.dumps(body).encode() if not isinstance(body, bytes) else body)


def events(body):
    return [json.loads(part[6:]) for part in body.decode().split("\n\n") if part.startswith("data: ")]


@check()
def generate_once(t):
    status, headers, body = generate(t, "repeat", {"IN": [7], "DELAY": [0], "WAIT": 0, "id": "g"})
    t.equal("scalar", (status, headers.get("Content-Type"), json.loads(body)),
            (200, "application/json", {"model_name": "repeat", "model_version": "1", "id": "g", "OUT": 7, "IDX": 0}))
    status, _, body = generate(t, "identity_int32", {"INPUT0": [1, 2, 3]})
    t.answered("a model with batches", (status, None, body), 200 if status == 200 else 400, ".")
    found = json.loads(generate(t, "strings", {"INPUT0": "text"})[2])
    t.expect("strings", "error" in found or found.get("OUTPUT0") == "text", found)
    t.answered("parameters are kept apart", generate(t, "repeat", {
        "IN": [7], "DELAY": [0], "WAIT": 0, "temperature": 0.5, "mode": "x", "flag": True, "parameters": {"deep": 1}}), 200, '"OUT":7')


@check()
def generate_refuses(t):
    for label, body, text in [
            ("missing input", {"IN": [1]}, "expected 3 inputs but got 1"),
            ("wrong type", {"IN": ["a"], "DELAY": [0], "WAIT": 0}, "."),
            ("id is a number", {"IN": [1], "DELAY": [0], "WAIT": 0, "id": 1}, ".")]:
        t.answered(label, generate(t, "repeat", body), 400, text)
    for label, count in [("several answers", 2), ("no answer", 0)]:
        answer = generate(t, "repeat", {"IN": [1] * count, "DELAY": [0] * count, "WAIT": 0})
        t.expect(label, b"generate expects model to produce exactly 1 response" in answer[2], answer)
        t.expect(f"{label}: the status is an error", answer[0] >= 400, answer)
    t.answered("unknown model", generate(t, "nothing", {}), 404, "unknown model: 'nothing'")
    t.answered("malformed", generate(t, "repeat", b"{"), 400, "error")
    t.answered("wrong verb", t.server.request("GET", "/v2/models/repeat/generate"), 405)


@check()
def generate_streams(t):
    status, headers, body = generate(t, "repeat", {"IN": [4, 5, 6], "DELAY": [0, 0, 0], "WAIT": 0}, stream=True)
    t.equal("header", (status, headers.get("Content-Type")), (200, "text/event-stream; charset=utf-8"))
    t.equal("events", events(body), [{"model_name": "repeat", "model_version": "1", "OUT": n, "IDX": i}
                                     for i, n in enumerate([4, 5, 6])])
    status, headers, body = generate(t, "repeat", {"IN": [], "DELAY": [], "WAIT": 0}, stream=True)
    t.equal("no answer", (status, events(body)), (200, []))
    status, _, body = generate(t, "repeat", {"IN": [1]}, stream=True)
    t.answered("missing input", (status, None, body), 400, "expected 3 inputs but got 1")
    status, _, body = generate(t, "nothing", {"IN": [1]}, stream=True)
    t.answered("unknown model", (status, None, body), 404, "unknown model")


@check()
def events_come_as_they_are_made(t):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", t.server.http_port, timeout=10)
    start = time.monotonic()
    connection.request("POST", "/v2/models/repeat/generate_stream",
                       json.dumps({"IN": [1, 2, 3], "DELAY": [150] * 3, "WAIT": 0}))
    answer = connection.getresponse()
    times = []
    while line := answer.readline():
        if line.startswith(b"data: "):
            times.append(time.monotonic() - start)
    t.expect("one after the other", len(times) == 3 and times[0] < 0.28 and times[2] > 0.4, times)
    connection.close()


@check()
def client_that_leaves(t):
    """Leaving in the middle of a stream cancels the request and harms nobody else."""
    stream = values.Stream(t)
    stream.send("repeat", repeat(list(range(50)), delay=20))
    stream.result()
    stream.client.stop_stream(cancel_requests=True)
    stream.client.close()
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", t.server.http_port, timeout=10)
    connection.request("POST", "/v2/models/repeat/generate_stream",
                       json.dumps({"IN": list(range(50)), "DELAY": [20] * 50, "WAIT": 0}))
    connection.getresponse().readline()
    connection.close()
    with values.Stream(t) as other:
        other.send("repeat", repeat([1]))
        t.equal("others are served", other.result().as_numpy("OUT").tolist(), [1])
