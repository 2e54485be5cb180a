"""The state machine changes IAM, as the functions say, and nothing else does."""

import unittest

import boto3
from botocore.validate import ParamValidator
from machine import IamError, Test, definition
from story import (
    ARN,
    CHANGE,
    CREATE,
    DOCUMENT,
    IN_PLACE,
    INVERSES,
    REFUSED,
    RESTORE,
    Story,
    action,
    contained,
    ended,
    following,
    judged,
)

OWNER = {"kind": "role", "name": "app"}
# The arguments of each call, for a managed policy and for an inline policy `p` of `app`.
CALLS = {
    "CreatePolicyVersion": {"PolicyArn": ARN, "PolicyDocument": DOCUMENT, "SetAsDefault": True},
    "SetDefaultPolicyVersion": {"PolicyArn": ARN, "VersionId": "v3"},
    "DeletePolicyVersion": {"PolicyArn": ARN, "VersionId": "v3"},
    "PutRolePolicy": {"RoleName": "app", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    "PutUserPolicy": {"UserName": "app", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    "PutGroupPolicy": {"GroupName": "app", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    "DeleteRolePolicy": {"RoleName": "app", "PolicyName": "p"},
    "DeleteUserPolicy": {"UserName": "app", "PolicyName": "p"},
    "DeleteGroupPolicy": {"GroupName": "app", "PolicyName": "p"},
}
TRANSIENT = (
    "Iam.ServiceFailureException",
    "Iam.ConcurrentModificationException",
    "Iam.IamException",
    "Iam.SdkClientException",
    "States.Timeout",
)
# These say something about the policy, or are not known.
LASTING = (
    "Iam.NoSuchEntityException",
    "Iam.LimitExceededException",
    "Iam.MalformedPolicyDocumentException",
    "Iam.DeleteConflictException",
    "Iam.UnmodifiableEntityException",
    "Iam.ShruggedException",
)
FAILED = ["AssessFailure", "ReportFailure", "TryAgainOrFail", "PublishFailed", "Failed"]
# The most that each of the standard retries waits.
MOST = [1, 2, 4, 8, 16]


def change_of(call: str) -> dict:
    """A change of a policy that the call fits."""
    if "PolicyVersion" in call:
        return CHANGE
    return {"eventId": "e", "subject": {"type": "inline", "owner": OWNER, "name": "p"}}


def refusing(name: str, times: int, cause: str = "a sentence", then=lambda call, arguments: {}):
    """IAM that refuses `times` times."""
    left = [times]

    def iam(call: str, arguments: dict) -> dict:
        if left[0] > 0:
            left[0] -= 1
            raise IamError(name, cause)
        return then(call, arguments)

    return iam


class Actions(Test):
    def setUp(self) -> None:
        super().setUp()
        self.fresh()

    def fresh(self) -> None:
        for noted in (self.world.calls, self.world.actions, self.world.delays, self.world.waits):
            noted.clear()
        self.story = Story(self.world)

    def decide(self, action: str = "deny"):
        """An execution that was decided, and its output."""
        execution = self.story.start()
        self.story.answer(execution, action)
        return execution, execution.output()

    def looks(self, function: str = "Remediate") -> list[tuple]:
        """The members `work` and `done` of each payload."""
        return [(payload["work"], payload["done"]) for payload in self.world.payloads(function)]

    def test_each_call_has_the_target_of_the_verdict(self) -> None:
        # Nothing of these counts.
        other = {
            "arn": ARN + "-other",
            "PolicyArn": ARN + "-other",
            "owner": {"name": "other"},
            "RoleName": "other",
            "name": "other",
            "subject": {"arn": ARN + "-other", "owner": {"name": "other"}, "name": "other"},
        }
        for call, arguments in CALLS.items():
            with self.subTest(call):
                self.fresh()
                self.story.judge = lambda payload: judged(change=change_of(call))
                asked = action(call, document=DOCUMENT, version="v3", **other)
                looks = iter([{**asked, **other, "verdict": {"change": other}, "progress": {}}, contained()])
                self.story.contain = lambda payload: next(looks)
                self.story.restore = lambda payload: ended("deny")
                execution, _ = self.decide()
                self.assertEqual(self.world.actions, [(call, arguments)])
                self.assertEqual(execution.entered()[2:6], ["TempRemove", "NextAction", call, "RunAgain"])

    def test_the_functions_are_told_all_that_they_decide_by(self) -> None:
        verdict = {"change": CHANGE, "inForce": {"document": DOCUMENT}}
        self.story.judge = lambda payload: judged(**verdict)
        execution, output = self.decide("allow")
        [first, second] = self.world.payloads("Remediate")
        self.assertEqual(
            first,
            {
                "execution": execution.arn,
                "entered": first["entered"],
                "verdict": judged(**verdict)["verdict"],
                "work": None,
                "done": None,
                "failedTries": 0,
            },
        )
        expected = {**first, "entered": second["entered"], "work": {**CREATE, "progress": {"step": 0}}}
        self.assertEqual(second, {**expected, "done": {"made": "v2"}})
        [first, second, third] = self.world.payloads("Revert")
        self.assertEqual(
            first,
            {
                "execution": execution.arn,
                "entered": first["entered"],
                "state": "Approved",
                "change": CHANGE,
                "quarantine": IN_PLACE,
                "decision": output["decision"],
                "work": None,
                "done": None,
            },
        )
        for step, payload in enumerate([second, third]):
            work = {**RESTORE[step], "progress": {"step": step}}
            self.assertEqual(payload, {**first, "entered": payload["entered"], "work": work, "done": {}})
        calls = [call for call, _ in self.world.actions]
        self.assertEqual(calls, ["CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"])

    def test_a_look_is_told_once_what_became_of_an_action(self) -> None:
        self.story.contain = following(CREATE, {"seconds": 2}, {"seconds": 4}, contained())
        self.decide()
        self.assertEqual([done for _, done in self.looks()], [None, {"made": "v2"}, None, None])

    def test_a_look_is_told_what_iam_refused(self) -> None:
        for call in CALLS:
            for name in LASTING if call == "CreatePolicyVersion" else LASTING[:1]:
                with self.subTest(call=call, name=name):
                    self.fresh()
                    self.story.judge = lambda payload: judged(change=change_of(call))
                    self.world.iam = refusing(name, 1, "c" * 3000)
                    asked = {**action(call, document=DOCUMENT, version="v3"), "progress": {"step": 7}}
                    looks = iter([asked, {"seconds": 1, "progress": {}}, contained()])
                    self.story.contain = lambda payload: next(looks)
                    self.story.restore = lambda payload: ended("deny")
                    self.decide()
                    refused = {"error": name, "cause": "c" * 1000}
                    self.assertEqual(self.looks(), [(None, None), (asked, refused), ({"seconds": 1, "progress": {}}, None)])
                    self.assertEqual(self.world.delays, [])

    def test_a_transient_refusal_is_tried_again(self) -> None:
        for call in CALLS:
            for name in TRANSIENT if call == "CreatePolicyVersion" else TRANSIENT[2:3]:
                with self.subTest(call=call, name=name):
                    self.fresh()
                    self.story.judge = lambda payload: judged(change=change_of(call))
                    self.world.iam = refusing(name, 2, then=self.world.iam)
                    self.story.contain = following(action(call, document=DOCUMENT, version="v3"), contained())
                    self.story.restore = lambda payload: ended("deny")
                    self.decide()
                    made = {"made": "v2"} if call == "CreatePolicyVersion" else {}
                    self.assertEqual([done for _, done in self.looks()], [None, made])
                    self.assertEqual(self.world.actions, [(call, CALLS[call])] * 3)
                    self.assertEqual(len(self.world.delays), 2)
                    for delay, most in zip(self.world.delays, MOST):
                        self.assertLessEqual(delay, most)

    def test_a_look_is_told_of_a_transient_refusal_that_stays(self) -> None:
        self.world.iam = refusing("Iam.IamException", 3, "Rate exceeded", then=self.world.iam)
        looks = iter([{**CREATE, "progress": {}}, {**CREATE, "progress": {}}, contained()])
        self.story.contain = lambda payload: next(looks)
        self.decide()
        refused = {"error": "Iam.IamException", "cause": "Rate exceeded"}
        self.assertEqual([done for _, done in self.looks()], [None, refused, {"made": "v2"}])
        self.assertEqual(len(self.world.delays), 2)

    def test_an_answer_without_what_the_call_needs_is_told_as_refused(self) -> None:
        looks = iter([{**action("CreatePolicyVersion"), "progress": {}}, contained()])
        self.story.contain = lambda payload: next(looks)
        self.story.restore = lambda payload: ended("deny")
        self.decide()
        self.assertEqual(self.world.actions, [])
        [_, (_, done)] = self.looks()
        self.assertEqual(done["error"], "States.QueryEvaluationError")

    def test_a_wait_goes_back_to_its_task(self) -> None:
        wait = {"seconds": 2}
        for state, function, decided in (
            ("TempRemove", "Remediate", "deny"),
            ("Approved", "Revert", "allow"),
            ("Denied", "Revert", "deny"),
        ):
            with self.subTest(state):
                self.fresh()
                if state == "TempRemove":
                    self.story.contain = following(wait, {"seconds": 16}, CREATE, contained())
                else:
                    self.story.restore = following(wait, {"seconds": 16}, RESTORE[1], ended(decided))
                execution, output = self.decide(decided)
                self.assertEqual(output["outcome"], {"result": decided})
                self.assertEqual(self.world.waits, [2, 16])
                entered = execution.entered()
                first = entered.index("WaitForIam")
                again = [state, "NextAction", "WaitForIam", "RunAgain"]
                self.assertEqual(entered[first - 2 : first + 9], [*again, *again, state, "NextAction", entered[first + 8]])
                self.assertEqual([work and work.get("seconds") for work, _ in self.looks(function)][:3], [None, 2, 16])

    def test_the_state_of_an_action_holds_the_document_that_goes(self) -> None:
        evicted = [{"version": "v1", "document": DOCUMENT}]
        asked = {**action("DeletePolicyVersion", version="v1"), "progress": {"step": 0, "evicted": evicted}}
        self.story.contain = lambda payload: asked if payload["done"] is None else contained()
        execution, _ = self.decide()
        [data, *_] = [data for name, data in execution.inputs() if name == "DeletePolicyVersion"]
        self.assertEqual(data["work"], asked)

    def test_an_answer_that_is_not_known_is_a_failure(self) -> None:
        answers = (
            {},
            None,
            [],
            "CreatePolicyVersion",
            {"action": {"call": "DeletePolicy"}},
            {"action": {"call": "createPolicyVersion"}},
            {"action": "CreatePolicyVersion"},
            {"action": {"call": ["DeletePolicyVersion", "x"]}},
            {"quarantine": {"status": "keepFirst"}},
            {"status": "inPlace"},
        )
        for answer in answers:
            with self.subTest(answer=answer):
                self.fresh()
                self.story.contain = lambda payload: answer
                self.assert_failed(self.story.start(), "NextAction", "PayloadMalformed")
                self.assertEqual(self.world.actions, [])
        for answer in answers:
            with self.subTest(restored=answer):
                self.fresh()
                self.story.restore = lambda payload: answer
                execution = self.story.start()
                self.story.answer(execution, "allow")
                self.assert_failed(execution, "NextAction", "PayloadMalformed")

    def test_a_redriven_execution_takes_no_action(self) -> None:
        for call in CALLS:
            with self.subTest(call):
                self.fresh()
                self.world.redrives = 0
                self.story.judge = lambda payload: judged(change=change_of(call))
                then = following(action(call, document=DOCUMENT, version="v3"), contained())

                def contain(payload: dict) -> dict:
                    # The execution was stopped in the state of the action.
                    self.world.redrives = 1
                    return then(payload)

                self.story.contain = contain
                self.assert_failed(self.story.start(), "TempRemove", REFUSED)
                self.assertEqual(self.world.actions, [])
                [_, (_, done)] = self.looks()
                self.assertEqual(done["error"], "States.QueryEvaluationError")
                self.assertEqual(self.world.waits, [])
        for state, decided in (("Approved", "allow"), ("Denied", "deny")):
            with self.subTest(state):
                self.fresh()
                self.world.redrives = 0
                execution = self.story.start()
                token = self.story.token()
                self.world.redrives = 1
                execution.decide(token, {"action": decided})
                self.assert_failed(execution, state, REFUSED)
                self.assertEqual([call for call, _ in self.world.actions], ["CreatePolicyVersion"])

    def test_a_decision_that_iam_refuses_ends_in_the_failure_mail(self) -> None:
        for state, decided in (("Approved", "allow"), ("Denied", "deny")):
            with self.subTest(state):
                self.fresh()
                execution = self.story.start()
                token = self.story.token()
                self.world.iam = refusing("Iam.MalformedPolicyDocumentException", 1000)
                execution.decide(token, {"action": decided})
                self.assert_failed(execution, state, REFUSED)
                [reported] = self.story.asked("reportFailure")
                self.assertIn("Iam.MalformedPolicyDocumentException", reported["failure"]["cause"])

    def test_nothing_of_a_containment_is_left_for_the_decision(self) -> None:
        self.story.contain = following(CREATE, {"seconds": 2}, contained())
        execution, output = self.decide("allow")
        data = dict(reversed(execution.inputs()))
        self.assertNotIn("work", data["AskUser"])
        self.assertNotIn("work", data["ReportOutcome"])
        self.assertNotIn("work", output)
        self.assertEqual(self.looks("Revert")[0], (None, None))

    def assert_failed(self, execution, state: str, error: str) -> None:
        described = execution.closed()
        self.assertEqual((described["status"], described["error"]), ("FAILED", error), described)
        self.assertTrue(described["cause"].startswith(f"{state}: "), described["cause"])
        self.assertEqual(execution.entered()[-5:], FAILED)
        self.assertEqual(self.story.mailed(), ["reportFailure"])


class Agreement(unittest.TestCase):
    def setUp(self) -> None:
        resource = ":states:::aws-sdk:iam:"
        states = definition()["States"]
        self.states = {name: state for name, state in states.items() if resource in state.get("Resource", "")}

        self.calls = {**CALLS, **{name: arguments for name, (_, arguments) in INVERSES.items()}}

    def test_each_state_is_named_as_its_call(self) -> None:
        self.assertEqual(set(self.states), set(self.calls))
        for name, state in self.states.items():
            self.assertEqual(state["Resource"].rsplit(":", 1)[-1], name[:1].lower() + name[1:])

    def test_each_call_has_the_parameters_that_iam_knows(self) -> None:
        model = boto3.client("iam").meta.service_model
        for name, state in self.states.items():
            shape = model.operation_model(name).input_shape
            report = ParamValidator().validate(self.calls[name], shape)
            self.assertFalse(report.has_errors(), f"{name}: {report.generate_report()}")
            self.assertEqual(set(state["Arguments"]), set(self.calls[name]), name)
            self.assertLessEqual(set(state["Arguments"]), set(shape.members), name)

    def test_each_state_refuses_a_redriven_execution_and_catches_everything(self) -> None:
        for name, state in self.states.items():
            texts = [text for text in state["Arguments"].values() if isinstance(text, str)]
            self.assertEqual(sum("RedriveCount = 0" in text for text in texts), 1, name)
            self.assertEqual(state["Catch"][-1]["ErrorEquals"], ["States.ALL"], name)
            self.assertEqual((state["Catch"][-1]["Next"], state["Next"]), ("RunAgain", "RunAgain"), name)
