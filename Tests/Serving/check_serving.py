"""The server through Triton's own clients: every feature, against what is known of Triton's answers.

    check_serving.py --apus PATH                  Apus; exit code 1 when anything differs
    check_serving.py --apus PATH --triton         both, with a table of where they differ
    check_serving.py --triton                     Triton alone (see oracle.py for how it is made)

    --only TEXT      checks whose name holds TEXT (may be repeated)
    --profile NAME   checks of one profile of repositories.py
    --long           also the checks that take more than seconds

A difference to Triton that is meant is listed in known_differences.md by the name printed here.
"""

import argparse
import importlib
import pathlib
import re
import shutil
import sys
import tempfile
import time

import harness
import oracle
import repositories

HERE = pathlib.Path(__file__).resolve().parent
SUBJECTS = sorted(path.stem for path in HERE.glob("check_*.py") if path.stem != "check_serving")


def run(kind, command, arguments, work):
    """All checks chosen, against one kind of server: [(name, passed, detail)]."""
    results = []
    chosen = [c for c in harness.CHECKS
              if (not arguments.only or any(text in c[2] for text in arguments.only))
              and (not arguments.profile or c[0] in arguments.profile)
              and c[1] in (None, kind) and (arguments.long or not getattr(c[3], "long", False))]
    for profile in dict.fromkeys(c[0] for c in chosen):
        folder = work / kind / profile
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mine = [c for c in chosen if c[0] == profile]
        if profile == "own":
            for _, _, name, function in mine:
                timed(name, function, Launcher(kind, command, folder / name), results, arguments)
            continue
        try:
            repository, flags = repositories.prepare(profile, folder)
            server = harness.Server(kind, command, repository, flags, folder / "log")
        except (RuntimeError, OSError) as error:
            results.append((f"{profile}: the server starts", False, str(error)))
            continue
        for _, _, name, function in mine:
            timed(name, function, server, results, arguments)
            if server.process.poll() is not None:
                results.append((f"{name}: the server lives on", False,
                                f"ended with {server.process.returncode}:\n{server.tail()}"))
                server = harness.Server(kind, command, repository, flags, folder / "log.again")
        code = server.stop()
        results.append((f"{profile}: SIGTERM ends the server with 0", code == 0, f"{code}\n{server.tail(5)}"))
    return results


def timed(name, function, server, results, arguments):
    start = time.monotonic()
    before = len(results)
    harness.run_check(name, function, server, results)
    if arguments.verbose:
        bad = sum(not passed for _, passed, _ in results[before:])
        print(f"  {time.monotonic() - start:6.2f} s  {name}: {len(results) - before - bad} ok"
              + (f", {bad} FAIL" if bad else ""), flush=True)


class Launcher:
    """For checks that start servers of their own."""

    def __init__(self, kind, command, folder):
        self.kind, self.command, self.folder, self.count = kind, command, folder, 0

    def start(self, models, flags=(), **options):
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir(parents=True)
        repository = repositories.write(folder / "repository", models)
        return harness.Server(self.kind, options.pop("command", self.command), repository, flags, folder / "log",
                              **options)


def known_differences():
    """name of a statement -> reason, from the table of known_differences.md; `*` at the end of a name is any rest."""
    rows = {}
    for line in (HERE / "known_differences.md").read_text().splitlines():
        found = re.fullmatch(r"\| `(.+?)` \| (.+) \|", line)
        if found:
            rows[found[1]] = found[2]
    return rows


def reason_for(name, known):
    return next((reason for key, reason in known.items()
                 if name == key or (key.endswith("*") and name.startswith(key[:-1]))), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus")
    parser.add_argument("--triton", action="store_true")
    parser.add_argument("--only", action="append")
    parser.add_argument("--profile", action="append")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--work", type=pathlib.Path)
    arguments = parser.parse_args()
    if not arguments.apus and not arguments.triton:
        parser.error("--apus or --triton is needed")
    work = arguments.work or pathlib.Path(tempfile.mkdtemp(prefix="apus-serving-"))
    for subject in SUBJECTS:
        importlib.import_module(subject)

    failures = 0
    found = {}
    servers = ([("apus", [arguments.apus, "serve"])] if arguments.apus else []) + (
        [("triton", oracle.prepare())] if arguments.triton else [])
    for kind, command in servers:
        start = time.monotonic()
        results = run(kind, command, arguments, work)
        found[kind] = {name: (passed, detail) for name, passed, detail in results}
        bad = [(name, detail) for name, passed, detail in results if not passed]
        for name, reason in harness.SKIPPED:
            print(f"skipped {name}: {reason}")
        skipped = len(harness.SKIPPED)
        harness.SKIPPED.clear()
        if kind == "triton":
            bad = report_triton(bad, found.get("apus"))
        else:
            for name, detail in bad:
                print(f"FAIL {name}\n     {detail}")
        failures += len(bad)
        print(f"{kind}: {len(results)} statements, {sum(p for _, p, _ in results)} hold, "
              f"{len(bad)} unexpected failures, {skipped} checks skipped, {time.monotonic() - start:.0f} s")
    if not arguments.work and not failures:
        shutil.rmtree(work)
    elif failures:
        print(f"logs: {work}")
    sys.exit(failures > 0)


def report_triton(bad, apus):
    """Prints what Triton does otherwise than the checks state; returns what no reason is given for."""
    known, unknown = known_differences(), []
    for name, detail in bad:
        reason = reason_for(name, known)
        holds = "" if apus is None else ("Apus holds; " if apus.get(name, (False,))[0] else "Apus fails too; ")
        print(f"{'differs' if reason else 'DIFFERS'} {name}\n     {holds}{reason or 'no reason is listed'}\n     {detail}")
        if reason is None:
            unknown.append((name, detail))
    return unknown


if __name__ == "__main__":
    main()
