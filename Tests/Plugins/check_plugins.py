"""The example of a library of operators, through the commands a user would type.

    check_plugins.py --apus APUS --work FOLDER
"""

import argparse
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "Examples/custom-operator"


def compile_library(source, library, *flags):
    subprocess.run(
        ["clang", "-O2", "-Wall", "-Wextra", "-Werror", "-std=c99", "-shared", "-fPIC", *flags,
         "-I", ROOT / "Sources/CApusPlugin/include", source, "-o", library], check=True)


class Checks:
    def __init__(self, apus, work):
        self.apus, self.work, self.failures = apus, work, 0
        self.library = work / "operators.so"
        self.model = EXAMPLE / "model.onnxtxt"

    def expect(self, name, condition, detail=""):
        self.failures += not condition
        print(("ok   " if condition else "FAIL ") + name, "" if condition else detail)

    def run(self, *arguments):
        result = subprocess.run([self.apus, *map(str, arguments)], capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr

    def refused(self, name, code, text, *arguments):
        found, output = self.run(*arguments)
        self.expect(name, found == code and text in output, f"exit code {found}: {output}")

    def answers(self, name, model, x, *flags):
        inputs, outputs = self.work / "inputs.npz", self.work / "outputs.npz"
        np.savez(inputs, x=x)
        outputs.unlink(missing_ok=True)
        code, text = self.run("run", model, "--plugins", self.library, "--inputs", inputs, "--outputs", outputs, *flags)
        if code != 0:
            return self.expect(name, False, text)
        shrunk = np.sign(x) * np.maximum(np.abs(x) - 1, 0)
        kept = shrunk[(shrunk != 0).any(axis=1)]
        found = np.load(outputs)
        self.expect(name, all(
            found[key].shape == value.shape and np.allclose(found[key], value)
            for key, value in [("shrunk", shrunk), ("kept", kept), ("sums", kept.sum(axis=1))]), dict(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apus", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    compile_library(EXAMPLE / "operators.c", work / "operators.so")
    checks = Checks(arguments.apus, work)
    random = np.random.default_rng(1)
    for rows in [5, 1, 0, 200]:
        x = random.normal(0, 1.2, (rows, 3)).astype(np.float32)
        checks.answers(f"{rows} rows", checks.model, x)
        checks.answers(f"{rows} rows, through an engine file", checks.model, x, "--via-engine")

    engine = work / "model.engine"
    code, text = checks.run("build", f"--onnx={checks.model}", f"--saveEngine={engine}",
                            "--optShapes=x:4x3", f"--plugins={checks.library}")
    checks.expect("build", code == 0, text)
    checks.answers("a built engine", engine, x)
    code, text = checks.run("inspect", engine, "--layers", f"--plugins={checks.library}")
    checks.expect("inspect", code == 0 and "custom" in text, text)
    code, text = checks.run("check", checks.model, f"--plugins={checks.library}")
    checks.expect("check", code == 0, text)

    inputs = work / "inputs.npz"
    checks.refused("without the library", 3, "--plugins", "run", checks.model, "--inputs", inputs)
    checks.refused("an engine without the library", 2, "'com.example.SoftShrink' is not registered",
                   "run", engine, "--inputs", inputs)
    checks.refused("a missing library", 2, "there is no such file",
                   "run", checks.model, "--inputs", inputs, "--plugins", work / "none.so")
    checks.refused("a file that is no library", 2, "operators.c",
                   "run", checks.model, "--inputs", inputs, "--plugins", EXAMPLE / "operators.c")
    other = work / "other.onnxtxt"
    other.write_text(checks.model.read_text().replace("bias = 1.0", "bias = -1.0"))
    checks.refused("an attribute that the operator refuses", 2, "bias must not be negative",
                   "run", other, "--inputs", inputs, "--plugins", checks.library)
    other.write_text(checks.model.read_text().replace("float[n, 3] x", "double[n, 3] x"))
    checks.refused("an operand that it refuses", 2, "one operand of 32-bit floats is needed",
                   "run", other, "--inputs", inputs, "--plugins", checks.library)
    source = work / "wrong.c"
    source.write_text('#include "apus_plugin.h"\nconst apus_plugin *apus_plugin_describe(void) {\n'
                      "  static const apus_plugin plugin = {99, 0, 0};\n  return &plugin;\n}\n")
    compile_library(source, work / "wrong.so")
    checks.refused("a library for another version", 2, "version 99",
                   "run", checks.model, "--inputs", inputs, "--plugins", work / "wrong.so")
    source.write_text("int unrelated(void) { return 0; }\n")
    compile_library(source, work / "empty.so")
    checks.refused("a library of something else", 2, "does not export apus_plugin_describe",
                   "run", checks.model, "--inputs", inputs, "--plugins", work / "empty.so")
    print(f"{checks.failures} failed")
    sys.exit(checks.failures > 0)


main()
