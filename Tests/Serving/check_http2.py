"""The gRPC port below gRPC: frames in odd order and number, windows, limits; what other clients than gRPC's may send."""

import select
import socket
import struct
import time

import numpy as np
import tritonclient.grpc as grpcclient
from tritonclient.grpc import service_pb2

import values
from harness import check
from models import add_sub, identity
from mutations import frame, literal

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def head(method="ModelInfer", extra=()):
    fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", f"/inference.GRPCInferenceService/{method}".encode()),
              (b":authority", b"x"), (b"content-type", b"application/grpc"), (b"te", b"trailers"), *extra]
    return b"".join(literal(name, text) for name, text in fields)


def envelope(message=b""):
    return struct.pack(">BI", 0, len(message)) + message


def infer(rows=1, model="add_sub", width=16):
    request = service_pb2.ModelInferRequest(model_name=model)
    for name in ("INPUT0", "INPUT1") if model == "add_sub" else ("INPUT0",):
        shape = [rows, width] if model == "add_sub" else [width]
        request.inputs.add(name=name, datatype="FP32", shape=shape)
        request.raw_input_contents.append(np.ones(shape, np.float32).tobytes())
    return request.SerializeToString()


class Connection:
    """An HTTP/2 connection by hand."""

    def __init__(self, server, settings=b""):
        self.socket = socket.create_connection(("127.0.0.1", server.grpc_port), 10)
        self.socket.settimeout(10)
        self.buffer, self.closed = b"", False
        self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def send(self, data):
        """False once the server has closed."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            self.closed = True
            return False

    def frames(self, seconds=3, until=lambda kind, flags, stream, payload: False):
        """What comes until the condition holds or the time is over: [(kind, flags, stream, payload)]."""
        found, limit = [], time.monotonic() + seconds
        while True:
            while len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) < 9 + length:
                    break
                entry = (self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big") & 0x7FFFFFFF, self.buffer[9:9 + length])
                self.buffer = self.buffer[9 + length:]
                found.append(entry)
                if entry[0] == SETTINGS and not entry[1] & ACK:
                    self.send(frame(SETTINGS, ACK, 0, b""))
                if until(*entry):
                    return found
            if time.monotonic() > limit or self.closed:
                return found
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            try:
                got = self.socket.recv(1 << 18)
            except OSError:
                got = b""
            if not got:
                self.closed = True
            self.buffer += got

    def ended(self, stream=1, seconds=3):
        """Whether the stream ended by itself, and the frames."""
        found = self.frames(seconds, lambda kind, flags, s, _: s == stream and (kind == RESET or kind in (DATA, HEADERS) and flags & END_STREAM)
                            or kind == GOAWAY)
        return found

    def close(self):
        self.socket.close()


def alive(server):
    x = np.ones((1, 16), np.float32)
    with grpcclient.InferenceServerClient(server.grpc_url) as client:
        found = client.infer("add_sub", values.inputs(grpcclient, {"INPUT0": x, "INPUT1": x}), client_timeout=5)
    return (found.as_numpy("OUTPUT0") == 2).all()


def answered(found, stream=1):
    return any(kind == DATA and s == stream and len(p) > 5 for kind, _, s, p in found)


@check()
def by_hand(t):
    """A request in one piece, in single bytes, split over frames, padded, with priority."""
    message = envelope(infer())
    for label, data in [
            ("whole", frame(HEADERS, END_HEADERS, 1, head()) + frame(DATA, END_STREAM, 1, message)),
            ("headers in parts", frame(HEADERS, 0, 1, head()[:20]) + frame(CONTINUATION, 0, 1, head()[20:50]) + frame(CONTINUATION, END_HEADERS, 1, head()[50:])
             + frame(DATA, END_STREAM, 1, message)),
            ("data in parts", frame(HEADERS, END_HEADERS, 1, head()) + b"".join(frame(DATA, 0, 1, message[i:i + 3]) for i in range(0, len(message), 3))
             + frame(DATA, END_STREAM, 1, b"")),
            ("padded", frame(HEADERS, END_HEADERS | 8, 1, b"\x05" + head() + bytes(5)) + frame(DATA, END_STREAM | 8, 1, b"\x03" + message + bytes(3))),
            ("with priority", frame(HEADERS, END_HEADERS | 0x20, 1, bytes(4) + b"\x10" + head()) + frame(2, 0, 1, bytes(4) + b"\x01") + frame(DATA, END_STREAM, 1, message)),
            ("unknown frames", frame(0x55, 0xFF, 0, b"abc") + frame(HEADERS, END_HEADERS, 1, head()) + frame(0x77, 1, 1, b"") + frame(DATA, END_STREAM, 1, message))]:
        connection = Connection(t.server)
        connection.send(data)
        t.expect(label, answered(connection.ended()), label)
        connection.close()
    connection = Connection(t.server)
    for byte in frame(HEADERS, END_HEADERS, 1, head()) + frame(DATA, END_STREAM, 1, message):
        connection.send(bytes([byte]))
    t.expect("byte by byte", answered(connection.ended()))
    connection.close()


@check()
def pings_are_answered(t):
    connection = Connection(t.server)
    connection.send(frame(PING, 0, 0, b"12345678"))
    found = connection.frames(3, lambda kind, flags, s, p: kind == PING)
    t.expect("with their content", any(k == PING and f & ACK and p == b"12345678" for k, f, _, p in found), found)
    connection.close()


@check()
def windows_are_kept(t):
    """With a window of 100 bytes no more than these come until it is opened."""
    connection = Connection(t.server, struct.pack(">HI", 4, 100))
    connection.send(frame(HEADERS, END_HEADERS, 1, head()) + frame(DATA, END_STREAM, 1, envelope(infer(8))))
    found = connection.frames(1, lambda kind, flags, s, p: bool(flags & END_STREAM) and s == 1)
    size = sum(len(p) for k, _, s, p in found if k == DATA and s == 1)
    t.expect("stopped", size <= 100, size)
    connection.send(frame(WINDOW, 0, 1, struct.pack(">I", 1 << 20)))
    found = connection.ended()
    t.expect("and goes on", size + sum(len(p) for k, _, s, p in found if k == DATA and s == 1) > 1000, found[-1:])
    connection.close()
    connection, size = Connection(t.server), 0
    for i in range(6):
        message = envelope(infer(model="large", width=6000))
        connection.send(frame(HEADERS, END_HEADERS, 2 * i + 1, head()) + frame(DATA, 0, 2 * i + 1, message[:12_000])
                        + frame(DATA, END_STREAM, 2 * i + 1, message[12_000:]))
        size += sum(len(payload) for kind, _, _, payload in connection.frames(0.3) if kind == DATA)
    t.expect("the connection's window too", 50_000 < size <= 65535, size)
    connection.close()
    t.expect("alive", alive(t.server))


@check()
def wrong_frames(t):
    """Errors of a stream reset it, errors of the connection end it; nobody else notices."""
    start = frame(HEADERS, END_HEADERS, 1, head())
    for label, data in [
            ("even stream", frame(HEADERS, END_HEADERS, 2, head())), ("stream 0", frame(HEADERS, END_HEADERS, 0, head())),
            ("lower stream", frame(HEADERS, END_HEADERS, 5, head()) + frame(HEADERS, END_HEADERS, 3, head())),
            ("data on an idle stream", frame(DATA, 0, 7, b"x")), ("data on stream 0", frame(DATA, 0, 0, b"x")),
            ("frame too long", frame(DATA, 0, 1, b"x" * 10, length=0xFFFFFF) + bytes(20_000)),
            ("window of zero", start + frame(WINDOW, 0, 1, bytes(4))), ("window overflow", frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 2),
            ("short window", frame(WINDOW, 0, 0, b"ab")), ("short ping", frame(PING, 0, 0, b"abc")), ("short reset", start + frame(RESET, 0, 1, b"a")),
            ("settings of 5 bytes", frame(SETTINGS, 0, 0, b"12345")), ("settings on a stream", frame(SETTINGS, 0, 1, b"")),
            ("initial window too large", frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0x80000000))),
            ("continuation alone", frame(CONTINUATION, END_HEADERS, 1, head())), ("frame between headers", frame(HEADERS, 0, 1, head()[:9]) + frame(PING, 0, 0, bytes(8))),
            ("push", frame(5, END_HEADERS, 1, bytes(4) + head())), ("padding longer than the frame", start + frame(DATA, 8, 1, b"\xffab")),
            ("broken index", frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f")), ("index 0", frame(HEADERS, END_HEADERS, 1, b"\x80")),
            ("bad Huffman code", frame(HEADERS, END_HEADERS, 1, b"\x00\x81\xff\x81\xff")), ("table too large", frame(HEADERS, END_HEADERS, 1, b"\x3f\xff\xff\xff\xff\x0f" + head())),
            ("string longer than the block", frame(HEADERS, END_HEADERS, 1, b"\x00\x7f\xff\xff\xff\x07ab"))]:
        connection = Connection(t.server)
        connection.send(data)
        found = connection.frames(1, lambda kind, flags, s, p: kind in (GOAWAY, RESET))
        t.expect(label, connection.closed or any(k in (GOAWAY, RESET) for k, *_ in found), found)
        connection.close()
    t.expect("alive", alive(t.server))


@check()
def wrong_calls(t):
    """Right frames, wrong gRPC: an HTTP or gRPC status, or a reset."""
    message = envelope(infer())
    plain = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/x"), (b"content-type", b"application/grpc")]
    for label, block, data in [
            ("no path", b"".join(literal(*f) for f in plain if f[0] != b":path"), message), ("GET", head().replace(b"POST", b"GETT"), message),
            ("other content type", head().replace(b"application/grpc", b"application/json"), message), ("unknown service", b"".join(literal(*f) for f in plain), message),
            ("no message", head(), b""), ("half a prefix", head(), message[:3]), ("message is cut", head(), message[:-5]),
            ("length of 4 GiB", head(), struct.pack(">BI", 0, 0xFFFFFFFF) + message), ("compressed without saying how", head(), b"\x01" + message[1:]),
            ("unknown coding", head(extra=[(b"grpc-encoding", b"zip")]), b"\x01" + message[1:]), ("two messages", head(), message + message),
            ("gzip that is none", head(extra=[(b"grpc-encoding", b"gzip")]), b"\x01" + message[1:]), ("no protobuf", head(), envelope(b"\xff" * 50)),
            ("bad timeout", head(extra=[(b"grpc-timeout", b"soon")]), message), ("upper case header", head(extra=[(b"X-Big", b"1")]), message),
            ("line break in a header", head(extra=[(b"x-a", b"a\r\nb: c")]), message)]:
        connection = Connection(t.server)
        connection.send(frame(HEADERS, END_HEADERS, 1, block) + frame(DATA, END_STREAM, 1, data))
        found = connection.ended()
        t.expect(label, connection.closed or any(s == 1 and (k == RESET or f & END_STREAM) for k, f, s, _ in found) or any(k == GOAWAY for k, *_ in found), found)
        connection.close()
    t.expect("alive", alive(t.server))


@check()
def timeouts_of_calls(t):
    """grpc-timeout in the past ends the call with DEADLINE_EXCEEDED or at once."""
    connection = Connection(t.server)
    connection.send(frame(HEADERS, END_HEADERS, 1, head(extra=[(b"grpc-timeout", b"1n")])) + frame(DATA, END_STREAM, 1, envelope(infer())))
    t.expect("ends", len(connection.ended()) > 1)
    connection.close()


@check("own")
def floods(t):
    """What costs the sender little must not cost the server much: memory stays, others are served."""
    server = t.server.start([add_sub("add_sub"), identity("large", "FP32", batch=0)])
    alive(server)
    before = server.resident_bytes()
    try:
        for label, pieces in [
                ("resets", (frame(HEADERS, END_HEADERS, 2 * i + 1, head()) + frame(RESET, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(20_000))),
                ("continuations", (frame(HEADERS, 0, 1, head()) if i == 0 else frame(CONTINUATION, 0, 1, literal(b"x-%d" % (i % 90), b"y" * 120) * 100) for i in range(4000))),
                ("empty continuations", (frame(HEADERS, 0, 1, head()) if i == 0 else frame(CONTINUATION, 0, 1, b"") * 1000 for i in range(300))),
                ("pings nobody reads the answers of", (frame(PING, 0, 0, b"12345678") * 1000 for _ in range(3000))),
                ("settings", (frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * 1000 for _ in range(1500))),
                ("empty data", (frame(HEADERS, END_HEADERS, 1, head()) if i == 0 else frame(DATA, 0, 1, b"") * 1000 for i in range(1000))),
                ("streams without end", (frame(HEADERS, END_HEADERS, 2 * i + 1, head()) for i in range(20_000))),
                ("headers of many bytes", (frame(HEADERS, END_HEADERS, 2 * i + 1, head() + literal(b"x", b"y" * 120) * 120) for i in range(3000)))]:
            connection = Connection(server)
            connection.socket.settimeout(0.5)
            limit, sent = time.monotonic() + 3, 0
            for piece in pieces:
                if not connection.send(piece) or time.monotonic() > limit:
                    break
                sent += 1
            grown = server.resident_bytes() - before
            t.expect(f"{label}: memory", grown < 100 << 20, f"{grown >> 20} MiB after {sent} pieces")
            start = time.monotonic()
            t.expect(f"{label}: others are served", alive(server) and time.monotonic() - start < 2, time.monotonic() - start)
            connection.close()
        held = []
        for _ in range(60):
            connection = Connection(server, struct.pack(">HI", 4, 0))
            connection.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 24)) + frame(HEADERS, END_HEADERS, 1, head()))
            message = envelope(infer(model="large", width=1 << 13))
            for i in range(0, len(message), 16384):
                connection.send(frame(DATA, END_STREAM if i + 16384 >= len(message) else 0, 1, message[i:i + 16384]))
            held.append(connection)
        t.expect("answers nobody takes: others are served", alive(server))
        descriptors = server.descriptors()
        for connection in held:
            connection.close()
        time.sleep(1)
        t.expect("and are dropped with their connections", server.descriptors() <= descriptors - 50, (descriptors, server.descriptors()))
        t.expect("memory at the end", server.resident_bytes() - before < 100 << 20, server.resident_bytes() - before >> 20)
    finally:
        t.equal("exit code", server.stop(), 0)
