"""RedriveExecution, which MiniStack does not implement, and `Execution.RedriveCount`.

AWS Step Functions Developer Guide, "Restarting state machine executions with redrive": an execution
that failed, was stopped or ran out of time goes on in the state that it was in, with the input of
that state and the variables as they were. It keeps its name, its history and its definition's
version. The count of redrives is in the context object and in DescribeExecution.

A redrive here reads the state machine as it is now, and does not know the branches of Map and
Parallel states.
"""

import contextvars
import copy
import dataclasses
import json
import threading

from ministack.core import responses
from ministack.services import stepfunctions
from private_names import need, replace

CLOSED = ("FAILED", "ABORTED", "TIMED_OUT")
KINDS = ("Pass", "Task", "Choice", "Wait", "Parallel", "Map")

# Which run of the execution a thread belongs to: the number of redrives before it.
_run: contextvars.ContextVar[int | None] = contextvars.ContextVar("run", default=None)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an execution is."""

    state: str
    data: object
    variables: dict


# The last place of each execution.
_places: dict[str, Place] = {}


def attach() -> None:
    """Puts all of this in place; raises MissingName when the emulator is not the expected one."""
    _context_object()
    _only_the_newest_run()
    _described()
    _the_action()


def _context_object() -> None:
    """Notes each state that is entered, and gives it the count."""

    def entered(data, context):
        arn = context["Execution"]["Id"]
        context["Execution"]["RedriveCount"] = _count(stepfunctions._executions.get(arn) or {})
        _places[arn] = Place(context["State"]["Name"], data, copy.deepcopy(context["variables"]))

    def noting(original):
        def execute(state, data, *rest):
            context = rest[-1]
            # A state that TestState runs has no execution.
            if context and {"Execution", "State", "variables"} <= context.keys():
                entered(data, context)
            return original(state, data, *rest)

        return execute

    for name in [f"_execute_{kind.lower()}" for kind in KINDS] + ["_fail_state_error"]:
        setattr(stepfunctions, name, noting(need(stepfunctions, name)))


def _only_the_newest_run() -> None:
    """Ends the thread of a run that was stopped, before it adds anything or tries a task again."""

    def run_execution(arn):
        _run.set(0)
        return begin(arn)

    def add_event(execution, *event):
        is_over = execution["status"] != "RUNNING" and not event[0].startswith("Execution")
        if _run.get() is not None and (is_over or _run.get() != _count(execution)):
            raise SystemExit
        return add(execution, *event)

    begin = replace(stepfunctions, "_run_execution", run_execution)
    add = replace(stepfunctions, "_add_event", add_event)


def _described() -> None:
    def describe(data):
        status, headers, body = original(data)
        execution = stepfunctions._executions.get(data.get("executionArn"))
        if status != 200 or execution is None:
            return status, headers, body
        is_closed = execution["status"] in CLOSED
        answer = {
            **json.loads(body),
            "redriveCount": _count(execution),
            "redriveStatus": "REDRIVABLE" if is_closed else "NOT_REDRIVABLE",
        }
        if "redriveDate" in execution:
            answer["redriveDate"] = execution["redriveDate"]
        if not is_closed:
            answer["redriveStatusReason"] = f"Execution is {execution['status']} and cannot be redriven"
        return responses.json_response(answer)

    original = replace(stepfunctions, "_describe_execution", describe)


def _the_action() -> None:
    async def handle(method, path, headers, body, query):
        if not headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return await original(method, path, headers, body, query)
        return finalize(_redrive(json.loads(body or b"{}")))

    finalize = need(stepfunctions, "_finalize_response")
    original = replace(stepfunctions, "handle_request", handle)


def _redrive(data: dict):
    arn = data.get("executionArn", "")
    execution, place = stepfunctions._executions.get(arn), _places.get(arn)
    if execution is None:
        return responses.error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    if execution["status"] not in CLOSED or place is None:
        message = f"Execution is not redrivable: '{arn}'"
        return responses.error_response_json("ExecutionNotRedrivable", message, 400)
    count, date = _count(execution) + 1, responses.now_iso()
    execution.update(redriveCount=count, redriveDate=date, status="RUNNING", stopDate=None, output=None)
    for member in ("error", "cause"):
        execution.pop(member, None)
    details = {"executionRedrivenEventDetails": {"redriveCount": count}}
    stepfunctions._add_event(execution, "ExecutionRedriven", details)
    stepfunctions._emit_execution_status_event(execution)
    scope = contextvars.copy_context()
    arguments = (_resume, execution, place, count)
    threading.Thread(target=scope.run, args=arguments, daemon=True, name=f"redrive-{count}").start()
    return responses.json_response({"redriveDate": date})


def _resume(execution: dict, place: Place, count: int) -> None:
    """Goes on in a state, as `_run_execution` of the emulator begins in the first one."""
    _run.set(count)
    arn, add = execution["executionArn"], stepfunctions._add_event
    try:
        machine = stepfunctions._state_machines[execution["stateMachineArn"]]
        definition = json.loads(machine["definition"])
        context = {
            "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
            "Execution": {
                "Id": arn,
                "Input": json.loads(execution["input"]),
                "Name": execution["name"],
                "StartTime": execution["startDate"],
                "RedriveTime": execution["redriveDate"],
            },
            "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine["name"]},
            "variables": copy.deepcopy(place.variables),
        }
        name, data = place.state, place.data
        while name and execution["status"] == "RUNNING":
            state = definition["States"][name]
            kind = state["Type"]
            context["State"] = {"Name": name, "EnteredTime": responses.now_iso(), "RetryCount": 0}
            # The state that it goes on in was entered before.
            if name != place.state or data is not place.data:
                entered = {"name": name, "input": json.dumps(data)}
                add(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": entered})
            if kind == "Fail":
                raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, data, context))
            following = None
            if kind != "Succeed":
                work = getattr(stepfunctions, f"_execute_{kind.lower()}")
                with_execution = (execution,) if kind in ("Task", "Parallel", "Map") else ()
                data, following = work(state, data, *with_execution, context)
            exited = {"name": name, "output": json.dumps(data)}
            add(execution, f"{kind}StateExited", {"stateExitedEventDetails": exited})
            name = following
        if execution["status"] == "RUNNING":
            execution.update(status="SUCCEEDED", output=json.dumps(data), stopDate=responses.now_iso())
            details = {"executionSucceededEventDetails": {"output": execution["output"]}}
            add(execution, "ExecutionSucceeded", details)
            stepfunctions._emit_execution_status_event(execution)
    except stepfunctions._ExecutionError as error:
        stepfunctions._fail_execution(execution, error.error, error.cause)


def _count(execution: dict) -> int:
    return execution.get("redriveCount", 0)
