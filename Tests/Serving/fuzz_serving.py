"""Malformed requests by the thousand: the server answers or closes, and lives on with flat memory.

    fuzz_serving.py --apus PATH [--count 10000] [--seed 1] [--only KIND]

Kinds: http (bytes of requests), json (bodies), coding (compressed bodies), grpc (messages), frames (HTTP/2),
config (config.pbtxt through a load). What goes wrong is kept in --work and named by kind and number, so that
`--only KIND --number N` sends it again.
"""

import argparse
import collections
import pathlib
import random
import socket
import sys
import tempfile
import time

import grpc
import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

import harness
import mutations
import oracle
import values
from models import add_sub, identity, native, write

SHARES = {"http": 0.35, "json": 0.25, "coding": 0.06, "grpc": 0.2, "frames": 0.08, "config": 0.06}
BOUND = 6.0


class Target:
    """The server, and how one input of each kind is sent: returns what came back, in a word."""

    def __init__(self, server):
        self.server = server
        self.channel = grpc.insecure_channel(server.grpc_url)

    def raw(self, data, port, patient=None):
        """What is not answered is ended by the client after a moment; `patient` requests are complete and wait that long."""
        with socket.create_connection(("127.0.0.1", port), BOUND) as connection:
            connection.settimeout(patient or 0.3)
            first, open_end = b"", True
            try:
                connection.sendall(data)
                while True:
                    try:
                        answer = connection.recv(65536)
                    except TimeoutError:
                        if not open_end:
                            raise
                        open_end = False
                        connection.shutdown(socket.SHUT_WR)
                        connection.settimeout(BOUND)
                        continue
                    if not answer:
                        break
                    first = first or answer[:16]
                    connection.settimeout(0.05 if open_end and patient is None else BOUND)
            except TimeoutError:
                return "SILENT"
            except OSError:
                return "reset"
        return first[9:12].decode(errors="replace") if first.startswith(b"HTTP/1") else "closed" if not first else "bytes"

    def http(self, data, patient=None):
        return self.raw(data, self.server.http_port, patient)

    def json(self, content):
        path, body = content
        return self.http(mutations.post(path, body), BOUND)

    def coding(self, content):
        path, coding, body = content
        return self.http(mutations.post(path, body, {"Content-Encoding": coding}), BOUND)

    def frames(self, data):
        return self.raw(data, self.server.grpc_port)

    def grpc(self, content):
        method, message = content
        call = self.channel.stream_stream if method == "ModelStreamInfer" else self.channel.unary_unary
        call = call(f"/inference.GRPCInferenceService/{method}")
        try:
            if method == "ModelStreamInfer":
                return f"OK {sum(1 for _ in call(iter([message]), timeout=BOUND))}"
            call(message, timeout=BOUND)
            return "OK"
        except grpc.RpcError as error:
            return "SILENT" if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED else error.code().name

    def config(self, text):
        (self.server.repository / "fuzzed/config.pbtxt").write_bytes(text)
        return self.http(mutations.post("/v2/repository/models/fuzzed/load", b""), BOUND)

    def healthy(self):
        """A right request is answered rightly over both protocols."""
        x = np.arange(16, dtype=np.float32).reshape(1, 16)
        with httpclient.InferenceServerClient(self.server.http_url, network_timeout=BOUND) as client:
            found = client.infer("add_sub", values.inputs(httpclient, {"INPUT0": x, "INPUT1": x}))
        if not (found.as_numpy("OUTPUT0") == 2 * x).all():
            return False
        with grpcclient.InferenceServerClient(self.server.grpc_url) as client:
            found = client.infer("add_sub", values.inputs(grpcclient, {"INPUT0": x, "INPUT1": x}), client_timeout=BOUND)
        return (found.as_numpy("OUTPUT0") == 2 * x).all() and self.server.request("GET", "/v2/health/live", timeout=BOUND)[0] == 200


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus")
    parser.add_argument("--triton", action="store_true")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SHARES)
    parser.add_argument("--number", type=int)
    parser.add_argument("--work", type=pathlib.Path)
    arguments = parser.parse_args()
    work = arguments.work or pathlib.Path(tempfile.mkdtemp(prefix="apus-fuzz-"))
    work.mkdir(parents=True, exist_ok=True)
    repository = write(work / "repository", [
        add_sub("add_sub"), identity("strings", "BYTES", batch=0, dims=(-1, -1)), native("native"),
        identity("large", "FP32", batch=0, dims=(-1,)), identity("fuzzed", "FP32"), identity("part", "FP32", batch=0, dims=(4,))])
    command = oracle.prepare() if arguments.triton else [arguments.apus, "serve"]
    server = harness.Server("triton" if arguments.triton else "apus", command, repository,
                            ["--model-control-mode=explicit", "--load-model=*"], work / "log")
    findings = run(server, arguments, work)
    code = server.stop()
    if code != 0:
        findings.append(f"SIGTERM ends the server with {code}")
    for finding in findings:
        print(f"FAIL {finding}")
    print(f"{len(findings)} findings; {work}")
    sys.exit(bool(findings))


def settled(server):
    """Bytes that stay resident when the server has had nothing to do for a while."""
    if server.kind == "apus":
        time.sleep(12)
    return server.resident_bytes()


def run(server, arguments, work):
    target, findings, seen = Target(server), [], collections.Counter()
    sent, slow, start = 0, 0, time.monotonic()
    half_open = [socket.create_connection(("127.0.0.1", port)) for port in (server.http_port, server.grpc_port) for _ in range(10)]
    for i, connection in enumerate(half_open):
        connection.sendall(b"POST /v2/models/add_sub/infer HTTP/1.1\r\nContent-Le"[:i * 3])
    settled_memory, settled_descriptors = None, server.descriptors()
    kinds = [arguments.only] if arguments.only else list(SHARES)
    plan = [(kind, n) for kind in kinds
            for n in range(arguments.count if arguments.only else int(arguments.count * SHARES[kind]))]
    if arguments.number is not None:
        plan = [(arguments.only, arguments.number)]
    random.Random(arguments.seed).shuffle(plan)
    for kind, number in plan:
        content = getattr(mutations, kind)(random.Random(f"{arguments.seed} {kind} {number}"))
        began = time.monotonic()
        try:
            outcome = getattr(target, kind)(content)
        except OSError as error:
            outcome = f"ERROR {error}"
        took = time.monotonic() - began
        seen[kind, outcome] += 1
        sent += 1
        if outcome == "SILENT" or outcome.startswith("ERROR") or took > BOUND:
            slow += 1
            (work / f"{kind}-{number}").write_bytes(content if isinstance(content, bytes) else repr(content).encode())
            findings.append(f"{kind} {number}: {outcome} after {took:.1f} s")
        if server.process.poll() is not None:
            (work / f"{kind}-{number}").write_bytes(content if isinstance(content, bytes) else repr(content).encode())
            findings.append(f"{kind} {number} or one just before: the server ended with {server.process.returncode}\n{server.tail(8)}")
            return findings
        if slow > 20:
            findings.append("too many without answer, stopped")
            break
        if sent % 200 == 0 or sent == len(plan):
            try:
                if not target.healthy():
                    findings.append(f"after {sent}: a right request got a wrong answer")
            except Exception as error:  # noqa: BLE001
                findings.append(f"after {sent}: a right request failed: {error}")
        if settled_memory is None and sent >= len(plan) * 0.3:
            settled_memory = settled(server)
    for connection in half_open:
        connection.close()
    grown = settled(server) - (settled_memory or 0)
    # Of what large bodies took the allocator may keep some; what grows on and on is more.
    if settled_memory and grown > 48 << 20:
        findings.append(f"memory grew by {grown >> 20} MiB after the first third")
    if server.descriptors() > settled_descriptors + 10:
        findings.append(f"descriptors: {settled_descriptors} before, {server.descriptors()} after")
    for (kind, outcome), count in sorted(seen.items()):
        print(f"{kind:7} {outcome:22} {count}")
    print(f"{sent} inputs in {time.monotonic() - start:.0f} s; memory {server.resident_bytes() >> 20} MiB "
          f"({grown / (1 << 20):+.1f} after the first third), {server.descriptors()} descriptors, {server.threads()} threads")
    return findings


if __name__ == "__main__":
    main()
