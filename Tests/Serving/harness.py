"""Starts servers, runs checks against them and keeps what each found."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import traceback
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """One running server. `command` is what is put before the flags; `kind` is apus or triton."""

    def __init__(self, kind, command, repository, flags, log, environment=None, wait=True, scheme="http"):
        self.kind, self.log, self.repository = kind, pathlib.Path(log), pathlib.Path(repository)
        self.http_port, self.grpc_port, self.metrics_port = free_port(), free_port(), free_port()
        self.http_url = f"127.0.0.1:{self.http_port}"
        self.grpc_url = f"127.0.0.1:{self.grpc_port}"
        self.scheme = scheme
        own = ["--drain-delay-secs=0", "--allow-client-shm=true"] if kind == "apus" else []
        arguments = [*map(str, command), *own, f"--model-repository={repository}",
                     f"--http-port={self.http_port}", f"--grpc-port={self.grpc_port}",
                     f"--metrics-port={self.metrics_port}", *flags]
        self.started = time.monotonic()
        with open(self.log, "wb") as output:
            output.write((" ".join(arguments) + "\n").encode())
            output.flush()
            self.process = subprocess.Popen(
                arguments, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                env={**os.environ, **(environment or {})})
        self.ready_after = None
        if wait:
            self.wait_until_ready()

    @property
    def pid(self):
        return self.process.pid

    def wait_until_ready(self, seconds=30):
        """Until the server answers ready, or live where models are expected to fail."""
        while time.monotonic() - self.started < seconds:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.tail()}")
            try:
                with socket.create_connection(("127.0.0.1", self.http_port), 1) as connection:
                    if self.scheme != "http":
                        self.ready_after = time.monotonic() - self.started
                        return
                    connection.sendall(b"GET /v2/health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    if connection.recv(64).startswith(b"HTTP/1.1 200"):
                        self.ready_after = time.monotonic() - self.started
                        return self.wait_for_grpc()
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"not ready after {seconds} s:\n{self.tail()}")

    def wait_for_grpc(self):
        """Whether the gRPC port is open is noted once; waited for until it is, unless it is switched off."""
        self.grpc_was_open = None
        for _ in range(50):
            try:
                socket.create_connection(("127.0.0.1", self.grpc_port), 1).close()
                self.grpc_was_open = self.grpc_was_open is None
                return
            except OSError:
                self.grpc_was_open = False
                if "--allow-grpc=false" in self.process.args:
                    return
                time.sleep(0.02)

    def tail(self, lines=25):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, seconds=20):
        """Asks the server to end; returns its exit code, or None where it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return None
        return self.process.returncode

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def request(self, method, path, body=None, headers=None, port=None, timeout=30):
        """(status, headers, body) of one HTTP request."""
        url = f"http://127.0.0.1:{port or self.http_port}{path}"
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def metrics(self):
        return self.request("GET", "/metrics", port=self.metrics_port)[2].decode()

    def metric(self, name, **labels):
        """The value of the sample of that name whose labels include these, or None."""
        for line in self.metrics().splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name and all(f'{k}="{v}"' in (found[2] or "") for k, v in labels.items()):
                return float(found[3])
        return None


class Check:
    """What a check function gets: the server, Triton's clients for it, and ways to state what is expected."""

    def __init__(self, name, server, results):
        self.name, self.server, self.results = name, server, results
        self._clients = {}
        self.is_skipped = False

    @property
    def is_triton(self):
        return self.server.kind == "triton"

    @property
    def http(self):
        import tritonclient.http as client
        return self._client("http", lambda: client.InferenceServerClient(self.server.http_url, concurrency=16))

    @property
    def grpc(self):
        import tritonclient.grpc as client
        return self._client("grpc", lambda: client.InferenceServerClient(self.server.grpc_url))

    def _client(self, kind, make):
        if kind not in self._clients:
            self._clients[kind] = make()
        return self._clients[kind]

    def close(self):
        for client in self._clients.values():
            client.close()
        self._clients = {}

    def record(self, label, passed, detail=""):
        self.results.append((f"{self.name}: {label}" if label else self.name, bool(passed), str(detail)))
        return bool(passed)

    def skip(self, reason):
        """Says that the check cannot be made here, which is no statement that holds."""
        self.is_skipped = True
        SKIPPED.append((self.name, reason))

    def expect(self, label, condition, detail=""):
        return self.record(label, condition, detail)

    def equal(self, label, found, expected):
        same = found == expected
        return self.record(label, same, f"expected {expected!r}, found {found!r}")

    def close_to(self, label, found, expected, tolerance=1e-5):
        import numpy as np
        found, expected = np.asarray(found), np.asarray(expected)
        same = found.shape == expected.shape and np.allclose(found, expected, tolerance, tolerance, equal_nan=True)
        return self.record(label, same, f"expected {brief(expected)}, found {brief(found)}")

    def same_array(self, label, found, expected):
        import numpy as np
        same = (found is not None and found.shape == expected.shape and found.dtype == expected.dtype
                and np.array_equal(found.view(np.uint8) if found.dtype.kind not in "OSU" else found,
                                   expected.view(np.uint8) if expected.dtype.kind not in "OSU" else expected))
        return self.record(label, same, f"expected {brief(expected)}, found {brief(found)}")

    def refused(self, label, action, text, status=None):
        """`action` raises Triton's client exception whose message holds `text` (a regular expression)."""
        from tritonclient.utils import InferenceServerException
        try:
            found = action()
        except InferenceServerException as error:
            right = re.search(text, str(error.message())) and (
                status is None or str(error.status()) in (str(status), f"StatusCode.{status}"))
            return self.record(label, right, f"expected {status} /{text}/, found {error.status()} {error.message()!r}")
        except Exception as error:  # noqa: BLE001 (the client's own trouble is a finding too)
            return self.record(label, False, f"expected {status} /{text}/, raised {error!r}")
        return self.record(label, False, f"expected {status} /{text}/, was accepted: {brief(found)}")

    def answered(self, label, answer, status, text=None):
        """A raw HTTP answer (status, headers, body) has this status and a body that holds `text`."""
        found, _, body = answer
        right = found == status and (text is None or re.search(text, body.decode(errors="replace")))
        return self.record(label, right, f"expected {status} /{text}/, found {found} {body[:300]!r}")


def brief(value):
    text = repr(value)
    return text if len(text) < 200 else text[:200] + "…"


CHECKS = []
SKIPPED = []


def check(profile="main", only=None):
    """Registers a check against the servers of a profile; `only` names the one kind it makes sense for."""
    def register(function):
        subject = function.__module__.removeprefix("check_")
        CHECKS.append((profile, only, f"{subject}.{function.__name__}", function))
        return function
    return register


def run_check(name, function, server, results):
    state = Check(name, server, results)
    before = len(results)
    try:
        function(state)
        if len(results) == before and not state.is_skipped:
            state.record("", False, "the check states nothing")
    except Exception as error:  # noqa: BLE001
        where = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in where if pathlib.Path(f.filename).name.startswith("check_")), 0)
        state.record("runs", False, f"line {line}: {type(error).__name__}: {str(error)[:400]}")
    finally:
        state.close()


def together(*actions):
    """Runs the actions at once; returns results or exceptions in order."""
    results = [None] * len(actions)

    def run(index):
        try:
            results[index] = actions[index]()
        except Exception as error:  # noqa: BLE001
            results[index] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
