#!/usr/bin/env python3
"""Prints the licences and notices of everything that is linked into the program.

  notices.py --checkouts DIR --toolchain DIR

A text that several packages share stands once, below all their names. Exits 1 where a package has none.
"""
import argparse
import glob
import pathlib
import sys

# Static libraries of the system: what they are, and where their terms lie.
SYSTEM = [
    ("zlib", "/usr/share/doc/zlib1g-dev/copyright"),
    ("libstdc++ and libgcc (GPL with the GCC Runtime Library Exception)",
     "/usr/share/doc/libstdc++-*-dev/copyright"),
    ("ICU, part of Foundation", "/usr/share/icu/*/LICENSE"),
]


def texts(options):
    """Pairs of a name and the path of a text."""
    for folder in sorted(options.checkouts.iterdir()):
        found = sorted(path for path in folder.iterdir()
                       if path.name.upper().startswith(("LICENSE", "NOTICE", "COPYING")))
        if not found:
            sys.exit(f"{folder} has no licence")
        for path in found:
            yield folder.name, path
    yield "the Swift runtime, standard library, Dispatch and Foundation", (
        options.toolchain / "share/swift/LICENSE.txt")
    for name, pattern in SYSTEM:
        found = sorted(glob.glob(pattern))
        if not found:
            sys.exit(f"the terms of {name} are not at {pattern}")
        yield name, pathlib.Path(found[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkouts", type=pathlib.Path, required=True)
    parser.add_argument("--toolchain", type=pathlib.Path, required=True)
    names = {}
    for name, path in texts(parser.parse_args()):
        holders = names.setdefault(path.read_text(errors="replace").strip(), [])
        if name not in holders:
            holders.append(name)
    print("Apus contains these works, linked into the program.\n")
    for text, holders in names.items():
        print("=" * 78)
        print("\n".join(holders))
        print("-" * 78)
        print(text + "\n")


if __name__ == "__main__":
    main()
