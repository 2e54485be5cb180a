"""Prints the command that the SAM CLI builds a Rust function with, for each processor, as JSON.

Run with the Python of the pinned SAM CLI.
"""

import json
from types import SimpleNamespace

from aws_lambda_builders.architecture import ARM64, X86_64
from aws_lambda_builders.workflows.rust_cargo.actions import RustCargoLambdaBuildAction

cargo = {"cargo": SimpleNamespace(binary_path="cargo")}


def command(architecture):
    action = RustCargoLambdaBuildAction(
        ".", cargo, None, None, runtime="provided.al2023", architecture=architecture, handler="notify"
    )
    return action.build_command()


print(json.dumps({architecture: command(architecture) for architecture in (ARM64, X86_64)}))
