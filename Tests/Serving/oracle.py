"""Triton itself, to compare with: the server of the nvidia-pytriton wheel with a backend of our own.

    oracle.py --prepare                         makes the environment and compiles the backend
    oracle.py --model-repository DIR [FLAGS]    runs the server with Triton's flags
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BACKENDS = ("onnxruntime", "identity", "repeat", "square")


def environment():
    """Where the wheel is installed: APUS_TRITON_ENVIRONMENT, else an ignored folder."""
    return pathlib.Path(os.environ.get("APUS_TRITON_ENVIRONMENT", ROOT / ".test-data/triton/.venv"))


def packages():
    found = sorted((environment() / "lib").glob("python*/site-packages"))
    return found[0] if found else None


def prepare():
    """Returns the command that starts Triton with our backend, making what is missing."""
    if packages() is None:
        subprocess.run([sys.executable, "-m", "venv", environment()], check=True)
    if not (packages() / "pytriton").exists():
        subprocess.run([environment() / "bin/pip", "install", "--quiet", "nvidia-pytriton==0.7.0"], check=True)
    server = packages() / "pytriton/tritonserver"
    backends = compile_backend(ROOT / ".test-data/triton")
    return [server / "bin/tritonserver", f"--backend-directory={backends}",
            f"--cache-directory={server}/caches", "--allow-gpu-metrics=false"]


def compile_backend(folder):
    """One library under the name of each backend that it stands in for."""
    sources = [HERE / name for name in ("oracle_backend.cpp", "oracle_api.h", "oracle_json.h")]
    stamp = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = folder / f"backends-{stamp}"
    if not target.exists():
        scratch = folder / f"{target.name}.new-{os.getpid()}"
        for name in BACKENDS:
            (scratch / name).mkdir(parents=True)
        first = scratch / BACKENDS[0] / f"libtriton_{BACKENDS[0]}.so"
        subprocess.run(["g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
                        "-fvisibility=hidden", sources[0], "-o", first], check=True)
        for name in BACKENDS[1:]:
            (scratch / name / f"libtriton_{name}.so").write_bytes(first.read_bytes())
        scratch.rename(target)
    return target


def perf_analyzer():
    """(program, its environment), or None where the old wheel that holds it was not fetched."""
    folder = pathlib.Path(os.environ.get("APUS_PERF_ANALYZER", ROOT / ".test-data/triton/perf"))
    program = next(folder.glob("**/perf_analyzer"), None)
    library = next(folder.glob("**/libcudart.so.12"), None)
    if program is None or library is None:
        return None
    return program, {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}


def fetch_perf_analyzer():
    """The last wheel whose program runs on glibc 2.36; Debian's libb64-0d has to be there."""
    folder = ROOT / ".test-data/triton/perf"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([environment() / "bin/pip", "download", "--quiet", "--no-deps", "-d", folder,
                    "tritonclient==2.50.0", "nvidia-cuda-runtime-cu12==12.9.79"], check=True)
    for wheel in folder.glob("*.whl"):
        subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, folder], check=True)
    for program in folder.glob("**/perf_analyzer"):
        program.chmod(0o755)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepare", action="store_true")
    arguments, flags = parser.parse_known_args()
    command = prepare()
    if arguments.prepare:
        if perf_analyzer() is None:
            fetch_perf_analyzer()
        print(*command)
        return
    os.execv(command[0], [*map(str, command), *flags])


if __name__ == "__main__":
    main()
