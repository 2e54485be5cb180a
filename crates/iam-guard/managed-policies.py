"""Writes the documents of all AWS managed policies into a file, for `iam-guard check --managed-policies FILE`.

The documents come with the Python package moto (Apache-2.0), which takes them from AWS. The version
and the hashes of the package are those of crates/testing/local-aws/requirements/interpreter.txt. The
script does not run any code of the package.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

REQUIREMENTS = pathlib.Path(__file__).parent.parent / "testing/local-aws/requirements/interpreter.txt"
MEMBER = "moto/iam/aws_managed_policies.py"


def pinned() -> str:
    """The lines that pin moto, with its hashes."""
    lines = re.search(r"^moto==(?:.*\\\n)*.*\n", REQUIREMENTS.read_text(), re.MULTILINE)
    if not lines:
        raise SystemExit(f"{REQUIREMENTS} does not pin moto")
    return lines.group()


def downloaded(folder: pathlib.Path) -> str:
    """The source of the module with the policies."""
    requirements = folder / "requirements.txt"
    requirements.write_text(pinned())
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        + ["--only-binary", ":all:", "--require-hashes", "--dest", folder, "-r", requirements],
        check=True,
    )
    (wheel,) = folder.glob("moto-*.whl")
    with zipfile.ZipFile(wheel) as package:
        return package.read(MEMBER).decode()


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
    if len(sys.argv) != 2:
        raise SystemExit("name the file to write")
    with tempfile.TemporaryDirectory() as folder:
        found = documents(downloaded(pathlib.Path(folder)))
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
        out.write("\n")
    print(f"{len(found)} policies")


main()
