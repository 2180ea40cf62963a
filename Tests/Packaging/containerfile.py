"""Carries out a Containerfile of few instructions on folders, for machines without a container engine."""
import json
import pathlib
import re
import shutil
import subprocess


class Image:
    """What a Containerfile says: files below `root`, and how the program is started."""

    def __init__(self, file, context, arguments, work):
        """`work/base` is taken as the base image's files. ValueError for instructions that are not known."""
        self.environment = {}
        self.user = "0:0"
        self.command = []
        self.ports = []
        self.root = None
        stages = {}
        variables = dict(arguments)
        given = set(arguments)
        text = re.sub(r"^\s*#.*\n", "", pathlib.Path(file).read_text(), flags=re.M)
        for line in re.sub(r"\\\n", " ", text).splitlines():
            if not line.strip():
                continue
            word, rest = line.split(None, 1)
            rest = re.sub(r"\$\{(\w+)\}", lambda match: variables[match[1]], rest) if word != "CMD" else rest
            parts = rest.split()
            if word == "ARG":
                name, _, default = rest.partition("=")
                if name not in given:
                    variables.setdefault(name, default)
            elif word == "FROM":
                name = parts[2] if len(parts) == 3 else "last"
                self.root = pathlib.Path(work, "stage-" + name)
                if parts[0] == "scratch":
                    self.root.mkdir(parents=True)
                else:
                    shutil.copytree(pathlib.Path(work, "base"), self.root, symlinks=True)
                stages[name] = self.root
            elif word == "ADD":
                subprocess.run(["tar", "-xf", str(pathlib.Path(context, parts[0])), "-C",
                                str(self.root / parts[1].lstrip("/"))], check=True)
            elif word == "COPY" and parts[0].startswith("--from="):
                shutil.copytree(stages[parts[0][7:]] / parts[1].lstrip("/"),
                                self.root / parts[2].lstrip("/"), symlinks=True)
            elif word == "ENV":
                name, _, value = rest.partition("=")
                self.environment[name] = value
            elif word == "USER":
                self.user = rest
            elif word == "EXPOSE":
                self.ports = [int(port) for port in parts]
            elif word == "CMD":
                self.command = json.loads(rest)
            elif word != "STOPSIGNAL":
                raise ValueError(f"the instruction {word} is not known here")
