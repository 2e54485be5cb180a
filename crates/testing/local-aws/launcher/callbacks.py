"""Task tokens and callback tasks as Step Functions treats them.

Where MiniStack departs from the AWS pages "Discover service integration patterns", "Task workflow
state" and "SendTaskSuccess":

- a function that fails fails its `lambda:invoke.waitForTaskToken` task at once, so that Retry and
  Catch act; MiniStack swallows the failure and waits for a token that no client has;
- every attempt has a token of its own; MiniStack gives a retried task the token of the first one;
- tokens look as they do on AWS: some hundred characters with `+`, `/` and `=`;
- TimeoutSeconds can be a JSONata expression; MiniStack takes an integer only;
- the history has a task's arguments and timeout in its TaskScheduled event, and the function's
  answer in a TaskSubmitted event;
- the first answer wins. A token that was answered, ran out or belongs to an execution that has
  ended is refused with TaskTimedOut, a mangled one with InvalidToken, and an answer that is not JSON
  with InvalidOutput; MiniStack only knows TaskDoesNotExist.
"""

import base64
import binascii
import collections
import json
import secrets
import threading

from ministack.core import responses
from ministack.services import stepfunctions
from private_names import need, replace

# How a token begins; the rest is random. With it, a token has 668 characters.
TOKEN_HEAD = b"\x01\x00\xa0\x00\x00\x00*\x00\x00\x00\x03\x00\x00\x00\x00"
TOKEN_BYTES = 500
# What a task may answer, in bytes.
OUTPUT_LIMIT = 262_144
# Closed tokens that are remembered.
KEPT = 100_000

# What the current thread works on.
_current = threading.local()
# The execution that an open token belongs to.
_executions: dict[str, dict] = {}
_closed: collections.deque[str] = collections.deque(maxlen=KEPT)


def attach() -> None:
    """Puts all of this in place; raises MissingName when the emulator is not the expected one."""
    _execution_of_the_thread()
    _fresh_tokens()
    _scheduled_tasks()
    _callback_tasks()
    _answers()


def _execution_of_the_thread() -> None:
    def execute_task(state, raw_input, execution, context):
        _current.execution = execution
        if isinstance(state.get("TimeoutSeconds"), str):
            seconds = evaluate(state["TimeoutSeconds"], raw_input, context)
            state = {**state, "TimeoutSeconds": int(seconds)}
        return original(state, raw_input, execution, context)

    evaluate = need(stepfunctions, "_apply_jsonata_template")
    original = replace(stepfunctions, "_execute_task", execute_task)


def _fresh_tokens() -> None:
    """Renews the token when a callback task's arguments are made, which is once for each attempt."""

    def renewing(original):
        def make_arguments(state, data, context=None):
            if context and "Task" in context and ".waitForTaskToken" in state.get("Resource", ""):
                random = secrets.token_bytes(TOKEN_BYTES - len(TOKEN_HEAD))
                context["Task"] = {"Token": base64.b64encode(TOKEN_HEAD + random).decode()}
            arguments = original(state, data, context)
            _current.scheduled = state, arguments
            return arguments

        return make_arguments

    for name in ("_apply_jsonata_arguments", "_apply_parameters"):
        setattr(stepfunctions, name, renewing(need(stepfunctions, name)))


def _scheduled_tasks() -> None:
    """The event follows the arguments of its task at once, on the same thread."""

    def add(execution, event_type, details=None):
        scheduled = (details or {}).get("taskScheduledEventDetails")
        state, arguments = getattr(_current, "scheduled", None) or (None, None)
        if scheduled is not None and state is not None:
            _current.scheduled = None
            scheduled["region"] = execution["executionArn"].split(":")[3]
            scheduled["parameters"] = json.dumps(arguments)
            if isinstance(state.get("TimeoutSeconds"), int):
                scheduled["timeoutInSeconds"] = state["TimeoutSeconds"]
        return add_event(execution, event_type, details)

    add_event = replace(stepfunctions, "_add_event", add)


def _callback_tasks() -> None:
    tokens, failure = need(stepfunctions, "_task_tokens"), need(stepfunctions, "_ExecutionError")
    add_event = need(stepfunctions, "_add_event")

    def invoke_with_callback(resource, input_data, token, state):
        _current.token = token
        _executions[token] = _current.execution
        try:
            return wait(resource, input_data, token, state)
        finally:
            _current.token = None
            _closed.append(token)
            del _executions[token]

    def call_lambda(reference, event):
        token = getattr(_current, "token", None)
        try:
            result = invoke(reference, event)
        except failure as error:
            if token is not None:
                task = tokens[token]
                task["error"] = {"Error": error.error, "Cause": error.cause}
                task["event"].set()
            raise
        if token is not None:
            output = {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200}
            details = {
                "resourceType": "lambda",
                "resource": "invoke.waitForTaskToken",
                "output": json.dumps(output),
            }
            add_event(_executions[token], "TaskSubmitted", {"taskSubmittedEventDetails": details})
        return result

    wait = replace(stepfunctions, "_invoke_with_callback", invoke_with_callback)
    invoke = replace(stepfunctions, "_call_lambda", call_lambda)


def _answers() -> None:
    tokens, error = need(stepfunctions, "_task_tokens"), need(responses, "error_response_json")

    def refusal(data):
        token = data.get("taskToken") or ""
        task = tokens.get(token)
        if task is not None:
            is_running = _executions.get(token, {}).get("status") == "RUNNING"
            if is_running and not task["event"].is_set():
                return None
        elif token not in _closed:
            if not _is_well_formed(token):
                return error("InvalidToken", "Invalid Token: 'Invalid token'", 400)
            return error("TaskDoesNotExist", "Task does not exist", 400)
        return error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", 400)

    def checked(original):
        return lambda data: refusal(data) or original(data)

    def success(data):
        refused = refusal(data)
        if refused:
            return refused
        output = data.get("output", "")
        try:
            json.loads(output)
        except ValueError:
            return error("InvalidOutput", "Invalid Output: 'Output must be valid JSON'", 400)
        if len(output.encode()) > OUTPUT_LIMIT:
            return error("InvalidOutput", "Invalid Output: 'Output exceeds the limit of its size'", 400)
        return send_success(data)

    send_success = replace(stepfunctions, "_send_task_success", success)
    for name in ("_send_task_failure", "_send_task_heartbeat"):
        setattr(stepfunctions, name, checked(need(stepfunctions, name)))


def _is_well_formed(token: str) -> bool:
    try:
        raw = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == TOKEN_BYTES and raw.startswith(TOKEN_HEAD)
