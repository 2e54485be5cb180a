"""StartExecution with a name, by a client and by a state machine.

Where MiniStack departs from the AWS Step Functions API Reference, "StartExecution":

- the name and the input of an execution that still runs answer with that execution; MiniStack
  refuses every name that was used before;
- a name is refused with InvalidName, and an input that is no JSON or too long with
  InvalidExecutionInput; MiniStack takes them;
- an error of the integration `states:startExecution` is `StepFunctions.NAMEException` (Developer
  Guide, "Handling errors in Step Functions workflows"); MiniStack leaves out both ends.

The role of the state machine that starts another one is not asked.
"""

import json
import re

from ministack.core import responses
from ministack.services import stepfunctions
from private_names import need, replace

NAME_LIMIT = 80
INPUT_LIMIT = 262_144
# White space, brackets, wildcards, and what else the reference names.
NOT_IN_NAMES = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]""")


def attach() -> None:
    """Puts all of this in place; raises MissingName when the emulator is not the expected one."""
    refuse = need(responses, "error_response_json")
    failure, executions = need(stepfunctions, "_ExecutionError"), need(stepfunctions, "_executions")
    resolve, machines = need(stepfunctions, "_resolve_state_machine_arn"), need(stepfunctions, "_state_machines")

    def running(data):
        """The execution that runs with this name and input."""
        machine = machines.get(resolve(data.get("stateMachineArn", "").partition("#")[0]))
        if machine is None or not data.get("name"):
            return None
        arn = f"{machine['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{data['name']}"
        found = executions.get(arn)
        same = found and found["status"] == "RUNNING" and found["input"] == data.get("input", "{}")
        return found if same else None

    def start(data):
        name, text = data.get("name"), data.get("input", "{}")
        if name is not None and (not 1 <= len(name) <= NAME_LIMIT or NOT_IN_NAMES.search(name)):
            return refuse("InvalidName", f"Invalid Name: '{name}'", 400)
        if len(text.encode()) > INPUT_LIMIT or not _is_json(text):
            return refuse("InvalidExecutionInput", "Invalid State Machine Execution Input", 400)
        if found := running(data):
            answer = {"executionArn": found["executionArn"], "startDate": found["startDate"]}
            return responses.json_response(answer)
        return original(data)

    def invoke(resource, parameters):
        try:
            return nested(resource, parameters)
        except failure as error:
            if error.error.startswith("States."):
                raise
            name = error.error.removesuffix("Exception")
            raise failure(f"StepFunctions.{name}Exception", error.cause) from None

    original = replace(stepfunctions, "_start_execution", start)
    nested = replace(stepfunctions, "_invoke_nested_start_execution", invoke)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
