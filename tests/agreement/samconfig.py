"""Prints what the SAM CLI reads for `sam deploy` from each environment of samconfig.toml, as JSON.

Run with the Python of the pinned SAM CLI: samconfig.py FOLDER
"""

import json
import sys

from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.samconfig import SamConfig

[folder] = sys.argv[1:]
config = SamConfig(folder)
overrides = CfnParameterOverridesType()


def read(environment):
    # The section `global` is for all commands.
    values = dict(config.get_all(["deploy"], "parameters", environment))
    given = values.get("parameter_overrides")
    if given:
        values["parameter_overrides"] = overrides.convert(given, None, None)
    return values


print(json.dumps({environment: read(environment) for environment in ("default", "production")}))
