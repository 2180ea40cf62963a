#!/usr/bin/env python3
"""Makes the wheel: the program as a command of the environment, and the module `apus` that finds it.

A wheel is a zip file with a list of its files (PyPA's binary distribution format). Written by hand it
needs no packages, and the same input gives the same bytes.
"""
import argparse
import base64
import hashlib
import os
import pathlib
import time
import zipfile

HERE = pathlib.Path(__file__).resolve().parent

METADATA = """\
Metadata-Version: 2.4
Name: apus
Version: {version}
Summary: Optimises ONNX models, compiles them into engines, runs and serves them
License-Expression: Apache-2.0
License-File: LICENSE
License-File: NOTICE
License-File: THIRD-PARTY-NOTICES
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{readme}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: apus
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, required=True,
                        help="the unpacked tarball: bin/apus, licences, README.md")
    parser.add_argument("--version", required=True)
    parser.add_argument("--platform", required=True, help="such as manylinux_2_34_x86_64")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()

    moment = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")), 315532800))
    information = f"apus-{options.version}.dist-info"
    readme = (options.root / "README.md").read_text()
    files = [
        ("apus/__init__.py", (HERE / "apus/__init__.py").read_bytes()),
        ("apus/__main__.py", (HERE / "apus/__main__.py").read_bytes()),
        # Commands that are no scripts of Python are installed as they are: no interpreter starts first.
        (f"apus-{options.version}.data/scripts/apus", (options.root / "bin/apus").read_bytes()),
        (f"{information}/METADATA", METADATA.format(version=options.version, readme=readme).encode()),
        (f"{information}/WHEEL", WHEEL.format(platform=options.platform).encode()),
    ]
    for name in ("LICENSE", "NOTICE", "THIRD-PARTY-NOTICES"):
        files.append((f"{information}/licenses/{name}", (options.root / name).read_bytes()))

    record = ""
    for name, content in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    files.append((f"{information}/RECORD", (record + f"{information}/RECORD,,\n").encode()))

    path = options.output / f"apus-{options.version}-py3-none-{options.platform}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, content in files:
            entry = zipfile.ZipInfo(name, moment[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if "/scripts/" in name else 0o100644) << 16
            wheel.writestr(entry, content)
    print(path)


if __name__ == "__main__":
    main()
