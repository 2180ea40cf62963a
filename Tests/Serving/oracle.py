"""Triton itself, to compare with: the server of the nvidia-pytriton wheel with backends of our own.

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
STAND_IN = [HERE / name for name in ("oracle_backend.cpp", "oracle_api.h", "oracle_json.h")]
BACKENDS = {name: (STAND_IN, ()) for name in ("onnxruntime", "identity", "repeat", "square")}


def environment():
    """Where the wheel is installed: APUS_TRITON_ENVIRONMENT, else an ignored folder."""
    return pathlib.Path(os.environ.get("APUS_TRITON_ENVIRONMENT", ROOT / ".test-data/triton/.venv"))


def packages():
    found = sorted((environment() / "lib").glob("python*/site-packages"))
    return found[0] if found else None


def install(file, *requirement):
    """The path of a file of a pinned package in Triton's environment, which is made where it is missing."""
    if packages() is None:
        subprocess.run([sys.executable, "-m", "venv", environment()], check=True)
    if not (packages() / file).exists():
        subprocess.run([environment() / "bin/pip", "install", "--quiet", *requirement], check=True)
    return packages() / file


def prepare(more=None):
    """Returns the command that starts Triton with our backends, and `more` of the kind of BACKENDS, making what is missing."""
    server = install("pytriton/tritonserver", "nvidia-pytriton==0.7.0")
    backends = compile_backends(ROOT / ".test-data/triton", {**BACKENDS, **(more or {})})
    return [server / "bin/tritonserver", f"--backend-directory={backends}",
            f"--cache-directory={server}/caches", "--allow-gpu-metrics=false"]


def compile_backends(folder, backends):
    """`backends` is name -> (sources, of which the first is compiled, flags); one library under each name it stands in for."""
    stamp = hashlib.sha256(b"".join(f"{name} {flags}".encode() + b"".join(source.read_bytes() for source in sources)
                                    for name, (sources, flags) in backends.items())).hexdigest()[:16]
    target = folder / f"backends-{stamp}"
    if not target.exists():
        scratch = folder / f"{target.name}.new-{os.getpid()}"
        compiled = {}
        for name, (sources, flags) in backends.items():
            library = scratch / name / f"libtriton_{name}.so"
            library.parent.mkdir(parents=True)
            if sources[0] in compiled:
                library.write_bytes(compiled[sources[0]].read_bytes())
            else:
                compiled[sources[0]] = library
                subprocess.run(["g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC",
                                "-fvisibility=hidden", *flags, sources[0], "-o", library], check=True)
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
