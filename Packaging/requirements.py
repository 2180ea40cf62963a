#!/usr/bin/env python3
"""Prints the oldest glibc that a program starts on, from the versions of the symbols that it asks for.

  requirements.py PROGRAM      exits 1 with a line per finding where it needs more than glibc
"""
import re
import subprocess
import sys

# The shared libraries that glibc itself consists of.
GLIBC = re.compile(r"(libc|libm|libpthread|libdl|librt|libutil|libresolv|ld-linux-[\w-]+)\.so\.\d+$")


def requirements(text):
    """The needed libraries and the symbol versions of `objdump --private-headers`."""
    libraries = re.findall(r"^\s+NEEDED\s+(\S+)$", text, re.M)
    versions = re.findall(r"^\s+0x[0-9a-f]+ 0x[0-9a-f]+ \d+ (\S+)$", text, re.M)
    return libraries, versions


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    text = subprocess.run(["objdump", "--private-headers", sys.argv[1]], check=True,
                          capture_output=True, text=True).stdout
    libraries, versions = requirements(text)
    found = [f"needs {name}, which is not part of glibc" for name in libraries if not GLIBC.match(name)]
    numbers = []
    for version in versions:
        match = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", version)
        if match:
            numbers.append((int(match[1]), int(match[2])))
        else:
            found.append(f"needs the version {version} of a symbol, which is not glibc's")
    if not numbers:
        found.append("asks for no symbol of glibc: is it a program?")
    if found:
        sys.exit("\n".join(f"{sys.argv[1]} {line}" for line in found))
    print("{}.{}".format(*max(numbers)))


if __name__ == "__main__":
    main()
