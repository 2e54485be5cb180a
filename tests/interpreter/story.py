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
ARN = "arn:aws:iam::123456789012:policy/p"
CHANGE = {"eventId": "e", "subject": {"kind": "managed", "arn": ARN}}
IN_PLACE = {"status": "inPlace", "versions": {"original": "v1", "quarantine": "v2", "created": True}}
PROPOSED = {"status": "proposed", "version": "v1", "asked": True}
ADDED = {"status": "added", "identity": {"owner": {"id": "AROA"}, "added": {"id": "ANPA"}}}
MANAGED = "arn:aws:iam::aws:policy/AdministratorAccess"
# The calls that take back what an event added: what it added, and their arguments.
INVERSES = {
    **{
        f"Detach{kind}Policy": (
            {"what": "attachment", "owner": {"kind": kind.lower(), "name": "app"}, "policy": MANAGED},
            {f"{kind}Name": "app", "PolicyArn": MANAGED},
        )
        for kind in ("Role", "User", "Group")
    },
    "RemoveUserFromGroup": (
        {"what": "addedToGroup", "user": "dave", "group": "admins"},
        {"UserName": "dave", "GroupName": "admins"},
    ),
    "UpdateAccessKey": (
        {"what": "credentials", "user": "dave", "credentials": {"accessKey": "AKIA0000000000EXAMPLE"}},
        {"UserName": "dave", "AccessKeyId": "AKIA0000000000EXAMPLE", "Status": "Inactive"},
    ),
    "UpdateServiceSpecificCredential": (
        {"what": "credentials", "user": "dave", "credentials": {"serviceSpecific": "ACCA0000000000EXAMPLE"}},
        {"UserName": "dave", "ServiceSpecificCredentialId": "ACCA0000000000EXAMPLE", "Status": "Inactive"},
    ),
    "DeleteLoginProfile": (
        {"what": "credentials", "user": "dave", "credentials": "password"},
        {"UserName": "dave"},
    ),
}
# An error that an administrator can resolve.
REFUSED = "AwsRefused"


def judged(response: str = "contain", **more: Any) -> dict:
    """What the function of ValidatePolicy answers."""
    return {
        "event": {"detail": {"eventID": "e"}},
        "verdict": {"response": response, "notify": True, "result": "restricted", "change": CHANGE, "findings": [], **more},
    }


def clean(notify: bool = True, result: str = "clean") -> dict:
    """What it answers where nothing restricted is concerned."""
    return judged("none", notify=notify, result=result)


def unseen(payload: dict) -> dict:
    """What it answers where IAM does not show the change yet."""
    waits = payload["look"]["waits"] if payload["look"] else 0
    return {"event": {"detail": {"eventID": "e"}}, "look": {"seconds": [2, 4, 8, 16][waits], "waits": waits + 1}}


def has_waited(payload: dict) -> bool:
    """Whether it believes what IAM shows."""
    return payload["failedTries"] > 0 or (payload["look"] is not None and payload["look"]["waits"] == 4)


def action(call: str, **arguments: Any) -> dict:
    """An answer that asks for a call to IAM."""
    return {"action": {"call": call, **arguments}}


CREATE = action("CreatePolicyVersion", document=DOCUMENT)
RESTORE = [action("SetDefaultPolicyVersion", version="v1"), action("DeletePolicyVersion", version="v2")]


def contained(status: str = "inPlace") -> dict:
    """An answer that ends a containment."""
    return {"quarantine": IN_PLACE if status == "inPlace" else {"status": status}}


def ended(result: str) -> dict:
    """An answer that ends the work on a decision."""
    return {"outcome": {"result": result}}


def following(*answers: dict):
    """A function that gives one answer after the other, and fails where IAM refuses an action.

    It remembers only what its own answers hold, as the functions do.
    """

    def look(payload: dict) -> dict:
        work, done = payload["work"] or {}, payload["done"]
        if done and "error" in done:
            raise FunctionError(REFUSED, f"{done['error']}: {done['cause']}")
        step = work.get("progress", {}).get("step", 0)
        if done is not None or "seconds" in work:
            step += 1
        is_end = "quarantine" in answers[step] or "outcome" in answers[step]
        return answers[step] if is_end else {"progress": {"step": step}, **answers[step]}

    return look


class Story:
    """A world in which everything works. A test changes one part of it."""

    def __init__(self, world: World):
        self.world = world
        self.tokens: queue.Queue[str] = queue.Queue()
        world.functions.update(
            ValidatePolicy=self._read,
            Remediate=lambda payload: self.contain(payload),
            Notify=self.notify,
            Revert=lambda payload: self.restore(payload),
        )
        world.iam = iam
        self.judge = lambda payload: judged()
        self.assess = lambda payload: {"inForce": {"state": "clean"}}
        self.contain = following(CREATE, contained())
        self.restore = carry_out

    def _read(self, payload: dict) -> dict:
        return {"judge": self.judge, "assess": self.assess}[payload["task"]](payload)

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


def iam(call: str, arguments: dict) -> dict:
    """What IAM answers to the state machine."""
    return {"PolicyVersion": {"VersionId": "v2", "IsDefaultVersion": True}} if call == "CreatePolicyVersion" else {}


def carry_out(payload: dict) -> dict:
    """What the function of Approved and Denied answers."""
    decided = payload["decision"]["action"]
    steps = {"allow": RESTORE, "deny": [action("DeletePolicyVersion", version="v1")]}.get(decided, [])
    return following(*steps, ended(decided))(payload)


def failing(name: str, times: int, then=None):
    """A function that fails `times` times, and then answers as `then`."""
    left = [times]

    def function(payload: dict):
        if left[0] > 0:
            left[0] -= 1
            raise FunctionError(name, f"{name} of the test")
        return then(payload)

    return function
