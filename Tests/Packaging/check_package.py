#!/usr/bin/env python3
"""Tries the packages of Scripts/package.sh as users would, in roots that hold glibc and nothing else.

  check_package.py --packages DIR [--glibc DIR] [--only NAME]

Needs root (namespaces, chroot) and no network: everything runs in a network of its own. --glibc takes
the libraries of another glibc, such as the oldest that the program says it starts on. Exits 1 with a
line per failure.
"""
import argparse
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

from bare_root import BareRoot, wait_until
from containerfile import Image

PROJECT = pathlib.Path(__file__).resolve().parents[2]
MODEL = PROJECT / "Sources/CApusDemo/data/digits.onnx"
KSERVE = ["--model-store=/mnt/models", "--http-port=8080", "--grpc-port=9000", "--allow-grpc=true",
          "--allow-http=true"]
failures = []


def check(name, passed, detail=""):
    print(("ok    " if passed else "FAIL  ") + name + (f": {detail}" if detail and not passed else ""),
          flush=True)
    if not passed:
        failures.append(name)


def own_network():
    """Gives this process and its children a network with nothing but a loopback device."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:
        sys.exit("a network of its own needs root: " + os.strerror(ctypes.get_errno()))
    with socket.socket() as device:
        fcntl.ioctl(device, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def get(port, path, body=None):
    """Status and body of a request; status 0 where nobody answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def is_listening(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def infer(port, model="digits"):
    """Whether the model answers a question of zeros with ten scores."""
    body = json.dumps({"inputs": [{"name": "image", "shape": [1, 1, 8, 8], "datatype": "FP32",
                                   "data": [0.0] * 64}]}).encode()
    status, answer = get(port, f"/v2/models/{model}/infer", body)
    return status == 200 and len(json.loads(answer)["outputs"][0]["data"]) == 10


def serve(title, root, words, environment, models, ports, user="1000:1000", temporary=True):
    """A server's life: ready, an answer on every port, SIGTERM, drained, exit 0."""
    log = root.folder.parent / (title.replace(" ", "-") + ".log")
    server = root.start(words, log, environment, models, temporary, user)
    http, grpc, metrics = ports
    try:
        start = time.monotonic()
        ready = wait_until(lambda: get(http, "/v2/health/ready")[0] == 200, 30)
        check(f"{title}: ready", ready, log.read_text())
        if not ready:
            return
        print(f"      ready after {time.monotonic() - start:.2f} s, resident {server.status('VmRSS')}")
        check(f"{title}: is process 1 of user {user}",
              server.status("NSpid").split()[-1] == "1"
              and server.status("Uid").split()[0] == user.split(":")[0], server.status("NSpid"))
        check(f"{title}: has no capability", int(server.status("CapEff"), 16) == 0)
        check(f"{title}: infers", infer(http), log.read_text())
        check(f"{title}: gRPC port", is_listening(grpc))
        check(f"{title}: metrics", b"nv_inference_request_success{" in get(metrics, "/metrics")[1])
        server.signal(signal.SIGTERM)
        stop = time.monotonic()
        check(f"{title}: not ready after SIGTERM",
              wait_until(lambda: get(http, "/v2/health/ready")[0] == 503, 2))
        check(f"{title}: alive and answering while it drains",
              get(http, "/v2/health/live")[0] == 200 and infer(http))
        code = server.wait(20)
        check(f"{title}: exit 0 after the drain delay", code == 0, f"{code}\n{log.read_text()}")
        print(f"      gone {time.monotonic() - stop:.2f} s after SIGTERM")
    finally:
        server.close()


def repository(folder, file="digits/1/model.onnx"):
    """A repository of one model, readable by everybody."""
    place = folder / file
    place.parent.mkdir(parents=True)
    shutil.copyfile(MODEL, place)
    folder.chmod(0o755)
    return folder


def check_program(context):
    program = context.program
    measured = subprocess.run([sys.executable, PROJECT / "Packaging/requirements.py", program],
                              capture_output=True, text=True)
    check("program: needs nothing but glibc", measured.returncode == 0, measured.stderr)
    context.oldest = measured.stdout.strip()
    print(f"      glibc {context.oldest} or newer; {program.stat().st_size / 1e6:.1f} MB")
    headers = subprocess.run(["readelf", "--sections", "--file-header", "--program-headers", "--dynamic", "--wide", program],
                             capture_output=True, text=True, check=True).stdout
    check("program: stripped", ".symtab" not in headers and ".debug_info" not in headers)
    check("program: position-independent", "DYN (" in headers)
    check("program: nothing of the loader's is left writable", "GNU_RELRO" in headers and "NOW" in headers)
    check("program: no stack that can be executed", "GNU_STACK" in headers and " RWE " not in headers)


def check_tarball(context):
    with tarfile.open(context.tarball) as archive:
        members = archive.getmembers()
    top = {member.name.split("/")[0] for member in members}
    check("tarball: one folder, named as the file", top == {context.tarball.name[:-len(".tar.gz")]}, top)
    names = {member.name.partition("/")[2]: member for member in members}
    for name in ("LICENSE", "NOTICE", "README.md", "THIRD-PARTY-NOTICES", "bin/apus",
                 "lib/systemd/system/apus.service"):
        check(f"tarball: {name}", name in names)
    for name in ("trtexec", "polygraphy", "tritonserver"):
        member = names.get(f"bin/{name}")
        check(f"tarball: {name} is a link to apus", member and member.issym() and member.linkname == "apus")
    check("tarball: belongs to root, writable by nobody else",
          all(m.uid == 0 and (m.issym() or not m.mode & 0o022) for m in members))


def check_bare(context):
    """The program in a root of glibc and nothing else, without /dev, that cannot be written."""
    root = BareRoot(context.work / "bare", context.program, context.glibc)
    (root.folder / "bin").mkdir()
    for name in ("apus", "trtexec", "polygraphy", "tritonserver"):
        shutil.copy2(context.program.parent / name, root.folder / "bin" / name, follow_symlinks=False)
    print("      " + " ".join(sorted(str(p.relative_to(root.folder)) for p in root.folder.rglob("*")
                                     if p.is_file() or p.is_symlink())))
    done = root.run(["/bin/apus", "--version"])
    check("bare: apus --version", done.returncode == 0 and done.stdout.startswith("apus "), done.stderr)
    print("      " + done.stdout.strip())
    done = root.run(["/bin/apus", "demo"])
    check("bare: apus demo", done.returncode == 0 and "accuracy" in done.stdout, done.stderr)
    for link in ("trtexec", "polygraphy", "tritonserver"):
        done = root.run([f"/bin/{link}", "--help"])
        check(f"bare: {link} --help", done.returncode == 0, done.stderr)
    models = repository(context.work / "models")
    done = root.run(["/bin/apus", "build", "--onnx=/models/digits/1/model.onnx",
                     "--saveEngine=/tmp/digits.engine"], models={models: "/models"})
    check("bare: apus build", done.returncode == 0, done.stderr)
    done = root.run(["/bin/apus", "serve", "--check", "/models"], models={models: "/models"})
    check("bare: apus serve --check", done.returncode == 0 and "READY" in done.stdout, done.stderr)
    done = root.run(["/bin/touch"])
    check("bare: has no other programs", done.returncode != 0)
    serve("bare", root, ["/bin/apus", "serve", "--model-repository=/models"], {"PATH": "/bin"},
          {models: "/models"}, (8000, 8001, 8002), temporary=False)
    early = root.start(["/bin/apus", "serve", "--model-repository=/models", "--drain-delay-secs=0"],
                       context.work / "early.log", models={models: "/models"})
    try:
        wait_until(lambda: is_listening(8000), 10)
        early.signal(signal.SIGTERM)
        code = early.wait(10)
        check("bare: SIGTERM as soon as a port is open", code == 0, f"{code}")
    finally:
        early.close()


def check_container(context):
    """What the Containerfile says, on a base of glibc; commands of KServe's and of the image itself."""
    work = context.work / "image"
    BareRoot(work / "base", context.program, context.glibc)
    image = Image(context.packages / "Containerfile", context.packages, {"VERSION": context.version}, work)
    check("container: a user without rights", image.user == "1000:1000", image.user)
    check("container: ports", image.ports == [8000, 8001, 8002], image.ports)
    root = BareRoot(image.root, context.program, context.glibc)
    models = repository(context.work / "container-models")
    serve("container", root, image.command, image.environment, {models: "/models"}, (8000, 8001, 8002),
          image.user, temporary=False)
    serve("kserve", root, ["tritonserver", *KSERVE], image.environment, {models: "/mnt/models"},
          (8080, 9000, 8002), image.user, temporary=False)
    models = repository(context.work / "single-model", "digits.onnx")
    serve("kserve single", root, ["tritonserver", *KSERVE], image.environment, {models: "/mnt/models"},
          (8080, 9000, 8002), image.user, temporary=False)


def check_wheel(context):
    with zipfile.ZipFile(context.wheel) as wheel:
        names = wheel.namelist()
        record = [line.split(",") for line in
                  wheel.read(next(n for n in names if n.endswith("RECORD"))).decode().splitlines()]
        check("wheel: RECORD lists every file", sorted(row[0] for row in record) == sorted(names))
        check("wheel: as many bytes as RECORD says",
              all(not row[2] or int(row[2]) == wheel.getinfo(row[0]).file_size for row in record))
    tag = context.wheel.name.split("-")[-1][:-len(".whl")]
    check("wheel: tag is what was measured", tag.startswith("manylinux_" + context.oldest.replace(".", "_")), tag)
    environment = context.work / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin/python"
    done = subprocess.run([python, "-m", "pip", "install", "--no-index", "--disable-pip-version-check",
                           context.wheel], capture_output=True, text=True)
    check("wheel: pip install --no-index", done.returncode == 0, done.stderr)
    installed = environment / "bin/apus"
    check("wheel: the command is the program itself",
          installed.is_file() and hashlib.sha256(installed.read_bytes()).digest()
          == hashlib.sha256(context.program.read_bytes()).digest())
    clean = {"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(["apus", "demo"], env=clean, capture_output=True, text=True)
    check("wheel: apus demo", done.returncode == 0 and "accuracy" in done.stdout, done.stderr)
    version = subprocess.run([python, "-m", "apus", "--version"], env=clean, capture_output=True, text=True)
    check("wheel: python -m apus", version.stdout.startswith(f"apus {context.version} "), version.stderr)
    bad = subprocess.run([python, "-m", "apus", "run", "/no/model"], env=clean, capture_output=True)
    check("wheel: python -m apus hands the exit code on", bad.returncode == 2, str(bad.returncode))
    models = repository(context.work / "wheel-models")
    done = subprocess.run(["apus", "serve", "--check", models], env=clean, capture_output=True, text=True)
    check("wheel: apus serve --check", done.returncode == 0 and "READY" in done.stdout, done.stderr)
    target = context.work / "target"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check",
                    "--target", target, context.wheel], check=True)
    done = subprocess.run([sys.executable, "-m", "apus", "--version"], env={"PYTHONPATH": str(target)},
                          capture_output=True, text=True)
    check("wheel: pip install --target", done.returncode == 0, done.stderr)
    subprocess.run([python, "-m", "pip", "uninstall", "--quiet", "--yes", "apus"], check=True)
    check("wheel: pip uninstall leaves nothing", not installed.exists())


def check_unit(context):
    """The systemd unit, with the program where the tarball was unpacked."""
    if not shutil.which("systemd-analyze"):
        print("      skipped: systemd-analyze is not there")
        return
    unit = context.work / "apus.service"
    text = (context.program.parent.parent / "lib/systemd/system/apus.service").read_text()
    check("unit: runs the program of /opt/apus", "ExecStart=/opt/apus/bin/apus serve " in text)
    unit.write_text(text.replace("/opt/apus/bin/apus", str(context.program)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "apus" in line]
    check("unit: systemd-analyze verify", done.returncode == 0 and not ours, done.stderr)
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=30", unit],
                          capture_output=True, text=True)
    print("      " + (done.stdout.strip().splitlines() or [done.stderr])[-1])
    check("unit: exposure of at most 3.0", done.returncode == 0, done.stderr)


CHECKS = {"program": check_program, "tarball": check_tarball, "bare": check_bare,
          "container": check_container, "wheel": check_wheel, "unit": check_unit}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--glibc", type=pathlib.Path, help="a folder with libc.so.6, libm.so.6 and the loader")
    parser.add_argument("--only", choices=CHECKS, action="append")
    context = parser.parse_args()
    context.packages = context.packages.resolve()
    context.tarball = next(iter(sorted(context.packages.glob("apus-*.tar.gz"))), None)
    context.wheel = next(iter(sorted(context.packages.glob("apus-*.whl"))), None)
    if not context.tarball or not context.wheel:
        sys.exit(f"{context.packages} lacks a tarball or a wheel: Scripts/package.sh makes them")
    context.version = context.tarball.name.split("-")[1]
    own_network()
    with tempfile.TemporaryDirectory(prefix="apus-package-") as work:
        context.work = pathlib.Path(work)
        context.work.chmod(0o755)
        (context.work / "unpacked").mkdir()
        subprocess.run(["tar", "-xzf", context.tarball, "-C", context.work / "unpacked"], check=True)
        context.program = next((context.work / "unpacked").glob("*/bin/apus"))
        for name, function in CHECKS.items():
            if not context.only or name in context.only or name == "program":
                print(f"-- {name}")
                function(context)
    print(f"{len(failures)} failed" if failures else "all passed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
