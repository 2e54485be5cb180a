"""The state machine's own calls to IAM, CloudTrail and Step Functions, as Step Functions makes them.

MiniStack hands an `aws-sdk:…` integration straight to its handler: as no caller, past roles,
quotas and records. Step Functions makes the call with a session of the state machine's role (AWS
Step Functions Developer Guide, "Integrating with AWS SDK services"), so it goes through the endpoint
here, where the functions' calls go:

- parameters and results are in PascalCase; a document in a result is text;
- an error that the service's model lists is `Iam.NAMEException`, with the suffix whatever the model
  calls it, and so for `CloudTrail` and `Sfn`;
- every other one, such as throttling or a missing permission, is `Iam.IamException`, and the cause
  says what IAM said, as the AWS SDK for Java words it;
- a connection that breaks is `Iam.SdkClientException`.

The role must let `states.amazonaws.com` in for this state machine (same guide, "Prevent cross-service
confused deputy issue"). Here, only these calls ask the role.
"""

import contextvars
import hashlib
import json
import os
import threading

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError
from ministack.core import iam_evaluator
from ministack.services import iam, stepfunctions, sts
from private_names import need, replace

SERVICE = "states.amazonaws.com"
# The services, and what Step Functions calls them in errors.
SERVICES = {"iam": "Iam", "cloudtrail": "CloudTrail", "sfn": "Sfn"}
# Those that botocore calls otherwise; their members begin with a small letter there.
CLIENTS = {"sfn": "stepfunctions"}
# Longer than any call of a state machine may take.
TIMEOUT_SECONDS = 70

# The state machine whose task runs. The thread of a task that has a timeout gets it as well.
_machine: contextvars.ContextVar[dict | None] = contextvars.ContextVar("machine", default=None)
_clients: dict[tuple[str, str], object] = {}
_lock = threading.Lock()


def attach() -> None:
    """Puts all of this in place; raises MissingName when the emulator is not the expected one."""
    need(iam_evaluator, "evaluate_resource_policy"), need(iam, "_roles"), need(sts, "register_session")
    failure, machines = need(stepfunctions, "_ExecutionError"), need(stepfunctions, "_state_machines")

    def execute_task(state, raw_input, execution, context):
        token = _machine.set(machines.get((execution or {}).get("stateMachineArn")))
        try:
            return execute(state, raw_input, execution, context)
        finally:
            _machine.reset(token)

    def invoke(resource, parameters):
        service, action = resource.split(":")[-2:]
        if service not in SERVICES:
            return invoke_other(resource, parameters)
        client, title = _client(service, _machine.get(), failure), SERVICES[service]
        try:
            if service in CLIENTS:
                parameters = _begun(parameters, str.lower)
            result = getattr(client, xform_name(action))(**parameters)
        except ClientError as error:
            raise failure(*_named(client, title, error)) from None
        except ParamValidationError as error:
            raise failure(f"{title}.{title}Exception", f"{error} (Service: {title}, Status Code: 400)") from None
        except (BotoCoreError, ResponseParserError) as error:
            raise failure(f"{title}.SdkClientException", f"Unable to execute HTTP request: {error}") from None
        result.pop("ResponseMetadata", None)
        # Dates are text in the data of an execution.
        result = json.loads(json.dumps(result, default=lambda date: date.isoformat()))
        return _begun(result, str.upper) if service in CLIENTS else result

    execute = replace(stepfunctions, "_execute_task", execute_task)
    invoke_other = replace(stepfunctions, "_invoke_aws_sdk_integration", invoke)


def _begun(value, letter):
    """The value with each name of a member begun by a letter of this case."""
    if isinstance(value, list):
        return [_begun(item, letter) for item in value]
    if isinstance(value, dict):
        return {letter(name[:1]) + name[1:]: _begun(item, letter) for name, item in value.items()}
    return value


def _named(client, title: str, error: ClientError) -> tuple[str, str]:
    """The name and the cause that Step Functions gives an error of a service."""
    code, about = error.response["Error"]["Code"], error.response.get("ResponseMetadata", {})
    message = error.response["Error"].get("Message") or code
    status, request = about.get("HTTPStatusCode"), about.get("RequestId")
    facts = f"Service: {title}, Status Code: {status}, Request ID: {request}"
    for shape in client.meta.service_model.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            return f"{title}.{shape.name.removesuffix('Exception')}Exception", f"{message} ({facts})"
    if code == "Throttling" and "Rate exceeded" not in message:
        # A proxy that throttles has words of its own, and IAM has these.
        message = f"Rate exceeded: {message}"
    return f"{title}.{title}Exception", f"{message} ({facts}, Error Code: {code})"


def _client(service: str, machine: dict | None, failure):
    """A client with a session of the state machine's role, if the role trusts the state machine."""
    if machine is None:
        raise failure("States.Runtime", "no state machine runs that a role could trust")
    role_arn, machine_arn = machine["roleArn"], machine["stateMachineArn"]
    region, account = machine_arn.split(":")[3:5]
    role_name = role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get_scoped(role_arn.split(":")[4], None, role_name)
    if role is None or not _trusts(role, machine_arn):
        raise failure("States.TaskFailed", f"The role {role_arn} does not let {SERVICE} in for {machine_arn}")
    digest = hashlib.sha256(f"{machine_arn} {role_arn} {role['RoleId']}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest, f"token-{digest}"
    session_name = digest[-32:]
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}",
        "UserId": f"{role['RoleId']}:{session_name}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
        # For its records: see `identity`.
        "InvokedBy": SERVICE,
    }
    with _lock:
        # Each time: a reset of the emulator forgets the sessions.
        sts.register_session(key, session)
        if (service, key) not in _clients:
            _clients[service, key] = boto3.client(
                CLIENTS.get(service, service),
                region_name=region,
                endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
                # The definition says what is retried.
                config=Config(
                    retries={"total_max_attempts": 1},
                    connect_timeout=TIMEOUT_SECONDS,
                    read_timeout=TIMEOUT_SECONDS,
                    max_pool_connections=200,
                ),
            )
        return _clients[service, key]


def _trusts(role: dict, machine_arn: str) -> bool:
    """Whether the role's trust policy lets Step Functions in for this state machine."""
    region, account = machine_arn.split(":")[3:5]
    document = role["AssumeRolePolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    context = iam_evaluator.EvalContext(
        principal_arn=SERVICE,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role["Arn"],
        region=region,
        service_context={"aws:sourcearn": machine_arn, "aws:sourceaccount": account},
    )
    # The resource of a trust policy is its role, so it names none.
    policy = {"Statement": [{**statement, "Resource": "*"} for statement in statements]}
    return iam_evaluator.evaluate_resource_policy(policy, context, service=SERVICE).decision == "Allow"
