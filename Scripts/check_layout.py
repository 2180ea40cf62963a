#!/usr/bin/env python3
"""Checks the shape of the code: target arrows, file lengths, where pointers may stand, test files.

  check_layout.py              checks the checkout, exits 1 with a line per finding
  check_layout.py --self-test  checks the checks
"""
import os
import re
import subprocess
import sys

# Which Apus modules each target may import. Nothing points up.
ARROWS = {
    "ApusTensor": {"CApusPlatform"},
    "ApusLoops": {"ApusTensor"},
    "ApusIR": {"ApusTensor", "ApusLoops", "CApusPlatform"},
    "ApusONNXSchema": {"SwiftProtobuf", "Foundation", "FoundationEssentials"},
    "ApusONNX": {"ApusIR", "ApusTensor", "ApusLoops", "ApusONNXSchema", "SwiftProtobuf",
                 "Foundation", "FoundationEssentials"},
    "ApusOptimizer": {"ApusIR", "ApusTensor", "ApusLoops"},
    "ApusEngine": {"ApusIR", "ApusTensor", "ApusLoops", "CApusPlatform"},
    "ApusCPU": {"ApusEngine", "ApusIR", "ApusTensor", "ApusLoops", "CApusCPU", "CApusPlatform"},
    "ApusRuntime": {"ApusEngine", "ApusIR", "ApusTensor", "ApusLoops", "CApusPlatform"},
    "ApusBuilder": {"ApusEngine", "ApusOptimizer", "ApusRuntime", "ApusIR", "ApusTensor",
                    "ApusLoops", "CApusPlatform"},
}
PROTOBUF = {"SwiftProtobuf", "Foundation", "FoundationEssentials"}
NIO = {"NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL", "Glibc", "Darwin"}
ARROWS |= {
    "ApusServingSchema": PROTOBUF,
    "ApusModelConfig": {"ApusServingSchema", "ApusTensor", "SwiftProtobuf"},
    "ApusServing": {"ApusModelConfig", "ApusServingSchema", "ApusTensor", "CApusPlatform"},
    "ApusTransport": {"ApusTensor", "CApusZlib", "CoreMetrics"} | NIO,
    "ApusHTTP": {"ApusTransport", "ApusServing", "ApusModelConfig", "ApusServingSchema", "ApusTensor",
                 "CApusPlatform", "CApusConsole", "ServiceLifecycle"} | PROTOBUF | NIO,
    "ApusGRPC": {"ApusTransport", "ApusServing", "ApusModelConfig", "ApusServingSchema", "ApusTensor",
                 "CApusPlatform", "NIOHPACK"} | PROTOBUF | NIO,
}
# Targets in which pointers stand in files named for it.
SAFE = {"ApusTensor", "ApusLoops", "ApusIR", "ApusOptimizer", "ApusEngine", "ApusCPU",
        "ApusRuntime", "ApusBuilder", "ApusModelConfig", "ApusServing", "ApusTransport", "ApusHTTP",
        "ApusGRPC", "ApusCommand"}
ALWAYS = {"Synchronization", "Swift"}
SOFT, HARD = 400, 600
SOURCES = (".swift", ".c", ".h", ".inc", ".py", ".cu")
IMPORT = re.compile(r"^\s*(?:package |internal |public |private |@\w+ )*import (?:\w+ )?(\w+)", re.M)
POINTERS = re.compile(r"Unsafe(?:Mutable)?(?:Raw)?(?:Buffer)?Pointer|withUnsafe")


def imports_of(text):
    return set(IMPORT.findall(text))


def findings(files):
    """`files` maps a path to its text; returns errors and warnings."""
    errors, warnings = [], []
    for path, text in sorted(files.items()):
        parts = path.split("/")
        generated = path.endswith(".pb.swift")
        if path.endswith(SOURCES) and not generated:
            lines = text.count("\n")
            if lines > HARD:
                errors.append(f"{path}: {lines} lines, at most {HARD}")
            elif lines > SOFT:
                warnings.append(f"{path}: {lines} lines, aim under {SOFT}")
        if path.endswith(".swift") and parts[0] == "Sources":
            target = parts[1]
            if target in ARROWS:
                for name in sorted(imports_of(text) - ARROWS[target] - ALWAYS):
                    errors.append(f"{path}: {target} must not import {name}")
            if target in SAFE and not path.endswith("+Unsafe.swift") and POINTERS.search(text):
                errors.append(f"{path}: pointers belong in a file named *+Unsafe.swift")
        if path.startswith("Sources/ApusIR/Operators/"):
            test = "Tests/ApusIRTests/Operators/" + parts[-1].replace(".swift", "Tests.swift")
            if test not in files:
                errors.append(f"{path}: there is no {test}")
        if parts[0].startswith(".build") or parts[-1] == "Package.resolved":
            errors.append(f"{path}: must not be tracked")
    return errors, warnings


def self_test():
    bad = {
        "Sources/ApusTensor/A.swift": "import Foundation\nlet x: UnsafeRawPointer\n",
        "Sources/ApusIR/Operators/B.swift": "internal import ApusEngine\n",
        "Sources/CApusCPU/c.c": "\n" * 601,
        "Package.resolved": "",
    }
    errors, _ = findings(bad)
    assert len(errors) == 6, errors
    good = {
        "Sources/ApusTensor/A+Unsafe.swift": "internal import CApusPlatform\nUnsafeRawPointer",
        "Sources/ApusIR/Operators/B.swift": "package import ApusTensor\n",
        "Tests/ApusIRTests/Operators/BTests.swift": "",
    }
    assert findings(good) == ([], []), findings(good)


def main():
    if "--self-test" in sys.argv:
        self_test()
        return
    paths = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    files = {}
    for path in paths.stdout.split("\n"):
        if path.endswith(SOURCES) or os.path.basename(path) == "Package.resolved":
            with open(path, encoding="utf-8") as file:
                files[path] = file.read()
    errors, warnings = findings(files)
    for line in warnings:
        print(f"warning: {line}")
    for line in errors:
        print(f"error: {line}")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
