"""Answers that do not count."""

from machine import FunctionError, Test
from story import Story, ended
from test_paths import END

UNPROVEN = "DecisionUnproven"


class Answers(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def requests(self) -> list[dict]:
        """The member `asked` of each request for a decision."""
        return [payload["asked"] for payload in self.world.payloads("Notify") if payload["task"] == "ask"]

    def proven_by(self, key: str) -> None:
        """Makes the function that carries out the decision require this key for an allow."""

        def restore(payload: dict) -> dict:
            decision = payload["decision"]
            if decision["action"] == "allow" and decision.get("key") != key:
                raise FunctionError(UNPROVEN)
            return ended(decision["action"])

        self.story.restore = restore

    def test_an_allow_without_the_key_is_asked_again(self) -> None:
        self.proven_by("right")
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow"})
        execution.decide(self.story.token(), {"action": "allow", "key": "right", "execution": execution.arn})
        output = execution.output()
        self.assertEqual(output["outcome"], {"result": "allow"})
        self.assertEqual(execution.entered().count("AskUser"), 2)
        self.assertEqual(self.requests(), [{"times": 1}, {"times": 2, "because": "withoutKey"}])
        tokens = [payload["token"] for payload in self.world.payloads("Notify") if payload["task"] == "ask"]
        self.assertEqual(len(set(tokens)), 2)

    def test_an_allow_is_asked_again_where_more_principals_hold_the_policy(self) -> None:
        now = {"first": [{"kind": "role", "name": "late"}], "total": 1}
        answers = iter([{"attachedTo": now}, ended("allowed")])
        self.story.restore = lambda payload: next(answers)
        execution = self.story.start()
        for _ in range(2):
            execution.decide(self.story.token(), {"action": "allow", "reason": "planned"})
        self.assertEqual(execution.output()["outcome"], {"result": "allowed"})
        self.assertEqual(self.requests(), [{"times": 1}, {"times": 2, "because": "newHolders"}])
        shown = [payload["quarantine"].get("attachedTo") for payload in self.world.payloads("Notify") if payload["task"] == "ask"]
        self.assertEqual(shown, [None, now])
        # A decision of the request before is not one.
        asked = [data for name, data in execution.inputs() if name == "AskUser"][1]
        self.assertEqual(asked["decision"], {"action": "deny", "newHolders": True})
        self.assertNotIn("work", asked)

    def test_after_the_third_answer_that_does_not_count_the_incident_expires(self) -> None:
        self.proven_by("right")
        for answer, because in (
            ({"action": "allow"}, "withoutKey"),
            ({"action": "allow", "key": "right", "execution": "another"}, "otherIncident"),
            ({"action": "deny", "execution": "another"}, "otherIncident"),
        ):
            with self.subTest(answer):
                self.world.calls.clear()
                execution = self.story.start()
                for _ in range(3):
                    execution.decide(self.story.token(), answer)
                output = execution.output()
                self.assertEqual(output["decision"], {"action": "expire", "unproven": True})
                self.assertEqual(output["outcome"], {"result": "expire"})
                self.assertEqual(execution.entered()[-6:], ["Denied", "NextAction", *END])
                again = [{"times": times, "because": because} for times in (2, 3)]
                self.assertEqual(self.requests(), [{"times": 1}, *again])
                [reported] = self.story.asked("reportOutcome")
                self.assertTrue(reported["decision"]["unproven"])

    def test_a_denial_after_an_allow_that_does_not_count_is_carried_out(self) -> None:
        self.proven_by("right")
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow"})
        execution.decide(self.story.token(), {"action": "deny"})
        self.assertEqual(execution.output()["outcome"], {"result": "deny"})

    def test_an_answer_cannot_say_that_others_hold_the_policy(self) -> None:
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "deny", "newHolders": True})
        self.assertEqual(execution.output()["decision"], {"action": "deny"})

    def test_an_answer_cannot_say_which_request_it_is(self) -> None:
        self.proven_by("right")
        execution = self.story.start()
        for _ in range(3):
            execution.decide(self.story.token(), {"action": "allow", "asked": {"times": 1}, "unproven": False})
        self.assertEqual(execution.output()["outcome"], {"result": "expire"})

    def test_the_chat_is_told_each_answer_before_it_is_carried_out(self) -> None:
        for answer, state in (("allow", "Approved"), ("deny", "Denied")):
            with self.subTest(answer):
                self.world.calls.clear()
                execution = self.story.start(ChatNotifications="true")
                execution.decide(self.story.token(), {"action": answer, "reason": "planned"})
                output = execution.output()
                told = ["UsersChoice", "ReportDecision", "RunAgain", state]
                self.assertEqual(following("UsersChoice", execution.entered())[: len(told)], told)
                [payload] = self.story.asked("reportDecision")
                self.assertEqual(payload["decision"], {"action": answer, "reason": "planned"})
                self.assertEqual(payload["quarantine"], output["quarantine"])
                self.assertEqual(self.story.mailed(), ["reportDecision", "reportOutcome"])

    def test_a_chat_that_cannot_be_told_holds_no_decision_up(self) -> None:
        notify = self.world.functions["Notify"]

        def broken(payload: dict) -> dict:
            if payload["task"] == "reportDecision":
                raise FunctionError(*error)
            return notify(payload)

        self.world.functions["Notify"] = broken
        for error, attempts in (("AwsRefused",), 1), (("TransientAwsError",), 2), (("Lambda.TooManyRequestsException",), 2):
            with self.subTest(error):
                self.world.calls.clear()
                execution = self.story.start(ChatNotifications="true")
                execution.decide(self.story.token(), {"action": "allow"})
                self.assertEqual(execution.output()["outcome"], {"result": "allow"})
                self.assertEqual(len(self.story.asked("reportDecision")), attempts)

    def test_the_chat_is_told_no_answer_that_is_none(self) -> None:
        execution = self.story.start(ChatNotifications="true", ApprovalTimeoutSeconds=1)
        self.story.token()
        self.assertEqual(execution.output()["decision"], {"action": "expire"})
        self.assertNotIn("ReportDecision", execution.entered())
        self.world.calls.clear()
        execution = self.story.start(ChatNotifications="true")
        execution.decide(self.story.token(), {"action": "allow", "execution": "another"})
        self.story.answer(execution, "deny")
        execution.output()
        told = [payload["decision"]["action"] for payload in self.story.asked("reportDecision")]
        self.assertEqual(told, ["deny"])

    def test_without_a_chat_no_answer_is_told(self) -> None:
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertNotIn("ReportDecision", execution.entered())


def following(state: str, entered: list[str]) -> list[str]:
    """The states from this one on."""
    return entered[entered.index(state) :]
