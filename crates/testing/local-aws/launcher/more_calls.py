"""Calls of IAM that MiniStack does not implement.

`AcquireRole` makes a role as its template says (IAM API reference, "AcquireRole"). Users have
service-specific credentials. The other calls answer as IAM does and change nothing that anybody reads
here; CloudTrail has their records.
"""

import datetime
import json
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id
from ministack.services import iam
from private_names import need

# The templates: whom the role trusts, and which policies of AWS it gets.
TEMPLATES = {
    "PowerUserRoleTemplate": ("PowerUserRole", {"AWS": "arn:aws:iam::{account}:root"}, ["PowerUserAccess"]),
    "LambdaBasicRoleTemplate": (
        "LambdaBasicRole",
        {"Service": "lambda.amazonaws.com"},
        ["service-role/AWSLambdaBasicExecutionRole"],
    ),
}
KEY = {"SSHPublicKeyId": "APKAEIBAERJR2EXAMPLE", "Status": "Active"}
CERTIFICATE = {"CertificateId": "TA7SMP42TDN5Z26OBPJE7EXAMPLE", "Status": "Active"}
# The calls about a user, with the member of the answer and what it holds.
ABOUT_USERS = {
    "UploadSSHPublicKey": ("SSHPublicKey", KEY),
    "UpdateSSHPublicKey": None,
    "UploadSigningCertificate": ("Certificate", CERTIFICATE),
    "UpdateSigningCertificate": None,
}
SETTINGS = [
    "AcceptDelegationRequest",
    "AddClientIDToOpenIDConnectProvider",
    "EnableOrganizationsRootCredentialsManagement",
    "EnableOrganizationsRootSessions",
    "EnableOutboundWebIdentityFederation",
    "PutAccountProperties",
    "UpdateOpenIDConnectProviderThumbprint",
]


def attach() -> None:
    """Adds the calls; raises MissingName when the emulator is not the expected one."""
    handlers = need(iam, "_IAM_HANDLERS")
    handlers.setdefault("AcquireRole", acquire_role)
    for name, answer in ABOUT_USERS.items():
        handlers.setdefault(name, about_user(name, answer))
    for name, handler in service_specific_credentials().items():
        handlers.setdefault(name, handler)
    for name in SETTINGS:
        handlers.setdefault(name, lambda parameters, name=name: _answer(name, ""))


def acquire_role(parameters):
    """Makes the role of a template, or answers with the one that is there."""
    roles, error = need(iam, "_roles"), need(iam, "_error")
    arn = need(iam, "_p")(parameters, "TemplateArn")
    template = TEMPLATES.get(arn.rpartition("/")[2])
    if template is None:
        return error(404, "NoSuchEntity", f"Role template {arn} does not exist.", ns="iam")
    name, principal, policies = template
    if name not in roles:
        principal = {kind: text.format(account=get_account_id()) for kind, text in principal.items()}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam._create_role({"RoleName": [name], "AssumeRolePolicyDocument": [trust]})
        if made[0] != 200:
            return made
        for policy in policies:
            policy_arn = f"arn:aws:iam::aws:policy/{policy}"
            iam._attach_role_policy({"RoleName": [name], "PolicyArn": [policy_arn]})
    return _answer("AcquireRole", f"<Role>{need(iam, '_role_xml')(name)}</Role>")


def about_user(name, answer):
    users, error, parameter = need(iam, "_users"), need(iam, "_error"), need(iam, "_p")

    def handler(parameters):
        user = parameter(parameters, "UserName")
        if user not in users:
            return error(404, "NoSuchEntity", f"The user with name {user} cannot be found.", ns="iam")
        if answer is None:
            return _answer(name, "")
        member, values = answer
        members = {"UserName": user, **values}
        inner = "".join(f"<{key}>{escape(text)}</{key}>" for key, text in members.items())
        return _answer(name, f"<{member}>{inner}</{member}>")

    return handler


def service_specific_credentials():
    """The calls about the service-specific credentials of a user."""
    users, error, parameter = need(iam, "_users"), need(iam, "_error"), need(iam, "_p")
    # By account and user, in the order in which they were made.
    held: dict[tuple[str, str], list[dict]] = {}

    def of(parameters):
        user = parameter(parameters, "UserName")
        if user not in users:
            return user, None
        # A user that was made again has none of the former one's.
        key = (get_account_id(), users[user]["UserId"])
        return user, held.setdefault(key, [])

    def missing(what):
        return error(404, "NoSuchEntity", f"{what} cannot be found.", ns="iam")

    def written(credential, password):
        members = {**credential, **({"ServicePassword": "password"} if password else {})}
        return "".join(f"<{key}>{escape(text)}</{key}>" for key, text in members.items())

    def create(parameters):
        user, credentials = of(parameters)
        if credentials is None:
            return missing(f"The user with name {user}")
        number = len(credentials)
        credential = {
            "UserName": user,
            "ServiceName": parameter(parameters, "ServiceName"),
            "ServiceUserName": "user-at-account",
            "ServiceSpecificCredentialId": f"ACCAEXAMPLE{123 + number}EXAMPLE",
            "CreateDate": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Status": "Active",
        }
        credentials.append(credential)
        inner = f"<ServiceSpecificCredential>{written(credential, True)}</ServiceSpecificCredential>"
        return _answer("CreateServiceSpecificCredential", inner)

    def change(name, answer):
        def handler(parameters):
            user, credentials = of(parameters)
            wanted = parameter(parameters, "ServiceSpecificCredentialId")
            for credential in credentials or []:
                if credential["ServiceSpecificCredentialId"] == wanted:
                    return _answer(name, answer(credential, parameters))
            return missing(f"The credential {wanted} of {user}")

        return handler

    def reset(credential, parameters):
        return f"<ServiceSpecificCredential>{written(credential, True)}</ServiceSpecificCredential>"

    def update(credential, parameters):
        credential["Status"] = parameter(parameters, "Status")
        return ""

    def listed(parameters):
        user, credentials = of(parameters)
        if credentials is None:
            return missing(f"The user with name {user}")
        members = "".join(f"<member>{written(credential, False)}</member>" for credential in credentials)
        inner = f"<ServiceSpecificCredentials>{members}</ServiceSpecificCredentials>"
        return _answer("ListServiceSpecificCredentials", inner)

    return {
        "CreateServiceSpecificCredential": create,
        "ResetServiceSpecificCredential": change("ResetServiceSpecificCredential", reset),
        "UpdateServiceSpecificCredential": change("UpdateServiceSpecificCredential", update),
        "ListServiceSpecificCredentials": listed,
    }


def _answer(name, result):
    return need(iam, "_xml")(200, f"{name}Response", f"<{name}Result>{result}</{name}Result>", ns="iam")
