"""Closes the gaps between MiniStack and AWS that the workflow would fall into.

Each function states what AWS does; without it the emulator would do something else.
"""

import re

import callbacks
from ministack.core import iam_evaluator
from ministack.services import eventbridge, iam, lambda_svc
from private_names import need, replace


def close_all() -> None:
    """Closes every gap; raises MissingName when the emulator is not the expected one."""
    need(lambda_svc, "reset")
    accept_events_of_aws_services()
    set_default_policy_version()
    never_reuse_version_ids()
    name_the_calling_function()
    callbacks.attach()


def accept_events_of_aws_services() -> None:
    """Lets PutEvents carry `aws.*` sources, so that a recorded CloudTrail event can be played.

    AWS refuses that to customers; its own services do it.
    """
    put_events = need(eventbridge, "_put_events")
    if put_events.__defaults__ != (False,):
        need(eventbridge, "_put_events with the parameter allow_aws_source")
    put_events.__defaults__ = (True,)


def set_default_policy_version() -> None:
    """Adds SetDefaultPolicyVersion, which MiniStack does not implement."""
    policies, parameter = need(iam, "_policies"), need(iam, "_p")
    error, xml, now = need(iam, "_error"), need(iam, "_xml"), need(iam, "_now")

    def handler(parameters):
        arn, version_id = parameter(parameters, "PolicyArn"), parameter(parameters, "VersionId")
        policy = policies.get(arn)
        if not policy or version_id not in policy["Versions"]:
            message = f"Policy {arn} version {version_id} does not exist or is not attachable."
            return error(404, "NoSuchEntity", message, ns="iam")
        for name, version in policy["Versions"].items():
            version["IsDefaultVersion"] = name == version_id
        policy["DefaultVersionId"] = version_id
        policy["UpdateDate"] = now()
        return xml(200, "SetDefaultPolicyVersionResponse", "", ns="iam")

    need(iam, "_IAM_HANDLERS").setdefault("SetDefaultPolicyVersion", handler)


def never_reuse_version_ids() -> None:
    """Numbers policy versions as IAM does: the number of a deleted version never comes back.

    MiniStack takes the highest existing number plus one, so that a version made after a deletion
    could carry the name of the version that somebody looked at before.
    """
    handlers = need(iam, "_IAM_HANDLERS")
    policies, parameter = need(iam, "_policies"), need(iam, "_p")
    create = handlers["CreatePolicyVersion"]

    def handler(parameters):
        policy = policies.get(parameter(parameters, "PolicyArn"))
        before = set(policy["Versions"]) if policy else set()
        status, headers, body = create(parameters)
        if status != 200:
            return status, headers, body
        [made] = set(policy["Versions"]) - before
        number = max(int(made[1:]), policy.get("LastVersionNumber", 1) + 1)
        policy["LastVersionNumber"] = number
        version_id = f"v{number}"
        version = policy["Versions"].pop(made)
        version["VersionId"] = version_id
        policy["Versions"][version_id] = version
        if policy["DefaultVersionId"] == made:
            policy["DefaultVersionId"] = version_id
        body = re.sub(rb"<VersionId>v\d+</VersionId>", b"<VersionId>%s</VersionId>" % version_id.encode(), body)
        return status, headers, body

    handlers["CreatePolicyVersion"] = handler


def name_the_calling_function() -> None:
    """Gives conditions the key lambda:SourceFunctionArn, which every call from inside a function has on AWS.

    AWS Lambda Developer Guide, "Using source function ARN to control function access behavior". The emulator names a function's
    session after the function.
    """
    functions = need(lambda_svc, "_functions")

    def resolve_key(key, context):
        if key.lower() != "lambda:sourcefunctionarn":
            return resolve(key, context)
        name = context.principal_arn.rsplit("/", 1)[-1]
        role = context.principal_arn.rsplit("/", 2)[-2] if ":assumed-role/" in context.principal_arn else None
        function = functions.get(name)
        config = (function or {}).get("config", {})
        is_its_role = role is not None and config.get("Role", "").rsplit("/", 1)[-1] == role
        return config.get("FunctionArn") if is_its_role else None

    resolve = replace(iam_evaluator, "_resolve_condition_key", resolve_key)
