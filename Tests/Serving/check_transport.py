"""Below the protocol: raw sockets, limits, TLS, clients that behave badly, the end of the server."""

import json
import re
import signal
import socket
import ssl
import subprocess
import time

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

import values
from harness import check, together
from repositories import small_models
from models import Model, add_sub, native

ROW = np.ones((1, 16), np.float32)
PAIR = {"INPUT0": ROW, "INPUT1": ROW}
BODY = json.dumps({"inputs": [{"name": f"INPUT{i}", "shape": [1, 16], "datatype": "FP32", "data": [1] * 16} for i in (0, 1)]}).encode()


def exchange(t, data, port=None, wait=5):
    """What the server sends until it closes, or until nothing comes for `wait` seconds; None if it stays silent."""
    with socket.create_connection(("127.0.0.1", port or t.server.http_port), 10) as connection:
        connection.settimeout(wait)
        answer = b""
        try:
            connection.sendall(data)
            while got := connection.recv(65536):
                answer += got
        except TimeoutError:
            return answer or None
        except (ConnectionResetError, BrokenPipeError):
            return answer or b"reset"
        return answer or b"closed"


def post(length, body=BODY, head=b""):
    return (b"POST /v2/models/add_sub/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + length + b"\r\n"
            + head + b"\r\n" + body)


@check()
def malformed_http(t):
    """Each gets an answer of 4xx or a closed connection, within the time."""
    for label, data in [
            ("no HTTP", b"hello\r\n\r\n"), ("binary", bytes(range(256)) * 4 + b"\r\n\r\n"),
            ("bad version", b"GET / HTTP/9.9\r\n\r\n"), ("bad verb", b"F\x00O / HTTP/1.1\r\n\r\n"),
            ("header without colon", b"GET /v2 HTTP/1.1\r\nnothing\r\n\r\n"),
            ("negative length", post(b"-5")), ("length that is no number", post(b"abc")),
            ("huge length", post(b"99999999999999999999999")),
            ("bad chunk", b"POST /v2/models/add_sub/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            ("huge chunk", b"POST /v2/models/add_sub/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"),
            ("long header", b"GET /v2 HTTP/1.1\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n"),
            ("long path", b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n"),
            ("HTTP/2 on this port", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)),
            ("TLS on this port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))]:
        answer = exchange(t, data, wait=3)
        t.expect(label, answer is not None and (answer in (b"reset", b"closed") or re.match(rb"HTTP/1.[01] (4|5)\d\d", answer)),
                 answer and answer[:100])
    t.expect("still alive", t.server.request("GET", "/v2/health/live")[0] == 200)


@check()
def malformed_grpc(t):
    for label, data in [("HTTP/1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ("noise", b"\x00" * 100), ("preface only", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                        ("bad frame", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64)]:
        answer = exchange(t, data, port=t.server.grpc_port, wait=2)
        t.expect(label, label == "preface only" or answer is not None, answer and answer[:100])
    t.expect("still alive", t.grpc.is_server_live())


@check()
def connection_is_kept(t):
    with socket.create_connection(("127.0.0.1", t.server.http_port), 10) as connection:
        connection.settimeout(5)
        for i in range(3):
            connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = connection.recv(4096)
            t.expect(f"request {i}", answer.startswith(b"HTTP/1.1 200"), answer)
        connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while got := connection.recv(4096):
            answer += got
        t.expect("closed on demand", answer.startswith(b"HTTP/1.1 200"), answer)
    answer = exchange(t, b"GET /v2/health/live HTTP/1.0\r\n\r\n")
    t.expect("HTTP/1.0", answer and re.match(rb"HTTP/1.[01] 200", answer), answer)


@check()
def expect_continue(t):
    with socket.create_connection(("127.0.0.1", t.server.http_port), 10) as connection:
        connection.settimeout(5)
        connection.sendall(post(str(len(BODY)).encode(), b"", b"Expect: 100-continue\r\n"))
        first = connection.recv(4096)
        t.expect("100", first.startswith(b"HTTP/1.1 100"), first)
        connection.sendall(BODY)
        answer = b""
        while got := connection.recv(65536):
            answer += got
        t.expect("200", b"HTTP/1.1 200" in first + answer, answer[:100])


@check()
def slow_sender_harms_nobody(t):
    slow = [socket.create_connection(("127.0.0.1", t.server.http_port)) for _ in range(20)]
    for connection in slow:
        connection.sendall(post(str(len(BODY)).encode(), BODY[:50]))
    half = [socket.create_connection(("127.0.0.1", t.server.grpc_port)) for _ in range(20)]
    start = time.monotonic()
    for _ in range(20):
        values.http(t, "add_sub", PAIR)
    t.expect("others are served", time.monotonic() - start < 3, time.monotonic() - start)
    slow[0].sendall(BODY[50:])
    slow[0].settimeout(5)
    answer = slow[0].recv(65536)
    t.expect("and the slow one as well", answer.startswith(b"HTTP/1.1 200"), answer[:100])
    for connection in slow + half:
        connection.close()


@check()
def client_that_leaves(t):
    """Clients gone before their answer leave nothing behind."""
    before = t.server.descriptors()
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", t.server.http_port))
        connection.sendall(post(str(len(BODY)).encode()))
        connection.close()
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", t.server.http_port))
        connection.sendall(post(b"1000000", BODY))
        connection.close()
    time.sleep(1)
    t.expect("descriptors", t.server.descriptors() <= before + 8, (before, t.server.descriptors()))
    t.close_to("next one", values.http(t, "add_sub", PAIR).as_numpy("OUTPUT0"), ROW * 2)


@check("own", only="apus")
def size_limit(t):
    server = t.server.start([add_sub("add_sub")], ["--http-max-input-size=2000"])
    try:
        small = server.request("POST", "/v2/models/add_sub/infer", BODY)
        t.equal("below", small[0], 200)
        answer = exchange(Port(server), post(b"100000", BODY + b" " * (100_000 - len(BODY))))
        t.expect("above", answer and re.match(rb"HTTP/1.1 4\d\d|reset|closed", answer), answer and answer[:200])
    finally:
        t.equal("exit code", server.stop(), 0)


class Port:
    def __init__(self, server):
        self.server = server


def certificates(folder):
    """A root, a server's and a client's certificate signed by it."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    folder.mkdir(parents=True, exist_ok=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-days", 2,
            "-subj", "/CN=Checks root")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr",
                "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial",
                "-out", folder / f"{name}.crt", "-days", 2, "-extfile", folder / "names")
    return folder


@check("own")
def grpc_over_tls(t):
    c = certificates(t.server.folder / "tls")
    for mutual in (False, True):
        flags = ["--grpc-use-ssl=true", f"--grpc-server-cert={c}/server.crt", f"--grpc-server-key={c}/server.key"]
        if mutual:
            flags += ["--grpc-use-ssl-mutual=true", f"--grpc-root-cert={c}/ca.crt"]
        server = t.server.start([add_sub("add_sub")], flags)
        name = "mutual" if mutual else "TLS"
        try:
            url = f"localhost:{server.grpc_port}"
            own = {"private_key": f"{c}/client.key", "certificate_chain": f"{c}/client.crt"}
            with grpcclient.InferenceServerClient(url, ssl=True, root_certificates=f"{c}/ca.crt", **(own if mutual else {})) as client:
                found = client.infer("add_sub", values.inputs(grpcclient, PAIR), client_timeout=10)
                t.close_to(f"{name}: inference", found.as_numpy("OUTPUT0"), ROW * 2)
            with grpcclient.InferenceServerClient(f"127.0.0.1:{server.grpc_port}") as client:
                t.refused(f"{name}: plain text", lambda: client.is_server_live(client_timeout=3), ".")  # noqa: B023
            if mutual:
                with grpcclient.InferenceServerClient(url, ssl=True, root_certificates=f"{c}/ca.crt") as client:
                    t.refused("mutual: without certificate", lambda: client.is_server_live(client_timeout=3), ".")  # noqa: B023
        finally:
            t.equal(f"{name}: exit code", server.stop(), 0)


@check("own", only="apus")
def http_over_tls(t):
    """Triton has none."""
    c = certificates(t.server.folder / "tls")
    server = t.server.start([add_sub("add_sub")], [f"--http-server-cert={c}/server.crt",
                                                   f"--http-server-key={c}/server.key"], scheme="https")
    try:
        time.sleep(0.3)
        context = ssl.create_default_context(cafile=c / "ca.crt")
        with httpclient.InferenceServerClient(f"localhost:{server.http_port}", ssl=True, ssl_context_factory=lambda: context) as client:
            t.expect("ready", client.is_server_ready())
            found = client.infer("add_sub", values.inputs(httpclient, PAIR))
            t.close_to("inference", found.as_numpy("OUTPUT0"), ROW * 2)
        answer = exchange(Port(server), b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n", wait=3)
        t.expect("plain text is not answered", answer is None or not answer.startswith(b"HTTP/1.1 200"), answer)
    finally:
        t.equal("exit code", server.stop(), 0)


@check("own")
def ends_after_what_is_in_flight(t):
    server = t.server.start([native("slow", delay=700, batch=1), add_sub("add_sub")], ["--exit-timeout-secs=10",
                            *(["--drain-delay-secs=2"] if t.server.kind == "apus" else [])])
    client = grpcclient.InferenceServerClient(server.grpc_url)
    client.is_server_live()

    def slow():
        return client.infer("slow", values.inputs(grpcclient, {"INPUT0": np.array([[3]], np.int32)})).as_numpy("OUTPUT0").tolist()

    def over_http():
        return server.request("POST", "/v2/models/slow/infer",
                              b'{"inputs":[{"name":"INPUT0","shape":[1,1],"datatype":"INT32","data":[4]}]}')

    def end():
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        try:
            ready = server.request("GET", "/v2/health/ready", timeout=3)[0]
        except OSError:
            ready = "refused"
        try:
            live = server.request("GET", "/v2/health/live", timeout=3)[0]
        except OSError:
            live = "refused"
        try:
            known = server.request("POST", "/v2/models/add_sub/infer", BODY, timeout=3)
        except OSError:
            known = "refused"
        return ready, live, known
    first, second, (ready, live, known) = together(slow, over_http, end)
    t.equal("the request in flight is answered", first, [[3]])
    t.expect("over HTTP too", not isinstance(second, Exception) and second[0] == 200, second)
    t.expect("not ready any more", ready in (400, 503, "refused"), ready)
    t.equal("live", live, 200)
    t.expect("never an unknown model", known == "refused" or b"unknown model" not in known[2], known)
    t.expect("requests are still answered", known != "refused" and known[0] == 200, known)
    start = time.monotonic()
    server.process.wait(20)
    t.equal("exit code", server.process.returncode, 0)
    t.expect("in time", time.monotonic() - start < 12, time.monotonic() - start)
    client.close()


@check("own")
def second_signal_ends_at_once(t):
    server = t.server.start([native("slow", delay=5000, batch=1)], ["--exit-timeout-secs=30"])
    client = grpcclient.InferenceServerClient(server.grpc_url)
    client.async_infer("slow", values.inputs(grpcclient, {"INPUT0": np.array([[3]], np.int32)}), lambda result, error: None)
    time.sleep(0.2)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    start = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(3)
        t.expect("at once", True)
    except subprocess.TimeoutExpired:
        t.expect("at once", False, f"still there after {time.monotonic() - start:.1f} s")
        server.process.kill()
    client.close()


@check("own")
def exit_timeout(t):
    """Work that does not end does not hold the server beyond its time."""
    server = t.server.start([native("slow", delay=20_000, batch=1)], ["--exit-timeout-secs=3"])
    client = grpcclient.InferenceServerClient(server.grpc_url)
    client.async_infer("slow", values.inputs(grpcclient, {"INPUT0": np.array([[3]], np.int32)}), lambda result, error: None)
    time.sleep(0.2)
    start = time.monotonic()
    code = server.stop(18)
    seconds = time.monotonic() - start
    t.expect("within the time", seconds < (15 if t.is_triton else 5), seconds)
    t.expect("ends by itself", code is not None, code)
    client.close()


@check("own", only="apus")
def exit_during_a_load(t):
    """A signal does not wait for models beyond the time for the exit, and what is loaded in time is no failure."""
    warmup = """model_warmup { name: "w" batch_size: 1 inputs { key: "INPUT0" value {
        data_type: TYPE_INT32 dims: [ 1 ] zero_data: true } } }
        """
    for label, delay, flag, code in [("a load that ends", 1500, "--exit-timeout-secs=20", 0),
                                     ("a load that does not", 15_000, "--exit-timeout-secs=1", 1)]:
        server = t.server.start([native("slow", delay=delay, batch=1, more=warmup)], [flag], wait=False)
        time.sleep(0.7)
        start = time.monotonic()
        t.equal(f"{label}: exit code", server.stop(18), code)
        t.expect(f"{label}: in time", time.monotonic() - start < 4, time.monotonic() - start)


@check("own")
def start_up(t):
    server = t.server.start([add_sub(f"model_{i}") for i in range(20)])
    t.expect("20 small models within a second", server.ready_after < 1, server.ready_after)
    t.expect("gRPC is open when HTTP says ready", server.grpc_was_open)
    if not server.kind == "triton":
        t.expect("idle memory under 60 MB", server.resident_bytes() < 60_000_000, server.resident_bytes())
    t.equal("exit code", server.stop(), 0)


@check("own")
def models_that_fail_at_the_start(t):
    try:
        bad = t.server.start([add_sub("good"), Model("bad", 'name: "bad"\nnonsense: 3\n')])
        bad.stop()
        t.expect("a bad model ends the start", False)
    except RuntimeError as error:
        t.expect("a bad model ends the start", re.search("ended with [1-9]", str(error)), str(error)[-300:])
        log = (t.server.folder / str(t.server.count) / "log").read_text()
        t.expect("and is named", "bad" in log and "nonsense" in log, log[-300:])
    server = t.server.start([add_sub("good"), Model("bad", 'name: "bad"\nnonsense: 3\n')],
                            ["--exit-on-error=false", "--strict-readiness=false"])
    t.equal("or not, if asked", server.request("GET", "/v2/models/good/ready")[0], 200)
    t.equal("stop", server.stop(), 0)


@check("own")
def port_in_use(t):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        try:
            server = t.server.start([add_sub("good")], [f"--http-port={port}"], wait=False)
            code = server.process.wait(15)
            t.expect("an error", code not in (0, None) and code > 0, code)
            t.expect("that names the port", str(port) in server.tail() or "address" in server.tail().lower(), server.tail(5))
        except subprocess.TimeoutExpired:
            server.process.kill()
            t.expect("an error", False, "still running")


@check("own")
def switched_off(t):
    server = t.server.start(small_models(), ["--allow-grpc=false", "--allow-metrics=false"])
    t.equal("HTTP", server.request("GET", "/v2/health/ready")[0], 200)
    for name, port in [("gRPC", server.grpc_port), ("metrics", server.metrics_port)]:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            t.expect(f"no {name}", False)
        except OSError:
            t.expect(f"no {name}", True)
    t.equal("exit code", server.stop(), 0)
