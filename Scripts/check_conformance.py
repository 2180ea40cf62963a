#!/usr/bin/env python3
"""Compares a result of the ONNX suite with the list of cases that must pass.

  check_conformance.py RESULT.json EXPECTED.txt             fails where a listed case did not pass
  check_conformance.py RESULT.json EXPECTED.txt --update    writes the list anew
  check_conformance.py RESULT.json --all-but NAME...        fails where another case did not pass
"""
import json
import sys


def main():
    result, expected = sys.argv[1:3]
    cases = json.load(open(result))["cases"]
    passed = sorted(name for name, case in cases.items() if case["status"] == "pass")
    if expected == "--all-but":
        report(cases, [name for name in cases if name.split("/")[-1] not in sys.argv[3:]], passed)
        return
    if "--update" in sys.argv:
        with open(expected, "w") as file:
            file.write("\n".join(passed) + "\n")
        print(f"{len(passed)} cases listed")
        return
    report(cases, open(expected).read().split(), passed)


def report(cases, wanted, passed):
    lost = [name for name in wanted if name not in set(passed)]
    for name in lost:
        case = cases.get(name, {"status": "missing", "message": ""})
        print(f"REGRESSION {name}: {case['status']} {case['message'][:200]}")
    gained = len(set(passed) - set(wanted))
    print(f"{len(wanted) - len(lost)} passed, {len(lost)} failed")
    print(f"of {len(cases)} cases {len(passed)} pass, {gained} of them not listed")
    sys.exit(bool(lost) or not wanted)


if __name__ == "__main__":
    main()
