"""What the functions answer when everything works, and the words of the tests."""

import queue
from typing import Any

from machine import Execution, FunctionError, World

DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:DeleteBucket","Resource":"*"}]}'
EVENT = {
    "account": "123456789012",
    "region": "us-east-1",
    "detail": {"eventName": "CreatePolicy", "requestParameters": {"policyName": "p", "policyDocument": DOCUMENT}},
}
CHANGE = {"eventId": "e"}
IN_PLACE = {"status": "inPlace", "versions": {"original": "v1", "quarantine": "v2", "created": True}}


def judged(response: str = "contain", **more: Any) -> dict:
    """What the function of ValidatePolicy answers."""
    return {
        "event": {"detail": {"eventID": "e"}},
        "verdict": {"response": response, "notify": True, "result": "restricted", "change": CHANGE, "findings": [], **more},
    }


def clean(notify: bool = True, result: str = "clean") -> dict:
    """What it answers where nothing restricted is concerned."""
    return judged("none", notify=notify, result=result)


class Story:
    """A world in which everything works. A test changes one part of it."""

    def __init__(self, world: World):
        self.world = world
        self.tokens: queue.Queue[str] = queue.Queue()
        world.functions.update(
            ValidatePolicy=self._read,
            Remediate=lambda payload: self.contain(self._data(payload, "TempRemove")),
            Notify=self.notify,
            Revert=lambda payload: self.restore(self._data(payload, "Approved", "Denied")),
        )
        self.judge = lambda payload: judged()
        self.assess = lambda payload: {"inForce": {"state": "clean"}}
        # These two get the data of the state that calls them, as they read it from the history.
        self.contain = lambda data: IN_PLACE
        self.restore = lambda data: {"result": data["decision"]["action"]}

    def _read(self, payload: dict) -> dict:
        return {"judge": self.judge, "assess": self.assess}[payload["task"]](payload)

    def _data(self, payload: dict, *states: str) -> dict:
        assert list(payload) == ["execution"], payload
        state, data = self.world.entered_with(payload["execution"])
        assert state in states, state
        return data

    def notify(self, payload: dict) -> dict:
        if payload["task"] != "ask":
            return {}
        self.tokens.put(payload["token"])
        return {"token": payload["token"]}

    def asked(self, task: str) -> list[dict]:
        """What the functions were asked to do, by task."""
        payloads = self.world.payloads("ValidatePolicy") + self.world.payloads("Notify")
        return [payload for payload in payloads if payload["task"] == task]

    def mailed(self) -> list[str]:
        """The e-mails in order, without the requests for a decision."""
        tasks = [payload["task"] for payload in self.world.payloads("Notify")]
        return [task for task in tasks if task != "ask"]

    def start(self, event: Any = EVENT, **substitutions: Any) -> Execution:
        return Execution(event, **substitutions)

    def token(self) -> str:
        return self.tokens.get(timeout=20)

    def answer(self, execution: Execution, action: str) -> None:
        execution.decide(self.token(), {"action": action, "execution": execution.arn})


def failing(name: str, times: int, then=None):
    """A function that fails `times` times, and then answers as `then`."""
    left = [times]

    def function(payload: dict):
        if left[0] > 0:
            left[0] -= 1
            raise FunctionError(name, f"{name} of the test")
        return then(payload)

    return function
