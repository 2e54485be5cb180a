"""What a sweep asked about is taken back only where that very sweep says so."""

import json
from typing import Any

from machine import Execution, IamError, Test
from story import ADDED, INVERSES, Story, action, ended, following, judged

# A sweep starts incidents about these additions.
CALLS = ("DetachRolePolicy", "DetachUserPolicy", "DetachGroupPolicy", "RemoveUserFromGroup")
FOUND_BY = "arn:aws:states:us-east-1:123456789012:execution:guard-sweep:5c1f2c3e"
GRANT = "GRANT-0123456789"
DESCRIBE = action("DescribeExecution", grant=GRANT)


class Swept(Test):
    def setUp(self) -> None:
        super().setUp()
        self.fresh()

    def fresh(self, call: str = "DetachRolePolicy", event: str | None = None, **sweep: Any) -> None:
        """The incident that a sweep started, and what Step Functions shows of that sweep."""
        for noted in (self.world.calls, self.world.actions, self.world.delays):
            noted.clear()
        what, _ = INVERSES[call]
        self.sweep: dict[str, Any] = {}
        output = {"memory": ["known"], "lost": [], "asked": ["OTHER-0123456789", GRANT]}

        def judge(payload: dict) -> dict:
            machine, name = payload["execution"].replace(":execution:", ":stateMachine:").rsplit(":", 1)
            self.sweep = {
                "ExecutionArn": FOUND_BY,
                "StateMachineArn": machine.removesuffix("-incidents") + "-sweep",
                "Status": "SUCCEEDED",
                "RedriveCount": 0,
                "Output": json.dumps(output),
                **sweep,
            }
            actor = {"kind": "Sweep", "arn": FOUND_BY}
            change = {"eventId": event or name, "actor": actor, "subject": {"type": "reported", **what}}
            return {**judged("ask", change=change), "proposal": ADDED}

        self.story = Story(self.world)
        self.story.judge = judge
        iam = self.world.iam
        self.world.iam = lambda name, arguments: self.sweep if name == "DescribeExecution" else iam(name, arguments)

    def deny(self) -> Execution:
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        return execution

    def told(self) -> list[dict | None]:
        return [payload["done"] for payload in self.world.payloads("Revert")]

    def test_the_sweep_that_asks_confirms_it(self) -> None:
        for call in CALLS:
            with self.subTest(call):
                self.fresh(call)
                self.story.restore = following(DESCRIBE, action(call), ended("takenBack"))
                execution = self.deny()
                _, arguments = INVERSES[call]
                self.assertEqual(
                    self.world.actions, [("DescribeExecution", {"ExecutionArn": FOUND_BY}), (call, arguments)]
                )
                self.assertEqual(self.told(), [None, {"swept": {"status": "SUCCEEDED", "asks": True}}, {}])
                self.assertEqual(execution.output()["outcome"], {"result": "takenBack"})
                # What the sweep found stays out of the data.
                self.assertNotIn("known", json.dumps(execution.inputs()))

    def test_a_sweep_without_a_count_of_redrives_confirms_it(self) -> None:
        self.fresh()
        self.story.restore = following(DESCRIBE, action("DetachRolePolicy"), ended("takenBack"))
        execution = self.story.start()
        self.story.token()
        del self.sweep["RedriveCount"]
        execution.decide(self.world.payloads("Notify")[0]["token"], {"action": "deny", "execution": execution.arn})
        self.assertEqual(execution.output()["outcome"], {"result": "takenBack"})

    def test_a_sweep_that_leaves_the_most(self) -> None:
        many = [f"{number:016}" for number in range(5_500)]
        output = {"memory": many, "lost": [], "asked": [GRANT], "denials": ['"' * 40] * 800}
        self.fresh(Output=json.dumps(output, separators=(",", ":")))
        self.story.restore = following(DESCRIBE, action("DetachRolePolicy"), ended("takenBack"))
        self.assertEqual(self.deny().output()["outcome"], {"result": "takenBack"})

    def test_no_other_answer_confirms_it(self) -> None:
        machine = "arn:aws:states:us-east-1:123456789012:stateMachine:"
        cases: dict[str, dict[str, Any]] = {
            "of another state machine": {"StateMachineArn": machine + "other-sweep"},
            "of an incident": {"StateMachineArn": machine + "guard-incidents"},
            "still runs": {"Status": "RUNNING", "Output": None},
            "failed": {"Status": "FAILED", "Output": None},
            "redriven": {"RedriveCount": 1},
            "of a version": {"StateMachineVersionArn": machine + "guard-sweep:1"},
            "of an alias": {"StateMachineAliasArn": machine + "guard-sweep:live"},
            "asks about another": {"Output": json.dumps({"asked": ["OTHER-0123456789"], "memory": []})},
            "asks about none": {"Output": json.dumps({"asked": [], "memory": []})},
            "of before": {"Output": json.dumps({"memory": []})},
            "knows it only": {"Output": json.dumps({"asked": [], "memory": [GRANT], "lost": [GRANT]})},
            "says it in a text": {"Output": json.dumps({"asked": [], "denials": [f'"asked":["{GRANT}"]']})},
            "under another name": {"event": "sweep-other"},
        }
        for name, shown in cases.items():
            with self.subTest(name):
                self.fresh(**shown)
                answers = iter([{**it, "progress": {}} for it in (DESCRIBE, action("DetachRolePolicy"))] + [ended("unconfirmed")])
                self.story.restore = lambda payload: next(answers)
                self.deny()
                self.assertEqual([call for call, _ in self.world.actions], ["DescribeExecution"])
                _, described, taken = self.told()
                self.assertEqual(described, {"swept": {"status": shown.get("Status", "SUCCEEDED"), "asks": False}})
                self.assertEqual(taken["error"], "States.QueryEvaluationError")

    def test_an_output_that_no_sweep_wrote_confirms_nothing(self) -> None:
        self.fresh(Output='{"asked":')
        answers = iter([{**it, "progress": {}} for it in (DESCRIBE, action("DetachRolePolicy"))] + [ended("unconfirmed")])
        self.story.restore = lambda payload: next(answers)
        self.deny()
        self.assertEqual([call for call, _ in self.world.actions], ["DescribeExecution"])
        self.assertEqual([told["error"] for told in self.told()[1:]], ["States.QueryEvaluationError"] * 2)

    def test_what_cannot_be_read_is_told(self) -> None:
        for error, tries in (("Sfn.ExecutionDoesNotExistException", 1), ("Sfn.SfnException", 6)):
            with self.subTest(error):
                self.fresh()

                def refuse(call: str, arguments: dict) -> dict:
                    raise IamError(error, "no")

                self.world.iam = refuse
                answers = iter([{**DESCRIBE, "progress": {}}, ended("unconfirmed")])
                self.story.restore = lambda payload: next(answers)
                self.deny()
                self.assertEqual(len(self.world.actions), tries)
                self.assertEqual(self.told()[-1], {"error": error, "cause": "no"})
