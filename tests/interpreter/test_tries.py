"""A containment that fails is tried again, for about a day."""

import json

from machine import FunctionError, PublishError, Test
from story import EVENT, IN_PLACE, Story, clean, failing

# An error that an administrator can resolve.
REFUSED = "AwsRefused"
# The seconds between the tries.
WAITS = [60, 120, 240, 480] + [900] * 95
ROUND = ["CountTries", "AssessFailure", "ReportFailure", "TryAgainOrFail", "WaitForNextTry", "RunAgain"]
LATER = ["CountTries", "WaitForNextTry", "RunAgain"]


class Tries(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def failures(self) -> list[dict]:
        """The failure in each failure e-mail."""
        return [payload["failure"] for payload in self.story.asked("reportFailure")]

    def test_emails_report_the_first_failure_and_a_later_success(self) -> None:
        for state, first, tried in (("judge", "ValidatePolicy", "ValidateOnceMore"), ("contain", "TempRemove", "TempRemove")):
            with self.subTest(state):
                self.world.waits.clear()
                self.world.calls.clear()
                self.story = Story(self.world)
                setattr(self.story, state, failing(REFUSED, 3, getattr(self.story, state)))
                execution = self.story.start()
                self.story.answer(execution, "deny")
                execution.output()
                start = [] if state == "judge" else ["ValidatePolicy", "ChooseAction"]
                ways = [first, *ROUND, tried, *LATER, tried, *LATER, tried]
                self.assertEqual(execution.entered()[: len(start + ways)], start + ways)
                self.assertEqual(self.world.waits, WAITS[:3])
                [failure] = self.failures()
                self.assertEqual((failure["tries"], failure["again"]), (1, True))
                [request] = [payload for payload in self.world.payloads("Notify") if payload["task"] == "ask"]
                self.assertEqual(request["failedTries"], 3)
                [outcome] = self.story.asked("reportOutcome")
                self.assertEqual(outcome["failedTries"], 0)

    def test_after_a_hundred_tries_the_guard_gives_up_and_reports_it(self) -> None:
        for state in ("judge", "contain"):
            with self.subTest(state):
                self.world.waits.clear()
                self.world.calls.clear()
                self.story = Story(self.world)
                setattr(self.story, state, failing(REFUSED, 1000))
                execution = self.story.start()
                described = execution.closed()
                self.assertEqual((described["status"], described["error"]), ("FAILED", REFUSED))
                self.assertEqual(self.world.waits, WAITS)
                self.assertAlmostEqual(sum(self.world.waits) / 3600, 24, delta=0.1)
                first, last = self.failures()
                self.assertEqual((first["tries"], first["again"]), (1, True))
                self.assertEqual((last["tries"], last["again"]), (100, False))

    def test_a_policy_that_keeps_changing_is_a_failure_after_some_rounds(self) -> None:
        seen = []

        def contain(data: dict) -> dict:
            seen.append(data)
            return {"status": "keepFirst"} if len(seen) < 25 else IN_PLACE

        self.story.contain = contain
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        # Twenty rounds in the first try, and five in the next.
        entered = execution.entered()
        self.assertEqual(len(seen), 25)
        self.assertEqual(entered[: entered.index("CountTries")].count("TempRemove"), 20)
        self.assertEqual(entered.count("CountTries"), 1)
        [failure] = self.failures()
        self.assertEqual((failure["state"], failure["error"], failure["again"]), ("TempRemove", "PolicyUnsettled", True))

    def test_a_later_try_has_the_data_of_the_execution_and_believes_iam(self) -> None:
        kept = {"status": "keepFirst", "evicted": [{"version": "v1"}]}
        seen = []

        def contain(data: dict) -> dict:
            seen.append((data.get("waited"), data.get("quarantine")))
            if len(seen) == 2:
                raise FunctionError(REFUSED)
            return IN_PLACE if len(seen) > 2 else kept

        self.story.contain = contain
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertEqual(seen, [(None, None), (None, kept), ("TempRemove", kept)])
        self.assertEqual([payload["waited"] for payload in self.story.asked("judge")], [False])

    def test_an_email_reports_that_a_containment_became_needless(self) -> None:
        for result in ("clean", "alreadyContained", "notInForce", "gone"):
            with self.subTest(result):
                self.world.calls.clear()
                self.story.judge = failing(REFUSED, 2, lambda payload: clean(notify=False, result=result))
                execution = self.story.start()
                self.assertEqual(execution.output()["outcome"], {"result": result})
                self.assertEqual(self.story.mailed(), ["reportFailure", "reportVerdict"])
                self.assertEqual(self.story.asked("reportVerdict")[0]["failedTries"], 2)
                self.assertEqual([payload["waited"] for payload in self.story.asked("judge")], [False, True, True])
        for status in ("superseded", "gone"):
            with self.subTest(status):
                self.world.calls.clear()
                self.story = Story(self.world)
                self.story.contain = failing(REFUSED, 2, lambda data: {"status": status})
                execution = self.story.start()
                output = execution.output()
                self.assertEqual(output["outcome"], {"result": status})
                self.assertEqual(self.story.mailed(), ["reportFailure", "reportOutcome"])
                self.assertEqual(self.story.asked("reportOutcome")[0]["failedTries"], 2)
                self.assertNotIn("tries", output)

    def test_the_next_email_reports_a_failure_that_none_could_report(self) -> None:
        self.story.judge = failing(REFUSED, 3, self.story.judge)
        notify = self.world.functions["Notify"]
        down = [2]

        def broken(payload: dict) -> dict:
            if payload["task"] == "reportFailure" and down[0] > 0:
                down[0] -= 1
                raise FunctionError(REFUSED)
            return notify(payload)

        def publish(subject: str) -> None:
            raise PublishError("refused by the test")

        self.world.functions["Notify"] = broken
        self.world.publish = publish
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertEqual([failure["tries"] for failure in self.failures()], [1, 2, 3])
        self.assertEqual(self.world.waits, WAITS[:3])

    def test_a_final_error_ends_the_tries(self) -> None:
        errors = iter([REFUSED, REFUSED, "UnmodifiableEntity"])

        def contain(data: dict) -> dict:
            raise FunctionError(next(errors))

        self.story.contain = contain
        described = self.story.start().closed()
        self.assertEqual((described["status"], described["error"]), ("FAILED", "UnmodifiableEntity"))
        self.assertEqual([(failure["tries"], failure["again"]) for failure in self.failures()], [(1, True), (3, False)])

    def test_the_data_of_the_states_holds_nothing_of_the_tries(self) -> None:
        self.story.contain = failing(REFUSED, 1, self.story.contain)
        execution = self.story.start(EVENT)
        self.story.answer(execution, "allow")
        output = execution.output()
        for name in ("tries", "rounds", "waited", "failure", "assessment"):
            self.assertNotIn(name, output)
        entered = [event["stateEnteredEventDetails"] for event in execution.history() if "stateEnteredEventDetails" in event]
        for state in entered[1:]:
            for name in ("tries", "rounds", "failure", "assessment"):
                self.assertNotIn(name, json.loads(state["input"]), state["name"])
