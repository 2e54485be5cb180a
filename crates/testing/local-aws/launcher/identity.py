"""Who makes a call: CloudTrail's `userIdentity` from the credentials of the request.

Follows the AWS page "CloudTrail userIdentity element".
"""

import dataclasses
import datetime

from ministack.core import iam_evaluator
from ministack.services import iam, sts
from private_names import need

_resolve = need(iam_evaluator, "resolve_credential")
_users, _roles, _sessions = need(iam, "_users"), need(iam, "_roles"), need(sts, "_sessions")


@dataclasses.dataclass(frozen=True)
class Caller:
    """The caller of a request."""

    # CloudTrail's `userIdentity`.
    identity: dict
    # The ARN of the role, with its path, for a role session; else None.
    role_arn: str | None
    # The AWS service that makes the call with a session of somebody's role; else None.
    service: str | None = None


def caller(access_key_id: str, account_id: str) -> Caller | None:
    """The caller that the access key belongs to; None for an unknown key.

    It must be asked before the call is carried out: a call can delete its own credentials.
    """
    credential = _resolve(access_key_id, account_id)
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        return None
    identity = {
        "type": "Root",
        "principalId": credential.principal_id,
        "arn": credential.principal_arn,
        "accountId": credential.account_id,
        "accessKeyId": access_key_id,
    }
    session = _sessions.get(access_key_id)
    if credential.principal_type == "Root":
        # As in the root user's console sessions: the issuer is there, and empty.
        identity["sessionContext"] = _session_context({}, session)
        return Caller(identity, None)
    if credential.principal_type == "AssumedRole":
        return _role_session(identity, credential, session)
    if credential.principal_type == "FederatedUser":
        identity["type"] = "FederatedUser"
        issuer = _issuer_of_federated_user(credential)
        identity["sessionContext"] = _session_context(issuer, session)
        return Caller(identity, None)
    identity["type"] = "IAMUser"
    identity["userName"] = credential.principal_name
    if session is not None:
        identity["sessionContext"] = _session_context({}, session)
    return Caller(identity, None)


def _role_session(identity: dict, credential, session: dict | None) -> Caller:
    _, role_name, session_name = credential.principal_arn.split("/", 2)
    role = _roles.get_scoped(credential.account_id, None, role_name) or {}
    role_arn = role.get("Arn") or f"arn:aws:iam::{credential.account_id}:role/{role_name}"
    role_id = role.get("RoleId") or credential.principal_id.partition(":")[0]
    issuer = {
        "type": "Role",
        "principalId": role_id,
        "arn": role_arn,
        "accountId": credential.account_id,
        "userName": role_name,
    }
    identity["type"] = "AssumedRole"
    identity["principalId"] = f"{role_id}:{session_name}"
    identity["sessionContext"] = _session_context(issuer, session)
    service = (session or {}).get("InvokedBy")
    if service is not None:
        identity["invokedBy"] = service
    return Caller(identity, role_arn, service)


def _issuer_of_federated_user(credential) -> dict:
    source = _resolve(credential.source_access_key_id or "", credential.account_id)
    if isinstance(source, iam_evaluator.CredentialResolutionError):
        return {}
    issuer = {
        "type": "Root" if source.principal_type == "Root" else "IAMUser",
        "principalId": source.principal_id,
        "arn": source.principal_arn,
        "accountId": source.account_id,
    }
    if source.principal_name:
        issuer["userName"] = source.principal_name
    return issuer


def _session_context(issuer: dict, session: dict | None) -> dict:
    issued = (session or {}).get("IssuedAt")
    created = (
        datetime.datetime.fromtimestamp(issued, datetime.timezone.utc)
        if isinstance(issued, (int, float))
        else datetime.datetime.now(datetime.timezone.utc)
    )
    attributes = {
        "creationDate": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mfaAuthenticated": "false",
    }
    return {"sessionIssuer": issuer, "attributes": attributes}
