"""Prints a SAM template as CloudFormation gets it: transformed, as JSON.

Run with the Python of the pinned SAM CLI: transform.py template.yaml
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

[template_path] = sys.argv[1:]
with open(template_path, encoding="utf-8") as file:
    template = yaml_parse(file.read())

# The SAM CLI uploads code and definition first; what they are does not matter here.
template["Globals"]["Function"]["CodeUri"] = "s3://bucket/code.zip"
for resource in template["Resources"].values():
    if "DefinitionUri" in resource["Properties"]:
        resource["Properties"]["DefinitionUri"] = "s3://bucket/definition.json"
    if resource["Type"] == "AWS::Serverless::Function":
        resource.pop("Metadata", None)

# No function uses a managed policy, so there is nothing to look up.
result = Translator({}, Parser()).translate(template, {})
json.dump(result, sys.stdout, indent=1)
