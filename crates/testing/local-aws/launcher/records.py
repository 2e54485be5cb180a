"""CloudTrail records of IAM writes, in the shapes that CloudTrail uses.

The members of a call come from the service model of botocore, which the emulator brings along; the
rest follows the AWS pages "CloudTrail record contents" and "AWS Identity and Access Management
events", and published records.
"""

import datetime
import json
import uuid
from urllib.parse import parse_qs

import botocore.parsers
import botocore.session
from botocore.model import OperationModel, Shape

# IAM calls that CloudTrail marks as read-only; they do not reach EventBridge.
READ_PREFIXES = ("Generate", "Get", "List", "Simulate")
# A field above this many bytes is left out of a record.
FIELD_LIMIT_BYTES = 100 * 1024
# Refusals of the credentials themselves: CloudTrail could not tell whose record it would be.
CREDENTIAL_ERRORS = {
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
}

_model = botocore.session.get_session().get_service_model("iam")
_parser = botocore.parsers.create_parser("query")


def write_operation(form: dict[str, list[str]]) -> OperationModel | None:
    """The IAM write that a request asks for; None for reads and for what IAM does not know."""
    name = form.get("Action", [""])[0]
    if name.startswith(READ_PREFIXES) or name not in _model.operation_names:
        return None
    return _model.operation_model(name)


def form_of(query: dict, headers: dict, body: bytes) -> dict[str, list[str]]:
    """The parameters of a request in the Query protocol, from its URL and its body."""
    form = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = {**parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), **form}
    return form


def record(
    operation: OperationModel,
    form: dict[str, list[str]],
    response: tuple[int, dict, bytes],
    *,
    identity: dict,
    account_id: str,
    region: str,
    source_ip: str,
    user_agent: str,
    request_id: str,
) -> dict | None:
    """The record (`detail`) of one write; None when CloudTrail would have none."""
    status, _, body = response
    answer = _parse(operation, status, body)
    request = _request_members(operation.input_shape, form, "") if operation.input_shape else {}
    result = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": _now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "iam.amazonaws.com",
        "eventName": operation.name,
        "awsRegion": region,
        "sourceIPAddress": source_ip,
        "userAgent": user_agent,
    }
    elements = None
    if status >= 300:
        code = answer["Error"].get("Code", "ServiceFailure")
        if code in CREDENTIAL_ERRORS:
            return None
        result["errorCode"] = _exception_name(operation, code)
        result["errorMessage"] = answer["Error"].get("Message", "")
        if code == "AccessDenied":
            # Refused before IAM looked at the request.
            request = None
    elif operation.output_shape:
        elements = _response_members(operation.output_shape, answer)
        elements = {name: _without_unsent_tags(member, form) for name, member in elements.items()}
    result.update(
        requestParameters=_within_limit("requestParameters", request),
        responseElements=_within_limit("responseElements", elements or None),
        requestID=request_id,
        eventID=str(uuid.uuid4()),
        readOnly=False,
        eventType="AwsApiCall",
        managementEvent=True,
        recipientAccountId=account_id,
        eventCategory="Management",
    )
    return result


def _parse(operation: OperationModel, status: int, body: bytes) -> dict:
    answer = {"status_code": status, "headers": {}, "body": body}
    try:
        return _parser.parse(answer, operation.output_shape)
    except botocore.parsers.ResponseParserError:
        # The emulator reports its own failures as JSON.
        return {"Error": {"Code": "ServiceFailure", "Message": body.decode("utf-8", "replace")}}


def _exception_name(operation: OperationModel, code: str) -> str:
    """CloudTrail names the exception where the service's model has one, and else the error code."""
    for shape in operation.error_shapes:
        if shape.metadata.get("error", {}).get("code") == code:
            return shape.name
    return code


def _request_members(shape: Shape, form: dict[str, list[str]], prefix: str):
    """The members of `shape` as sent; None for a member that was not sent."""
    if shape.type_name == "structure":
        members = {}
        for name, member in shape.members.items():
            value = _request_members(member, form, f"{prefix}.{name}" if prefix else name)
            if value is not None and not member.metadata.get("sensitive"):
                members[_small(name)] = value
        return members if members or not prefix else None
    if shape.type_name == "list":
        items = []
        while (item := _request_members(shape.member, form, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        # An empty list is sent as the bare name.
        return items if items or prefix in form else None
    if prefix not in form:
        return None
    text = form[prefix][0]
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in ("integer", "long"):
        return int(text) if text.lstrip("-").isdigit() else text
    return text


def _response_members(shape: Shape, value):
    """A parsed response with CloudTrail's names, without secrets."""
    if shape.type_name == "structure":
        return {
            _small(name): _response_members(member, value[name])
            for name, member in shape.members.items()
            if name in value and not member.metadata.get("sensitive")
        }
    if shape.type_name == "list":
        return [_response_members(shape.member, item) for item in value]
    if isinstance(value, datetime.datetime):
        hour = value.hour % 12 or 12
        return f"{value:%b} {value.day}, {value:%Y} {hour}:{value:%M:%S %p}"
    return value


def _without_unsent_tags(member, form: dict[str, list[str]]):
    sent = any(name.startswith("Tags") for name in form)
    if isinstance(member, dict) and not sent and not member.get("tags"):
        return {name: value for name, value in member.items() if name != "tags"}
    return member


def _within_limit(field: str, value):
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8"))
    if size <= FIELD_LIMIT_BYTES:
        return value
    return {"reason": f"{field} too large", "omitted": True, "originalSize": size}


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
