"""What the functions answer in the usual story, and the words to tell it."""

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


def mail(subject: str) -> dict:
    return {"subject": subject, "message": f"{subject}, in many words"}


def verdict(action: str = "remedy", **more: Any) -> dict:
    return {"action": action, "result": "restricted", "change": CHANGE, "findings": [], **more}


class Story:
    """A world in which everything works; a test changes what it is about."""

    def __init__(self, world: World):
        self.world = world
        self.tokens: queue.Queue[str] = queue.Queue()
        world.functions.update(
            ValidatePolicy=lambda payload: self.judge(payload),
            Remediate=self._remediate,
            Notify=self.notify,
            Revert=lambda payload: {"result": payload["decision"]["action"], "mail": mail("outcome")},
        )
        self.judge = lambda payload: verdict()
        self.contain = lambda payload: IN_PLACE
        self.assess = lambda payload: {"inForce": "v1", "mail": mail("failure")}

    def _remediate(self, payload: dict) -> dict:
        tasks = {"judge": self.judge, "contain": self.contain, "assess": self.assess}
        return tasks[payload["task"]](payload)

    def notify(self, payload: dict) -> dict:
        self.tokens.put(payload["token"])
        return {"token": payload["token"]}

    def asked(self, task: str) -> list[dict]:
        """What the function that works on IAM was asked to do, by task."""
        return [payload for payload in self.world.payloads("Remediate") if payload["task"] == task]

    def start(self, event: Any = EVENT, **substitutions: Any) -> Execution:
        return Execution(event, **substitutions)

    def token(self) -> str:
        return self.tokens.get(timeout=20)

    def answer(self, execution: Execution, action: str) -> None:
        execution.decide(self.token(), {"action": action, "execution": execution.arn})

    def subjects(self) -> list[str]:
        return [mail["subject"] for mail in self.world.mails]


def failing(name: str, times: int, then=None):
    """A function that fails `times` times, and then answers as `then`."""
    left = [times]

    def function(payload: dict):
        if left[0] > 0:
            left[0] -= 1
            raise FunctionError(name, f"{name} of the test")
        return then(payload)

    return function
