"""Batching, queues, priorities, time-outs, instances, cancellation."""

import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient

import values
from harness import check, together

REJECTED = r"Request timeout expired"


def execution_count(t, model):
    time.sleep(0.1)
    return int(t.http.get_inference_statistics(model)["model_stats"][0]["execution_count"])


def batch(t, model, rows, width=2, **options):
    """The batch sizes that the rows of a request were executed in."""
    result = values.grpc(t, model, {"INPUT0": np.zeros((rows, width), np.float32)}, **options)
    return sorted(set(result.as_numpy("OUTPUT0").reshape(-1).tolist()))


def number(value):
    return {"INPUT0": np.array([[value]], np.int32)}


def send(t, model, value=1, **options):
    start = time.monotonic()
    found = values.grpc(t, model, number(value), **options).as_numpy("OUTPUT0")[0, 0]
    return int(found), time.monotonic() - start


class Sent:
    """Requests sent in a given order over one connection; when each came back."""

    def __init__(self, t):
        self.client, self.done, self.lock = t.grpc, {}, threading.Lock()
        self.start = time.monotonic()

    def send(self, name, model, value=1, **options):
        def finish(result, error):
            with self.lock:
                self.done[name] = (error or int(result.as_numpy("OUTPUT0")[0, 0]), time.monotonic() - self.start)
        call = self.client.async_infer(model, values.inputs(grpcclient, number(value)), finish, request_id=str(name), **options)
        time.sleep(0.02)
        return call

    def wait(self, count, seconds=10):
        limit = time.monotonic() + seconds
        while len(self.done) < count and time.monotonic() < limit:
            time.sleep(0.005)
        with self.lock:
            return dict(self.done)

    def order(self, count):
        return [name for name, _ in sorted(self.wait(count).items(), key=lambda item: item[1][1])]


@check("scheduling")
def default_scheduler(t):
    before = execution_count(t, "default")
    t.equal("a request is one execution", together(*[lambda: batch(t, "default", 2)] * 4), [[2]] * 4)
    t.equal("executions", execution_count(t, "default") - before, 4)
    t.equal("full batch", batch(t, "default", 8), [8])


@check("scheduling")
def preferred_sizes(t):
    before = execution_count(t, "batched")
    start = time.monotonic()
    found = together(*[lambda: batch(t, "batched", 1)] * 4)
    t.equal("four make a batch at once", found, [[4]] * 4)
    t.expect("without waiting", time.monotonic() - start < 0.25, time.monotonic() - start)
    t.equal("one execution", execution_count(t, "batched") - before, 1)
    start = time.monotonic()
    t.equal("two wait for the delay", together(*[lambda: batch(t, "batched", 1)] * 2), [[2]] * 2)
    t.expect("as long as it is", 0.25 < time.monotonic() - start < 0.6, time.monotonic() - start)
    t.equal("a preferred size at once", batch(t, "batched", 8), [8])


@check("scheduling")
def delayed_batches(t):
    start = time.monotonic()
    t.equal("eight fill the batch", together(*[lambda: batch(t, "delayed", 1)] * 8), [[8]] * 8)
    t.expect("without waiting", time.monotonic() - start < 0.35, time.monotonic() - start)
    found = together(lambda: batch(t, "delayed", 3), lambda: batch(t, "delayed", 4))
    t.equal("requests of several rows", found, [[7], [7]])
    found = together(lambda: batch(t, "delayed", 5), lambda: batch(t, "delayed", 4))
    t.equal("never beyond the maximum", sorted(found), [[4], [5]])


@check("scheduling")
def shapes_are_not_mixed(t):
    before = execution_count(t, "delayed")
    found = together(*[lambda w=w: batch(t, "delayed", 1, w) for w in (2, 3, 2, 3)])
    t.expect("answered", all(isinstance(f, list) for f in found), found)
    t.expect("at least two executions", execution_count(t, "delayed") - before >= 2)
    t.expect("no batch of four", [4] not in found, found)


@check("scheduling")
def batches_while_busy(t):
    """What comes while an execution runs is the next batch."""
    before = execution_count(t, "slow_batched")
    sent = Sent(t)
    for i in range(7):
        sent.send(i, "slow_batched", i)
    done = sent.wait(7)
    t.equal("each its own answer", {k: v[0] for k, v in done.items()}, {i: i for i in range(7)})
    t.equal("two executions", execution_count(t, "slow_batched") - before, 2)


@check("scheduling")
def instances(t):
    start = time.monotonic()
    together(*[lambda: send(t, "wide")] * 3)
    t.expect("three at once", time.monotonic() - start < 0.38, time.monotonic() - start)
    start = time.monotonic()
    together(*[lambda: send(t, "slow")] * 3)
    t.expect("one after the other with one", time.monotonic() - start > 0.58, time.monotonic() - start)


@check("scheduling")
def queue_size(t):
    sent = Sent(t)
    for i in range(5):
        sent.send(i, "slow_short_queue", i)
    done = sent.wait(5)
    errors = [v[0] for v in done.values() if not isinstance(v[0], int)]
    t.expect("some are refused", 1 <= len(errors) <= 3, done)
    t.expect("with the right words", errors and all("Exceeds maximum queue size" in e.message() and
                                                     e.status() == "StatusCode.UNAVAILABLE" for e in errors), errors)
    t.expect("at once", min([v[1] for v in done.values() if not isinstance(v[0], int)] or [9]) < 0.25, done)
    found = together(*[lambda: t.server.request("POST", "/v2/models/slow_short_queue/infer",
                                                b'{"inputs":[{"name":"INPUT0","shape":[1,1],"datatype":"INT32","data":[1]}]}')] * 6)
    refused = [f for f in found if f[0] != 200]
    t.expect("http 503", refused and all(f[0] == 503 and b"Exceeds maximum queue size" in f[2] for f in refused), found)


@check("scheduling")
def timeouts(t):
    sent = Sent(t)
    for i in range(3):
        sent.send(i, "slow_timeout", i)
    done = sent.wait(3)
    t.equal("the first runs", done[0][0], 0)
    late = [done[i][0] for i in (1, 2)]
    t.expect("those that wait too long are refused", all(not isinstance(e, int) and REJECTED in e.message() and
                                                          e.status() == "StatusCode.UNAVAILABLE" for e in late), late)
    sent = Sent(t)
    sent.send("first", "slow_timeout")
    sent.send("short", "slow_timeout", timeout=20_000)
    sent.send("asks for more", "slow_timeout", timeout=5_000_000)
    done = sent.wait(3)
    t.expect("a request may shorten", not isinstance(done["short"][0], int), done)
    t.expect("but not lengthen", not isinstance(done["asks for more"][0], int), done)
    status, _, body = together(lambda: send(t, "slow_timeout"), lambda: (time.sleep(0.05), t.server.request(
        "POST", "/v2/models/slow_timeout/infer",
        b'{"inputs":[{"name":"INPUT0","shape":[1,1],"datatype":"INT32","data":[1]}]}'))[1])[1]
    t.expect("http 503", status == 503 and REJECTED.encode() in body, (status, body))


@check("scheduling")
def timeouts_that_are_not_allowed(t):
    sent = Sent(t)
    sent.send("first", "slow_fixed_timeout", 1)
    sent.send("second", "slow_fixed_timeout", 2, timeout=10_000)
    done = sent.wait(2)
    t.equal("the request's own is ignored", [done["first"][0], done["second"][0]], [1, 2])


@check("scheduling")
def delayed_after_timeout(t):
    sent = Sent(t)
    for i in range(3):
        sent.send(i, "slow_delay_policy", i)
    t.equal("all are served", {k: v[0] for k, v in sent.wait(3).items()}, {i: i for i in range(3)})


@check("scheduling")
def priorities(t):
    sent = Sent(t)
    sent.send("busy", "slow_priority")
    sent.send("low", "slow_priority", priority=3)
    sent.send("default", "slow_priority")
    sent.send("high", "slow_priority", priority=1)
    t.equal("order", sent.order(4), ["busy", "high", "default", "low"])
    t.expect("beyond the levels", send(t, "slow_priority", priority=9)[0] == 1)


@check("scheduling")
def order_is_kept(t):
    sent = Sent(t)
    for i in range(6):
        sent.send(i, "slow_ordered", i)
    t.equal("order", sent.order(6), list(range(6)))


@check("scheduling")
def cancelled_requests(t):
    before = execution_count(t, "cancelled")
    failed = t.server.metric("nv_inference_request_failure", model="cancelled", reason="CANCELED")
    sent = Sent(t)
    sent.send("running", "cancelled")
    sent.send("next", "cancelled")
    waiting = sent.send("waiting", "cancelled")
    sent.send("last", "cancelled")
    waiting.cancel()
    done = sent.wait(4)
    t.expect("the client sees it", not isinstance(done["waiting"][0], int) and "CANCELLED" in str(done["waiting"][0].status()), done)
    t.equal("the others are served", [done["running"][0], done["last"][0]], [1, 1])
    t.equal("it was not run", execution_count(t, "cancelled") - before, 3)
    t.expect("counted", t.server.metric("nv_inference_request_failure", model="cancelled", reason="CANCELED") - failed <= 1)


@check("scheduling")
def pending_requests(t):
    sent = Sent(t)
    for i in range(4):
        sent.send(i, "slow", i)
    waiting = t.server.metric("nv_inference_pending_request_count", model="slow")
    sent.wait(4)
    t.expect("the gauge counts who waits", waiting in (2.0, 3.0), waiting)
    time.sleep(0.1)
    t.equal("and falls to none", t.server.metric("nv_inference_pending_request_count", model="slow"), 0.0)


@check("scheduling")
def ensembles_run_their_steps(t):
    before = execution_count(t, "slow_batched")
    start = time.monotonic()
    t.equal("an answer", send(t, "chain", 9)[0], 9)
    t.expect("both steps ran", 0.33 < time.monotonic() - start < 0.7, time.monotonic() - start)
    t.equal("through the model's own scheduler", execution_count(t, "slow_batched") - before, 1)
    start = time.monotonic()
    t.equal("several", [f[0] if isinstance(f, tuple) else f for f in together(*[lambda i=i: send(t, "chain", i) for i in range(3)])], [0, 1, 2])
    t.expect("steps overlap", time.monotonic() - start < 0.95, time.monotonic() - start)


@check("limited")
def rate_limiter(t):
    start = time.monotonic()
    together(*[lambda: send(t, "limited")] * 3)
    t.expect("two instances share what suffices for one", time.monotonic() - start > 0.43, time.monotonic() - start)
    start = time.monotonic()
    together(lambda: send(t, "limited"), lambda: send(t, "limited_too"))
    t.expect("across models", time.monotonic() - start > 0.29, time.monotonic() - start)
    start = time.monotonic()
    together(lambda: send(t, "limited"), lambda: send(t, "free"))
    t.expect("others are free", send(t, "free")[1] < 0.15)


@check("cache")
def response_cache(t):
    t.equal("miss", send(t, "cached", 1)[0], 1)
    time.sleep(0.1)
    found, seconds = send(t, "cached", 1)
    t.expect("hit without execution", found == 1 and seconds < 0.07, seconds)
    found, seconds = send(t, "cached", 2)
    t.expect("other values miss", found == 2 and seconds > 0.09, seconds)
    stats = t.http.get_inference_statistics("cached")["model_stats"][0]
    t.equal("counts", [stats["inference_stats"][k]["count"] for k in ("success", "cache_hit", "cache_miss")], [3, 1, 2])
    t.equal("a hit is no execution", int(stats["execution_count"]), 2)
    t.equal("nor an inference", int(stats["inference_count"]), 2)
    for name, value in [("nv_cache_num_hits_per_model", 1), ("nv_cache_num_misses_per_model", 2)]:
        t.equal(name, t.server.metric(name, model="cached", version="1"), float(value))
    for name in ("num_entries", "num_lookups", "num_hits", "num_misses", "num_evictions", "util"):
        t.expect(f"nv_cache_{name}", t.server.metric(f"nv_cache_{name}") is not None)
    found, seconds = send(t, "uncached", 1), send(t, "uncached", 1)
    t.expect("only where it is enabled", seconds[1] > 0.09, seconds)
    outputs = [grpcclient.InferRequestedOutput("OUTPUT0")]
    t.equal("ids are the request's", t.grpc.infer("cached", values.inputs(grpcclient, number(1)), request_id="own",
                                                   outputs=outputs).get_response().id, "own")


@check("cache")
def cached_ensemble(t):
    t.equal("miss", send(t, "cached_chain", 51)[0], 51)
    time.sleep(0.1)
    found, seconds = send(t, "cached_chain", 51)
    t.expect("hit", found == 51 and seconds < 0.07, seconds)


@check("cache")
def cache_is_bounded(t):
    """Larger than the cache: served, not kept."""
    x = np.zeros((1, 400_000), np.int32)
    for _ in range(2):
        t.same_array("answer", values.grpc(t, "cached", {"INPUT0": x}).as_numpy("OUTPUT0"), x)
    for i in range(12):
        x[0, 0] = i
        t.same_array(f"part {i}", values.grpc(t, "cached", {"INPUT0": x[:, :40_000]}).as_numpy("OUTPUT0"), x[:, :40_000])
    t.expect("something was evicted", t.server.metric("nv_cache_num_evictions") > 0, t.server.metric("nv_cache_num_evictions"))
