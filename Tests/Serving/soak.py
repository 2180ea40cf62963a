"""Mixed load for minutes or hours: every answer belongs to its request, memory and descriptors stay flat.

    soak.py --apus PATH --minutes 60 [--workers 8]

At once: inference over HTTP, gRPC and streams with values that name their request, sequences, ensembles, decoupled
models, loads and unloads, overrides, cancels, clients that are slow, leave or stop half way, malformed requests,
shared memory, statistics and metrics.
"""

import argparse
import collections
import pathlib
import random
import socket
import sys
import tempfile
import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from tritonclient.utils import InferenceServerException

import harness
import mutations
import oracle
import values
from models import (ONE_CPU, accumulator, add_sub, batch_teller, ensemble, identity, native, repeat, versioned, write)


def repository(folder):
    return write(folder, [
        add_sub("add_sub", more=ONE_CPU + "dynamic_batching { max_queue_delay_microseconds: 500 default_queue_policy "
                                           "{ default_timeout_microseconds: 5000000 } }\n"),
        add_sub("twin"), native("texts", "BYTES"), identity("strings", "BYTES", batch=0, dims=(-1, -1)), batch_teller("batch"),
        accumulator("sequence", "direct { }"), native("native"), native("slow", delay=30), repeat(), versioned("versions"),
        ensemble("pair", [("A", "FP32", [16]), ("B", "FP32", [16])], [("BACK", "FP32", [16])],
                 [("add_sub", {"INPUT0": "A", "INPUT1": "B"}, {"OUTPUT1": "d"}), ("twin", {"INPUT0": "d", "INPUT1": "B"}, {"OUTPUT0": "BACK"})])])


class Soak:
    def __init__(self, server, minutes):
        self.server, self.end = server, time.monotonic() + minutes * 60
        self.done, self.wrong = collections.Counter(), []
        self.lock, self.tickets = threading.Lock(), iter(range(1, 1 << 60))

    def going(self):
        return time.monotonic() < self.end and len(self.wrong) < 50 and self.server.process.poll() is None

    def ticket(self):
        with self.lock:
            return next(self.tickets)

    def note(self, what, right=True, detail=""):
        with self.lock:
            self.done[what] += 1
            if not right:
                self.wrong.append(f"{what}: {detail}")

    def worker(self, number):
        generator = random.Random(number)
        mine = Clients(self.server)
        acts = [(40, self.over_http), (40, self.over_grpc), (10, self.in_json), (10, self.strings), (10, self.through_pair),
                (10, self.stream), (8, self.sequence), (6, self.decoupled), (5, self.refused), (4, self.cancelled), (4, self.leaving),
                (4, self.half_open), (6, self.malformed), (3, self.observing), (2, self.many_rows)]
        kinds = [act for weight, act in acts for _ in range(weight)]
        while self.going():
            act = generator.choice(kinds)
            try:
                act(mine, generator)
            except Exception as error:  # noqa: BLE001 (each is a finding)
                self.note(act.__name__, False, f"{type(error).__name__} {error}"[:300])
                mine.close()
                mine = Clients(self.server)
        mine.close()

    def pair(self, n, rows=1):
        x = np.full((rows, 16), n % 8_000_000, np.float32)
        return {"INPUT0": x, "INPUT1": np.ones((rows, 16), np.float32)}

    def over_http(self, mine, _):
        n = self.ticket()
        arrays = self.pair(n)
        result = mine.http.infer("add_sub", values.inputs(httpclient, arrays), request_id=str(n))
        self.note("over_http", result.get_response()["id"] == str(n)
                  and (result.as_numpy("OUTPUT0") == arrays["INPUT0"] + 1).all(), f"{n}: {result.get_response()}")

    def over_grpc(self, mine, _):
        n = self.ticket()
        arrays = self.pair(n)
        result = mine.grpc.infer("add_sub", values.inputs(grpcclient, arrays), request_id=str(n), client_timeout=20)
        self.note("over_grpc", result.get_response().id == str(n)
                  and (result.as_numpy("OUTPUT1") == arrays["INPUT0"] - 1).all(), f"{n}")

    def many_rows(self, mine, generator):
        n = self.ticket()
        arrays = self.pair(n, generator.randrange(1, 9))
        found = mine.grpc.infer("add_sub", values.inputs(grpcclient, arrays), client_timeout=20).as_numpy("OUTPUT0")
        self.note("many_rows", found.shape == arrays["INPUT0"].shape and (found == arrays["INPUT0"] + 1).all(), f"{n}")

    def in_json(self, mine, _):
        n = self.ticket()
        arrays = self.pair(n)
        coding = [None, "gzip", "deflate"][n % 3]
        result = mine.http.infer("add_sub", values.inputs(httpclient, arrays, binary_data=False), request_id=str(n), outputs=[
            httpclient.InferRequestedOutput("OUTPUT0", binary_data=False)], request_compression_algorithm=coding,
            response_compression_algorithm=coding)
        self.note("in_json", result.get_response()["id"] == str(n) and (result.as_numpy("OUTPUT0") == arrays["INPUT0"] + 1).all(), f"{n}")

    def strings(self, mine, generator):
        first, rest = str(self.ticket()), generator.randbytes(generator.randrange(200))
        for client, module, model, second in ((mine.http, httpclient, "texts", rest), (mine.grpc, grpcclient, "texts", rest),
                                              (mine.grpc, grpcclient, "strings", rest.hex().encode())):
            x = np.array([[first.encode(), second]], np.object_)
            found = client.infer(model, values.inputs(module, {"INPUT0": x})).as_numpy("OUTPUT0")
            self.note("strings", np.array_equal(found, x), x)

    def through_pair(self, mine, _):
        n = self.ticket()
        arrays = self.pair(n)
        found = mine.grpc.infer("pair", values.inputs(grpcclient, {"A": arrays["INPUT0"], "B": arrays["INPUT1"]}), client_timeout=20)
        self.note("through_pair", (found.as_numpy("BACK") == arrays["INPUT0"]).all(), f"{n}")

    def stream(self, mine, generator):
        with values.Stream(mine) as stream:
            sent = {str(n): n for n in (self.ticket() for _ in range(generator.randrange(1, 20)))}
            for key, n in sent.items():
                stream.send("native", {"INPUT0": np.array([[n & 0x7FFFFFFF]], np.int32)}, request_id=key)
            for _ in sent:
                result = stream.result(20)
                n = sent[result.get_response().id]
                self.note("stream", int(result.as_numpy("OUTPUT0")[0, 0]) == n & 0x7FFFFFFF, f"{n}")

    def sequence(self, mine, generator):
        key, total = f"s{self.ticket()}", 0
        length = generator.randrange(2, 8)
        for i in range(length):
            step = generator.randrange(1000)
            total += step
            found = mine.grpc.infer("sequence", values.inputs(grpcclient, {"INPUT0": np.array([[step]], np.int32)}), sequence_id=key,
                                    sequence_start=i == 0, sequence_end=i == length - 1, client_timeout=30)
            self.note("sequence", int(found.as_numpy("OUTPUT0")[0, 0]) == total, key)

    def decoupled(self, mine, generator):
        n = self.ticket() & 0xFFFFFF
        numbers = np.arange(n, n + generator.randrange(1, 6), dtype=np.int32)
        with values.Stream(mine) as stream:
            stream.send("repeat", {"IN": numbers, "DELAY": np.ones(len(numbers), np.uint32), "WAIT": np.zeros(1, np.uint32)})
            found = [int(stream.result(20).as_numpy("OUT")[0]) for _ in numbers]
        self.note("decoupled", found == numbers.tolist(), (found, n))

    def refused(self, mine, _):
        x = np.zeros((1, 15), np.float32)
        for client, module in ((mine.http, httpclient), (mine.grpc, grpcclient)):
            try:
                client.infer("add_sub", values.inputs(module, {"INPUT0": x, "INPUT1": x}))
                self.note("refused", False, "was accepted")
            except InferenceServerException as error:
                self.note("refused", "unexpected shape" in str(error), error)

    def cancelled(self, mine, _):
        calls = [mine.grpc.async_infer("slow", values.inputs(grpcclient, {"INPUT0": np.array([[1]], np.int32)}),
                                       lambda result, error: None) for _ in range(3)]
        for call in calls:
            call.cancel()
        self.note("cancelled")

    def leaving(self, mine, _):
        connection = socket.create_connection(("127.0.0.1", self.server.http_port), 10)
        body = b'{"inputs":[{"name":"INPUT0","shape":[1,1],"datatype":"INT32","data":[1]}]}'
        connection.sendall(mutations.post("/v2/models/slow/infer", body)[:100_000])
        connection.close()
        self.note("leaving")

    def half_open(self, mine, generator):
        mine.held.append(socket.create_connection(("127.0.0.1", generator.choice([self.server.http_port, self.server.grpc_port])), 10))
        mine.held[-1].sendall(b"POST /v2/models/add_sub/infer HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{"[:generator.randrange(60)])
        if len(mine.held) > 10:
            mine.held.pop(0).close()
        self.note("half_open")

    def malformed(self, mine, generator):
        with socket.create_connection(("127.0.0.1", self.server.http_port), 10) as connection:
            connection.settimeout(10)
            try:
                connection.sendall(mutations.http(generator))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except TimeoutError:
                return self.note("malformed", False, "no answer")
            except OSError:
                pass
        self.note("malformed")

    def observing(self, mine, _):
        mine.http.get_inference_statistics()
        self.note("observing", "nv_inference_count" in self.server.metrics())

    def loads(self):
        """Loads and unloads without end; versions always answers a version that there is."""
        with httpclient.InferenceServerClient(self.server.http_url) as client, grpcclient.InferenceServerClient(self.server.grpc_url) as other:
            x = np.zeros((1, 4), np.float32)
            while self.going():
                try:
                    client.load_model("versions")
                    found = other.infer("versions", values.inputs(grpcclient, {"INPUT0": x}), client_timeout=20).as_numpy("OUTPUT0")
                    self.note("loads", found[0, 0] == 3, found)
                    (self.server.repository / "twin/config.pbtxt").touch()
                    client.load_model("twin")
                    client.unload_model("versions")
                    self.note("unloads")
                    time.sleep(0.2)
                except Exception as error:  # noqa: BLE001
                    self.note("loads", False, f"{type(error).__name__} {error}"[:300])


class Clients:
    """One worker's own connections."""

    def __init__(self, server):
        self.server, self.held = server, []
        self.http = httpclient.InferenceServerClient(server.http_url, connection_timeout=30, network_timeout=30)
        self.grpc = grpcclient.InferenceServerClient(server.grpc_url)

    def close(self):
        self.http.close()
        self.grpc.close()
        for connection in self.held:
            connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus")
    parser.add_argument("--triton", action="store_true")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--work", type=pathlib.Path)
    arguments = parser.parse_args()
    work = arguments.work or pathlib.Path(tempfile.mkdtemp(prefix="apus-soak-"))
    folder = repository(work / "repository")
    command = oracle.prepare() if arguments.triton else [arguments.apus, "serve"]
    server = harness.Server("triton" if arguments.triton else "apus", command, folder,
                            ["--model-control-mode=explicit", "--load-model=*"], work / "log")
    soak = Soak(server, arguments.minutes)
    threads = [threading.Thread(target=soak.worker, args=(i,), daemon=True) for i in range(arguments.workers)]
    threads.append(threading.Thread(target=soak.loads, daemon=True))
    for thread in threads:
        thread.start()
    samples, start = [], time.monotonic()
    while soak.going():
        time.sleep(min(10, max(1, arguments.minutes * 60 / 60)))
        if server.process.poll() is None:
            samples.append((time.monotonic() - start, server.resident_bytes(), server.descriptors(), server.threads()))
            if len(samples) % 12 == 0:
                print("%6.0f s  %4d MiB  %4d descriptors  %3d threads  %d done" % (
                    samples[-1][0], samples[-1][1] >> 20, *samples[-1][2:], sum(soak.done.values())), flush=True)
    for thread in threads:
        thread.join(60)
    findings = list(dict.fromkeys(soak.wrong))
    if any(thread.is_alive() for thread in threads):
        findings.append("a client never got its answer")
    if server.process.poll() is not None:
        findings.append(f"the server ended with {server.process.returncode}\n{server.tail()}")
    else:
        time.sleep(2)
        report(samples, server, findings)
        code = server.stop()
        if code != 0:
            findings.append(f"SIGTERM ends the server with {code}")
    print(", ".join(f"{k} {v}" for k, v in sorted(soak.done.items())))
    for finding in findings[:30]:
        print(f"FAIL {finding}")
    print(f"{sum(soak.done.values())} acts in {time.monotonic() - start:.0f} s, {len(findings)} findings; {work}")
    sys.exit(bool(findings))


def report(samples, server, findings):
    """Growth is judged between the second and the last quarter of the run."""
    quarter = max(1, len(samples) // 4)
    early, late = (sorted(s[1] for s in part)[len(part) // 2] for part in (samples[quarter:2 * quarter] or samples, samples[-quarter:]))
    print(f"memory {early >> 20} MiB in the second quarter, {late >> 20} MiB in the last; "
          f"{server.descriptors()} descriptors and {server.threads()} threads at rest")
    if late > early * 1.15 + (8 << 20):
        findings.append(f"memory grew from {early >> 20} to {late >> 20} MiB")
    if server.descriptors() > 200:
        findings.append(f"{server.descriptors()} descriptors are left open")


if __name__ == "__main__":
    main()
