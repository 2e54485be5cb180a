"""What is asked about is not touched before the answer, and only confirmed events are taken back."""

from machine import IamError, Test
from story import (
    ADDED,
    CHANGE,
    CREATE,
    DOCUMENT,
    IN_PLACE,
    INVERSES,
    MANAGED,
    PROPOSED,
    Story,
    action,
    ended,
    following,
    judged,
)
from test_paths import END

LOOK_UP = {"LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": "e"}], "MaxResults": 1}
RECORD = '{"eventID": "e"}'


def asked(proposal: dict, change: dict = CHANGE) -> dict:
    """What the function of ValidatePolicy answers where the guard asks first."""
    verdict = judged("ask", change=change, inForce={"document": DOCUMENT})
    return {**verdict, "proposal": proposal}


def added(call: str) -> dict:
    """The same about what one call takes back."""
    what, _ = INVERSES[call]
    return asked(ADDED, {"eventId": "e", "subject": {"type": "reported", **what}})


class Asked(Test):
    def setUp(self) -> None:
        super().setUp()
        self.fresh()

    def fresh(self, judge: dict | None = None) -> None:
        for noted in (self.world.calls, self.world.actions, self.world.delays, self.world.waits):
            noted.clear()
        self.world.redrives = 0
        self.story = Story(self.world)
        self.story.judge = lambda payload: judge or asked(PROPOSED)
        # What CloudTrail has.
        self.events = [{"EventId": "e", "CloudTrailEvent": RECORD}]
        iam = self.world.iam
        self.world.iam = lambda call, arguments: {"Events": self.events} if call == "LookupEvents" else iam(call, arguments)

    def decide(self, action: str):
        execution = self.story.start()
        self.story.answer(execution, action)
        return execution, execution.output()

    def test_nothing_is_touched_before_the_answer(self) -> None:
        execution = self.story.start()
        self.story.token()
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "PublishOpened", "AskUser"])
        self.assertEqual(self.world.actions, [])
        [ask] = self.world.payloads("Notify")
        self.assertEqual(ask["quarantine"], PROPOSED)
        [data] = [data for name, data in execution.inputs() if name == "AskUser"]
        self.assertNotIn("inForce", data["verdict"])

    def test_an_allow_keeps_it(self) -> None:
        self.story.restore = lambda payload: ended("kept")
        execution, output = self.decide("allow")
        self.assertEqual(
            execution.entered()[2:],
            ["PublishOpened", "AskUser", "UsersChoice", "Approved", "NextAction", *END],
        )
        self.assertEqual(output["outcome"], {"result": "kept"})
        self.assertEqual(output["proposal"], PROPOSED)
        self.assertEqual(self.world.payloads("Revert")[0]["quarantine"], PROPOSED)
        self.assertEqual(self.world.payloads("Notify")[-1]["quarantine"], PROPOSED)

    def test_a_deny_contains_and_then_removes_the_original(self) -> None:
        remove = {**action("DeletePolicyVersion", version="v1"), "quarantine": IN_PLACE}
        # `following` takes an answer with a quarantine for the end.
        answers = iter([{**CREATE, "progress": {}}, {**remove, "progress": {}}, ended("takenBack")])
        self.story.restore = lambda payload: next(answers)
        execution, output = self.decide("deny")
        self.assertEqual([call for call, _ in self.world.actions], ["CreatePolicyVersion", "DeletePolicyVersion"])
        held = [payload["quarantine"] for payload in self.world.payloads("Revert")]
        self.assertEqual(held, [PROPOSED, PROPOSED, IN_PLACE])
        [third] = self.world.payloads("Revert")[2:]
        self.assertNotIn("quarantine", third["work"])
        self.assertNotIn("proposal", output)
        self.assertEqual((output["quarantine"], output["outcome"]), (IN_PLACE, {"result": "takenBack"}))
        self.assertLessEqual(len(execution.entered()), 19)

    def test_new_holders_are_told_in_the_next_request(self) -> None:
        holders = {"first": [], "total": 1}
        answers = iter([{"attachedTo": holders}, ended("kept")])
        self.story.restore = lambda payload: next(answers)
        execution = self.story.start()
        self.story.answer(execution, "allow")
        self.story.answer(execution, "allow")
        output = execution.output()
        self.assertEqual(output["proposal"], {**PROPOSED, "attachedTo": holders})
        self.assertEqual(self.story.asked("ask")[1]["quarantine"], {**PROPOSED, "attachedTo": holders})

    def test_without_a_proposal_the_guard_contains(self) -> None:
        self.fresh(judged("ask"))
        execution = self.story.start()
        self.story.token()
        self.assertIn("TempRemove", execution.entered())

    def test_each_inverse_call_follows_the_record_of_its_event(self) -> None:
        for call, (_, arguments) in INVERSES.items():
            with self.subTest(call):
                self.fresh(added(call))
                self.story.restore = following(action("LookupEvents"), action(call), ended("takenBack"))
                execution, output = self.decide("deny")
                self.assertEqual(self.world.actions, [("LookupEvents", LOOK_UP), (call, arguments)])
                told = [payload["done"] for payload in self.world.payloads("Revert")]
                self.assertEqual(told, [None, {"record": RECORD}, {}])
                self.assertEqual(output["outcome"], {"result": "takenBack"})
                self.assertLessEqual(len(execution.entered()), 19)

    def test_a_key_that_was_made_active_is_named(self) -> None:
        what = {"what": "credentials", "user": "dave", "credentials": {"activatedKey": "AKIA1"}}
        self.fresh(asked(ADDED, {"eventId": "e", "subject": {"type": "reported", **what}}))
        self.story.restore = following(action("LookupEvents"), action("UpdateAccessKey"), ended("takenBack"))
        self.decide("deny")
        self.assertEqual(self.world.actions[1][1]["AccessKeyId"], "AKIA1")

    def test_no_inverse_call_without_the_record(self) -> None:
        cases = {
            "not asked": ([], [action("DetachRolePolicy")]),
            "unknown": ([], [action("LookupEvents"), action("DetachRolePolicy")]),
            "another event": (
                [{"EventId": "x", "CloudTrailEvent": RECORD}],
                [action("LookupEvents"), action("DetachRolePolicy")],
            ),
        }
        for name, (events, asks) in cases.items():
            with self.subTest(name):
                self.fresh(added("DetachRolePolicy"))
                self.events = events
                answers = iter([{**it, "progress": {}} for it in asks] + [ended("unconfirmed")])
                self.story.restore = lambda payload: next(answers)
                self.decide("deny")
                self.assertNotIn("DetachRolePolicy", [call for call, _ in self.world.actions])
                told = self.world.payloads("Revert")[-1]["done"]
                self.assertEqual(told["error"], "States.QueryEvaluationError")

    def test_a_redriven_execution_takes_nothing_back(self) -> None:
        for call in INVERSES:
            with self.subTest(call):
                self.fresh(added(call))
                answers = iter([action("LookupEvents"), action(call)])

                def restore(payload: dict) -> dict:
                    if payload["done"] and "error" in payload["done"]:
                        return ended("superseded")
                    answer = next(answers)
                    if answer["action"]["call"] == call:
                        self.world.redrives = 1
                    return {**answer, "progress": {}}

                self.story.restore = restore
                self.decide("deny")
                self.assertEqual([name for name, _ in self.world.actions], ["LookupEvents"])

    def test_a_look_is_told_what_iam_refused(self) -> None:
        for call in INVERSES:
            with self.subTest(call):
                self.fresh(added(call))
                then = self.world.iam

                def iam(name: str, arguments: dict) -> dict:
                    if name == call:
                        raise IamError("Iam.NoSuchEntityException", "gone")
                    return then(name, arguments)

                self.world.iam = iam
                answers = iter([{**action(it), "progress": {}} for it in ("LookupEvents", call)] + [ended("gone")])
                self.story.restore = lambda payload: next(answers)
                self.decide("deny")
                told = self.world.payloads("Revert")[-1]["done"]
                self.assertEqual(told, {"error": "Iam.NoSuchEntityException", "cause": "gone"})

    def test_a_cloudtrail_that_throttles_is_asked_again_and_then_told(self) -> None:
        self.fresh(added("DetachRolePolicy"))
        refused = IamError("CloudTrail.CloudTrailException", "Rate exceeded")

        def cloudtrail(call: str, arguments: dict) -> dict:
            raise refused

        self.world.iam = cloudtrail
        answers = iter([{**action("LookupEvents"), "progress": {}}, ended("unconfirmed")])
        self.story.restore = lambda payload: next(answers)
        self.decide("deny")
        self.assertEqual(len(self.world.actions), 6)
        self.assertEqual(
            self.world.payloads("Revert")[-1]["done"],
            {"error": "CloudTrail.CloudTrailException", "cause": "Rate exceeded"},
        )

    def test_a_record_is_cut_before_it_fills_the_execution(self) -> None:
        self.fresh(added("DetachRolePolicy"))
        self.events = [{"EventId": "e", "CloudTrailEvent": "r" * 200_000}]
        self.story.restore = following(action("LookupEvents"), ended("unconfirmed"))
        self.decide("deny")
        self.assertEqual(len(self.world.payloads("Revert")[-1]["done"]["record"]), 20_000)

    def test_the_target_is_that_of_the_verdict(self) -> None:
        self.fresh(added("DetachRolePolicy"))
        other = {"RoleName": "other", "owner": {"name": "other"}, "policy": MANAGED + "-other"}
        self.story.restore = following(action("LookupEvents", **other), action("DetachRolePolicy", **other), ended("takenBack"))
        self.decide("deny")
        self.assertEqual(self.world.actions[1], ("DetachRolePolicy", INVERSES["DetachRolePolicy"][1]))
