"""Triton's own load generator, which reads the server's statistics before and after each window."""

import re
import subprocess

import oracle
from harness import check


def run(t, model, *flags, protocol="http", count=200):
    program, environment = oracle.perf_analyzer()
    url = t.server.http_url if protocol == "http" else t.server.grpc_url
    result = subprocess.run([program, "-m", model, "-u", url, "-i", protocol, f"--request-count={count}", *flags],
                            capture_output=True, text=True, timeout=60, env=environment)
    text = result.stdout + result.stderr
    rate = re.search(r"throughput: ([\d.]+)", text)
    return result.returncode == 0 and rate is not None and float(rate[1]) > 0, text[-600:]


@check()
def runs(t):
    if oracle.perf_analyzer() is None:
        return t.skip("perf_analyzer is not here, see oracle.py --prepare")
    # Without it the number of responses is random, up to two billion.
    three = t.server.log.with_suffix(".three.json")
    three.write_text('{"data": [{"IN": {"content": [3], "shape": [1]}}]}')
    for label, model, options in [
            ("HTTP", "add_sub", {}), ("gRPC", "add_sub", {"protocol": "grpc"}),
            ("HTTP asynchronous", "add_sub", {"flags": ["-a", "--concurrency-range=4"]}),
            ("gRPC stream", "add_sub", {"protocol": "grpc", "flags": ["--streaming", "-a"]}),
            ("batches", "add_sub", {"flags": ["-b", "4"]}),
            ("shared memory", "add_sub", {"flags": ["--shared-memory=system"]}),
            ("shared memory over gRPC", "add_sub", {"protocol": "grpc", "flags": ["--shared-memory=system"]}),
            ("JSON", "simple", {"flags": ["--input-tensor-format=json", "--output-tensor-format=json"]}),
            ("strings", "strings", {"flags": ["--shape=INPUT0:2,2"]}),
            ("variable shapes", "variable", {"flags": ["--shape=INPUT0:2,3,4"]}),
            ("compression", "add_sub", {"protocol": "grpc", "flags": ["--grpc-compression-algorithm=gzip"]}),
            ("request rate", "add_sub", {"flags": ["--request-rate-range=100"]}),
            ("ensemble", "pair", {}), ("decoupled", "square", {"protocol": "grpc", "flags": ["--streaming", "-a", f"--input-data={three}"], "count": 20})]:
        passed, text = run(t, model, *options.get("flags", []), protocol=options.get("protocol", "http"), count=options.get("count", 200))
        t.expect(label, passed, text)


@check("sequences")
def sequences(t):
    if oracle.perf_analyzer() is None:
        return t.skip("perf_analyzer is not here, see oracle.py --prepare")
    passed, text = run(t, "oldest", "--concurrency-range=3", "--sequence-length=5", count=60)
    t.expect("HTTP", passed, text)
    passed, text = run(t, "direct", "--streaming", "-a", "--concurrency-range=3", "--sequence-length=5", protocol="grpc", count=60)
    t.expect("stream", passed, text)
