"""Writes the documents of all AWS managed policies into the file that `iam-guard` is built with.

The documents come with the Python package moto (Apache-2.0), which takes them from AWS. The version
and the hashes of the package are those of crates/testing/local-aws/requirements/interpreter.txt. The
script does not run any code of the package.
"""

import ast
import datetime
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

REQUIREMENTS = pathlib.Path(__file__).parent.parent / "testing/local-aws/requirements/interpreter.txt"
MEMBER = "moto/iam/aws_managed_policies.py"
DATA = pathlib.Path(__file__).parent / "data"


def pinned() -> str:
    """The lines that pin moto, with its hashes."""
    lines = re.search(r"^moto==(?:.*\\\n)*.*\n", REQUIREMENTS.read_text(), re.MULTILINE)
    if not lines:
        raise SystemExit(f"{REQUIREMENTS} does not pin moto")
    return lines.group()


def downloaded(folder: pathlib.Path) -> tuple[str, str]:
    """The source of the module with the policies, and the date of the package."""
    requirements = folder / "requirements.txt"
    requirements.write_text(pinned())
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        + ["--only-binary", ":all:", "--require-hashes", "--dest", folder, "-r", requirements],
        check=True,
    )
    (wheel,) = folder.glob("moto-*.whl")
    with zipfile.ZipFile(wheel) as package:
        date = datetime.date(*package.getinfo(MEMBER).date_time[:3])
        return package.read(MEMBER).decode(), date.isoformat()


def documents(source: str) -> dict[str, object]:
    """The documents by their ARNs: the module assigns one JSON text to one name."""
    texts = [
        node.value.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    ]
    if len(texts) != 1:
        raise SystemExit(f"{MEMBER} has another shape than expected")
    policies = json.loads(texts[0])
    arn = "arn:aws:iam::aws:policy{}{}".format
    return {arn(it.get("Path", "/"), name): it["Document"] for name, it in sorted(policies.items())}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, date = downloaded(pathlib.Path(folder))
    found = documents(source)
    text = json.dumps(found, separators=(",", ":"))
    # Without a time, so that the same documents make the same file.
    (DATA / "aws-managed-policies.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (DATA / "aws-managed-policies.date").write_text(date)
    print(f"{len(found)} policies of {date}")


main()
