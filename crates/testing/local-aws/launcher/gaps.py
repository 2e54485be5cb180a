"""Closes the gaps between MiniStack and AWS that the workflow would fall into.

Each function states what AWS does; without it the emulator would do something else.
"""

import re

import callbacks
import more_calls
from ministack.core import iam_actions
from ministack.services import eventbridge, iam, lambda_svc, stepfunctions
from private_names import need, replace


OF_GROUPS = ("AddUserToGroup", "RemoveUserFromGroup", "AttachGroupPolicy", "DetachGroupPolicy")


def close_all() -> None:
    """Closes every gap; raises MissingName when the emulator is not the expected one."""
    need(lambda_svc, "reset")
    accept_events_of_aws_services()
    set_default_policy_version()
    rename_users_and_groups()
    never_reuse_version_ids()
    enforce_quotas()
    assign_all_variables_at_once()
    carry_out_the_default_of_a_choice()
    calls_about_groups_name_the_group()
    callbacks.attach()
    more_calls.attach()


def calls_about_groups_name_the_group() -> None:
    """The resource of a membership and of an attachment to a group is the group (Service Authorization
    Reference, "Actions, resources, and condition keys for AWS Identity and Access Management").

    MiniStack takes the user or the policy.
    """

    def resource(service, method, path, headers, body, query, region, account):
        if service == "iam":
            named = {name: values[0] for name, values in query.items() if isinstance(values, list) and values}
            named.update({name: value for name, value in query.items() if isinstance(value, str)})
            if named.get("Action") in OF_GROUPS:
                return f"arn:aws:iam::{account}:group/{named.get('GroupName', '')}"
        return original(service, method, path, headers, body, query, region, account)

    original = replace(iam_actions, "extract_resource_arn", resource)


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


def rename_users_and_groups() -> None:
    """Adds UpdateUser and UpdateGroup, which MiniStack does not implement.

    A renamed user or group keeps the unique identifier, the policies and the memberships.
    """
    handlers, parameter = need(iam, "_IAM_HANDLERS"), need(iam, "_p")
    error, xml = need(iam, "_error"), need(iam, "_xml")
    users, groups, keys = need(iam, "_users"), need(iam, "_groups"), need(iam, "_access_keys")
    profiles = need(iam, "_login_profiles")
    inline = {"User": need(iam, "_user_inline_policies"), "Group": need(iam, "_group_inline_policies")}

    def renaming(kind, owners):
        def handler(parameters):
            old = parameter(parameters, f"{kind}Name")
            path, new = parameter(parameters, "NewPath"), parameter(parameters, f"New{kind}Name") or old
            if old not in owners:
                return error(404, "NoSuchEntity", f"The {kind.lower()} with name {old} cannot be found.", ns="iam")
            if new != old and new in owners:
                return error(409, "EntityAlreadyExists", f"{kind} with name {new} already exists.", ns="iam")
            owner = owners.pop(old)
            path = path or owner["Path"]
            arn = owner["Arn"].split(f":{kind.lower()}/")[0]
            owner.update({f"{kind}Name": new, "Path": path, "Arn": f"{arn}:{kind.lower()}{path}{new}"})
            owners[new] = owner
            if old in inline[kind]:
                inline[kind][new] = inline[kind].pop(old)
            if kind == "User":
                for group in groups.values():
                    group["Users"] = [new if name == old else name for name in group["Users"]]
                for key in keys.values():
                    if key["UserName"] == old:
                        key["UserName"] = new
                if old in profiles:
                    profiles[new] = profiles.pop(old)
            return xml(200, f"Update{kind}Response", "", ns="iam")

        return handler

    for kind, owners in (("User", users), ("Group", groups)):
        handlers.setdefault(f"Update{kind}", renaming(kind, owners))


def never_reuse_version_ids() -> None:
    """Numbers policy versions as IAM does: the number of a deleted version never comes back.

    MiniStack takes the highest existing number plus one, so that a version made after a deletion
    could carry the name of the version that a caller read before.
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


# Characters without white space, of a managed policy and of all inline policies of one owner in sum.
# IAM User Guide, "IAM and AWS STS quotas".
MANAGED_QUOTA = 6_144
INLINE_QUOTAS = {"Role": 10_240, "User": 2_048, "Group": 5_120}


def enforce_quotas() -> None:
    """Refuses documents that are too long, as IAM does; MiniStack takes any length."""
    handlers, parameter, error = need(iam, "_IAM_HANDLERS"), need(iam, "_p"), need(iam, "_error")
    roles, users, groups = need(iam, "_roles"), need(iam, "_users"), need(iam, "_groups")
    of_users, of_groups = need(iam, "_user_inline_policies"), need(iam, "_group_inline_policies")
    owners = {
        "Role": (roles, lambda name: roles[name]["InlinePolicies"]),
        "User": (users, lambda name: of_users.get(name) or {}),
        "Group": (groups, lambda name: of_groups.get(name) or {}),
    }

    def size(document):
        # White space between tokens does not count; that inside strings does.
        return len(re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', r"\1", document))

    def managed(carry_out):
        def handler(parameters):
            if size(parameter(parameters, "PolicyDocument")) > MANAGED_QUOTA:
                message = f"Cannot exceed quota for PolicySize: {MANAGED_QUOTA}"
                return error(409, "LimitExceeded", message, ns="iam")
            return carry_out(parameters)

        return handler

    def inline(kind, carry_out):
        known, policies = owners[kind]
        quota = INLINE_QUOTAS[kind]

        def handler(parameters):
            owner, name = parameter(parameters, f"{kind}Name"), parameter(parameters, "PolicyName")
            if owner in known:
                after = {**policies(owner), name: parameter(parameters, "PolicyDocument")}
                if sum(map(size, after.values())) > quota:
                    message = f"Maximum policy size of {quota} bytes exceeded for {kind.lower()} {owner}"
                    return error(409, "LimitExceeded", message, ns="iam")
            return carry_out(parameters)

        return handler

    for action in ("CreatePolicy", "CreatePolicyVersion"):
        handlers[action] = managed(handlers[action])
    for kind in owners:
        handlers[f"Put{kind}Policy"] = inline(kind, handlers[f"Put{kind}Policy"])


def assign_all_variables_at_once() -> None:
    """Evaluates all expressions of an `Assign` with the variables as they were before it.

    AWS Step Functions Developer Guide, "Passing data between states with variables". In MiniStack, an
    expression sees the variables that stand above it.
    """

    def assign(state, raw_input, context, **more):
        before = (context or {}).get("variables")
        if before is None:
            return original(state, raw_input, context, **more)
        after = dict(before)
        for name, template in (state.get("Assign") or {}).items():
            # Each expression has the old variables, and only its result is kept.
            alone = {**context, "variables": dict(before)}
            original({**state, "Assign": {name: template}}, raw_input, alone, **more)
            after.update({name: alone["variables"][name]} if name in alone["variables"] else {})
        before.update(after)

    original = replace(stepfunctions, "_apply_state_assign", assign)


def carry_out_the_default_of_a_choice() -> None:
    """Gives the `Output` of a Choice state to its default; MiniStack passes the input on."""
    choose, output = need(stepfunctions, "_execute_choice"), need(stepfunctions, "_apply_jsonata_output")
    matches, language = need(stepfunctions, "_evaluate_jsonata_choice_rule"), need(stepfunctions, "_state_query_language")

    def execute(state, raw_input, context=None):
        if "Output" not in state or language(state, context) != "JSONata":
            return choose(state, raw_input, context)
        if any(matches(rule, raw_input, context) for rule in state["Choices"]):
            return choose(state, raw_input, context)
        # As for the input, the variables are those from before the state.
        result = output(state, raw_input, context)
        _, following = choose(state, raw_input, context)
        return result, following

    stepfunctions._execute_choice = execute
