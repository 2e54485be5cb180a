"""The state machines on moto's interpreter, with functions, IAM and mails in the test's hands.

moto follows AWS where the emulator of the end-to-end tests departs from it: timeouts of callbacks,
functions that fail in callbacks, strict JSONata, delays between retries. The definitions are those
that are deployed; only their substitutions are filled in.
"""

import contextlib
import json
import pathlib
import re
import threading
import time
import unittest
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import jsonata
import moto.stepfunctions.parser.asl.jsonata.jsonata as moto_jsonata
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.sns.models import SNSBackend
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_events import (
    StateTaskServiceEvents,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.states import States
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

REGION = "us-east-1"
ACCOUNT = "123456789012"
FOLDER = pathlib.Path(__file__).parents[2] / "statemachine"
INCIDENTS, SWEEP = "policy_approval", "sweep"
# How the names of the state machines end.
NAMES = {INCIDENTS: "incidents", SWEEP: "sweep"}
FUNCTIONS = ("ValidatePolicy", "Remediate", "Notify", "Revert")
CLOSED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
# Nothing here waits for more than a second by itself, but a machine can be busy.
DEADLINE_SECONDS = 120


class FunctionError(Exception):
    """What a function answers when it fails: a name and a sentence."""

    def __init__(self, name: str, message: str = "a sentence"):
        super().__init__(message)
        self.name = name


class IamError(Exception):
    """What IAM answers when it refuses: a name as Step Functions gives it, and a sentence."""

    def __init__(self, name: str, message: str = "a sentence"):
        super().__init__(message)
        self.name = name


class PutError(Exception):
    """What Step Functions says when EventBridge does not take an event."""


class PublishError(Exception):
    """What SNS answers when it refuses a mail."""


def definition(name: str = INCIDENTS, **substitutions: Any) -> dict:
    """A definition with its substitutions, as CloudFormation fills them in: text for text."""
    values = {
        "Partition": "aws",
        "AlertTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
        "ApprovalTimeoutSeconds": 604800,
        "ChatNotifications": "false",
        "StackName": "guard",
        "ApiUrl": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/Prod",
        "IncidentStateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:guard-incidents",
        "ProbeRoleName": "guard-ProbeRole",
        **{f"{function}FunctionArn": _function_arn(function) for function in FUNCTIONS},
        **substitutions,
    }
    text = (FOLDER / f"{name}.asl.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda found: str(values[found[1]]), text))


def _function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _evaluate(expression: str) -> Any:
    try:
        return jsonata.Jsonata(expression).evaluate(None)
    except Exception:
        # An expression that fails is a States.QueryEvaluationError, as one without a result is. moto knows only the latter.
        return None


_trees: dict[str, Any] = {}
_parse_anew = AmazonStateLanguageParser.parse


def _parse(text: str) -> tuple[Any, Any]:
    """What moto parses several times for each execution, and takes long for."""
    if text not in _trees:
        _, _trees[text] = _parse_anew(text)
    return Preprocessor().visit(_trees[text]), _trees[text]


AmazonStateLanguageParser.parse = staticmethod(_parse)


class Test(unittest.TestCase):
    """A test with a world of its own."""

    def setUp(self) -> None:
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.world = stack.enter_context(world())


class World:
    """Functions, IAM, mails and delays, for one test."""

    def __init__(self) -> None:
        # Each takes the payload, and returns an answer or raises FunctionError.
        self.functions: dict[str, Callable[[dict], Any]] = {}
        self.calls: list[tuple[str, dict]] = []
        # Takes a call and its arguments, and returns a result or raises IamError.
        self.iam: Callable[[str, dict], dict] = lambda call, arguments: {}
        # The calls to IAM with their arguments, in order.
        self.actions: list[tuple[str, dict]] = []
        self.mails: list[dict] = []
        # The entries of the events in order, each with its detail as EventBridge gets it.
        self.events: list[dict] = []
        # Takes an entry, and raises PutError to refuse it.
        self.put: Callable[[dict], None] = lambda entry: None
        # Takes the subject, and raises PublishError to refuse the mail.
        self.publish: Callable[[str], None] = lambda subject: None
        self.delays: list[float] = []
        # How long the Wait states would have waited.
        self.waits: list[float] = []
        # How often the executions were redriven, from the next state on.
        self.redrives = 0

    def invoke(self, name: str, body: str, response_headers: dict) -> bytes:
        payload = json.loads(body)
        self.calls.append((name, payload))
        try:
            answer = self.functions[name](payload)
        except FunctionError as error:
            response_headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorType": error.name, "errorMessage": str(error)}
        return json.dumps(answer).encode()

    def act(self, call: str, arguments: dict) -> dict:
        """Carries out a call to IAM."""
        self.actions.append((call, arguments))
        return self.iam(call, arguments)

    def start(self, **arguments: Any) -> dict:
        """Starts an execution for a state machine."""
        started = boto3.client("stepfunctions", region_name=REGION).start_execution(**arguments)
        return {"ExecutionArn": started["executionArn"]}

    def payloads(self, name: str) -> list[dict]:
        """What a function was asked, in order."""
        return [payload for called, payload in self.calls if called == name]


@contextlib.contextmanager
def world() -> Iterator[World]:
    """moto with the functions, IAM and mails of a new World."""
    here = World()

    def invoke(self, function_name, qualifier, body, headers, response_headers):
        return here.invoke(function_name.split(":")[-1], body, response_headers)

    def wait(self, env, wait_seconds):
        here.waits.append(wait_seconds)

    def act(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        assert self.resource.api_name in ("iam", "cloudtrail", "sfn"), self.resource.resource_arn
        call = self.resource.api_action
        try:
            env.stack.append(here.act(call[:1].upper() + call[1:], normalised_parameters))
        except IamError as error:
            raise FailureEventException(self._get_task_failure_event(env, error.name, str(error))) from error

    def start(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        # moto calls its API with the names of the definition, which begin with a capital letter there.
        arguments = {name[:1].lower() + name[1:]: value for name, value in normalised_parameters.items()}
        env.stack.append(here.start(**arguments))

    def reset(self, input_value):
        # The context object of Step Functions has this number, and that of moto does not.
        self.context_object.context_object_data["Execution"]["RedriveCount"] = here.redrives
        begin(self, input_value)

    begin = States.reset

    def put(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        for entry in normalised_parameters["Entries"]:
            try:
                here.put(entry)
            except PutError as error:
                failed = self._get_task_failure_event(env, "EventBridge.FailedEntry", str(error))
                raise FailureEventException(failed) from error
            here.events.append({**entry, "Detail": json.dumps(entry["Detail"])})
        env.stack.append({"Entries": [{"EventId": "00000000"}], "FailedEntryCount": 0})

    def publish(self, message, subject=None, **rest):
        try:
            here.publish(subject)
        except PublishError as error:
            from moto.sns.exceptions import SNSInvalidParameter

            raise SNSInvalidParameter(str(error)) from error
        here.mails.append({"subject": subject, "message": message})
        return "00000000-0000-0000-0000-000000000000"

    with contextlib.ExitStack() as stack:
        stack.enter_context(
            mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}})
        )
        for owner, name, value in (
            (moto_jsonata, "_eval_jsonata", _evaluate),
            (LambdaSimpleBackend, "invoke", invoke),
            (SNSBackend, "publish", publish),
            (StateTaskServiceAwsSdk, "_eval_service_task", act),
            (StateTaskServiceEvents, "_eval_service_task", put),
            (StateTaskServiceSfn, "_eval_service_task", start),
            (States, "reset", reset),
            (retrier_decl, "time", _Clock(here.delays)),
            (WaitFunction, "_wait_interval", wait),
        ):
            original = getattr(owner, name)
            setattr(owner, name, value)
            stack.callback(setattr, owner, name, original)
        yield here


class _Clock:
    """Notes how long a retry would wait, and does not wait."""

    def __init__(self, delays: list[float]):
        self._delays = delays

    def sleep(self, seconds: float) -> None:
        self._delays.append(seconds)


class Execution:
    """One execution of a state machine."""

    def __init__(self, event: Any, of: str = INCIDENTS, **substitutions: Any):
        self._states = boto3.client("stepfunctions", region_name=REGION)
        self.of = of
        self.definition = definition(of, **substitutions)
        machine = self._states.create_state_machine(
            name=f"guard-{uuid.uuid4()}-{NAMES[of]}",
            definition=json.dumps(self.definition),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/machine",
        )
        self.machine = machine["stateMachineArn"]
        started = self._states.start_execution(
            stateMachineArn=self.machine, name=str(uuid.uuid4()), input=json.dumps(event)
        )
        self.arn = started["executionArn"]

    def decide(self, token: str, output: Any) -> None:
        """Answers as the callback function does."""
        self._states.send_task_success(taskToken=token, output=json.dumps(output))

    def fail(self, token: str, error: str) -> None:
        """Fails the waiting task from outside."""
        self._states.send_task_failure(taskToken=token, error=error, cause="from outside")

    def closed(self) -> dict:
        """How it ended."""
        end = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < end:
            described = self._states.describe_execution(executionArn=self.arn)
            if described["status"] in CLOSED:
                COVERAGES[self.of].note(self.definition, self.history())
                return described
            time.sleep(0.02)
        raise AssertionError(f"the execution does not end; it entered {self.entered()}")

    def output(self) -> dict:
        """Its output; it must have succeeded."""
        described = self.closed()
        if described["status"] != "SUCCEEDED":
            raise AssertionError(f"{described['status']}: {described.get('error')}: {described.get('cause')}")
        return json.loads(described["output"])

    def history(self) -> list[dict]:
        """Its events, the oldest first."""
        # Not through the API, which writes and reads a long history anew for each page.
        execution = stepfunctions_parser_backends[ACCOUNT][REGION].describe_execution(self.arn)
        return execution.to_history_output()["events"]

    def names(self) -> list[str]:
        """The names of all executions of its state machine, once they have ended."""
        end = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < end:
            listed = self._states.list_executions(stateMachineArn=self.machine)["executions"]
            if all(execution["status"] in CLOSED for execution in listed):
                return [execution["name"] for execution in listed]
            time.sleep(0.02)
        raise AssertionError("an execution does not end")

    def entered(self) -> list[str]:
        """The states that it entered, in order."""
        return [name for name, _ in self.inputs()]

    def inputs(self) -> list[tuple[str, Any]]:
        """The states that it entered, in order, with the data that each was entered with."""
        events = (event.get("stateEnteredEventDetails") for event in self.history())
        return [(entered["name"], json.loads(entered["input"])) for entered in events if entered]


class Coverage:
    """Which states were entered, and which catchers caught, over all executions of a definition."""

    def __init__(self, of: str) -> None:
        self._of = of
        self._lock = threading.Lock()
        self._states: set[str] = set()
        self._catchers: set[tuple[str, str]] = set()

    def note(self, definition: dict, history: list[dict]) -> None:
        events = {event["id"]: event for event in history}
        with self._lock:
            for event in history:
                entered = event.get("stateEnteredEventDetails")
                if entered:
                    self._states.add(entered["name"])
                    state, error = self._failed_before(definition, events, event)
                    self._note_catch(definition, state, error, entered["name"])

    def _failed_before(self, definition: dict, events: dict, event: dict) -> tuple[str | None, str | None]:
        """The state that the event follows, and the error that it ended with.

        The items of a Map run side by side, so each event names the one before it.
        """
        error, of_map = None, False
        while event := events.get(event["previousEventId"]):
            entered = event.get("stateEnteredEventDetails")
            if entered:
                state = entered["name"]
                return (_map_of(definition, state) or state) if of_map else state, error
            for name in ("taskFailedEventDetails", "taskTimedOutEventDetails", "mapIterationFailedEventDetails"):
                error = error or event.get(name, {}).get("error")
            if str(event["type"]).endswith("MapStateFailed"):
                of_map, error = True, "States.ALL"
            if "taskSucceededEventDetails" in event:
                return None, None
        return None, None

    def _note_catch(self, definition: dict, state: str | None, error: str | None, following: str) -> None:
        if state is None or error is None:
            return
        for catcher in _all_states(definition)[state].get("Catch", []):
            if error in catcher["ErrorEquals"] or "States.ALL" in catcher["ErrorEquals"]:
                if catcher["Next"] == following:
                    self._catchers.add((state, catcher["ErrorEquals"][0]))
                return

    def missing(self) -> list[str]:
        """What no execution reached."""
        states = _all_states(definition(self._of))
        catchers = {
            (name, catcher["ErrorEquals"][0]) for name, state in states.items() for catcher in state.get("Catch", [])
        }
        with self._lock:
            return sorted(
                [f"the state {name} of {self._of}" for name in set(states) - self._states]
                + [f"the catcher of {error} in {name} of {self._of}" for name, error in catchers - self._catchers]
            )


def _map_of(definition: dict, item_state: str) -> str | None:
    """The Map that runs this state for each item."""
    for name, state in definition["States"].items():
        if item_state in state.get("ItemProcessor", {}).get("States", {}):
            return name
    return None


def _all_states(definition: dict) -> dict:
    """The states of a definition, with those that a Map runs for each item."""
    states = dict(definition["States"])
    for state in definition["States"].values():
        states.update(state.get("ItemProcessor", {}).get("States", {}))
    return states


COVERAGES = {name: Coverage(name) for name in (INCIDENTS, SWEEP)}
