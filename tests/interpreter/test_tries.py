"""A containment that fails is tried again, for about a day."""

from machine import FunctionError, IamError, PublishError, Test
from story import CREATE, EVENT, REFUSED, Story, clean, contained, failing, following

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

    def test_a_later_try_has_what_the_function_remembers_and_no_old_result(self) -> None:
        for error in (REFUSED, "PolicyUnsettled"):
            with self.subTest(error):
                self.world.calls.clear()
                self.world.waits.clear()
                self.story = Story(self.world)
                again = following(CREATE, contained())
                looks = iter([again, failing(error, 1), again, again])
                self.story.contain = lambda payload: next(looks)(payload)
                execution = self.story.start()
                self.story.answer(execution, "deny")
                execution.output()
                payloads = self.world.payloads("Remediate")
                asked = [(payload["work"], payload["done"], payload["failedTries"]) for payload in payloads]
                progress = {"progress": {"step": 0}}
                self.assertEqual(
                    asked,
                    [
                        (None, None, 0),
                        ({**CREATE, **progress}, {"made": "v2"}, 0),
                        (progress, None, 1),
                        ({**CREATE, **progress}, {"made": "v2"}, 1),
                    ],
                )
                self.assertEqual(self.world.waits, WAITS[:1])
                [failure] = self.failures()
                self.assertEqual((failure["state"], failure["error"], failure["again"]), ("TempRemove", error, True))

    def test_an_action_that_iam_refuses_is_taken_again_in_the_next_try(self) -> None:
        left = [3]
        carry_out = self.world.iam

        def refuse(call: str, arguments: dict) -> dict:
            left[0] -= 1
            if left[0] >= 0:
                raise IamError("Iam.MalformedPolicyDocumentException")
            return carry_out(call, arguments)

        self.world.iam = refuse
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertEqual(self.world.waits, WAITS[:3])
        self.assertEqual([call for call, _ in self.world.actions[:4]], ["CreatePolicyVersion"] * 4)
        [failure] = self.failures()
        self.assertEqual((failure["state"], failure["error"], failure["again"]), ("TempRemove", REFUSED, True))
        self.assertIn("Iam.MalformedPolicyDocumentException", failure["cause"])

    def test_an_email_reports_that_a_containment_became_needless(self) -> None:
        for result in ("clean", "alreadyContained", "notInForce", "gone"):
            with self.subTest(result):
                self.world.calls.clear()
                self.story.judge = failing(REFUSED, 2, lambda payload: clean(notify=False, result=result))
                execution = self.story.start()
                self.assertEqual(execution.output()["outcome"], {"result": result})
                self.assertEqual(self.story.mailed(), ["reportFailure", "reportVerdict"])
                self.assertEqual(self.story.asked("reportVerdict")[0]["failedTries"], 2)
                self.assertEqual([payload["failedTries"] for payload in self.story.asked("judge")], [0, 1, 2])
        for status in ("superseded", "gone"):
            with self.subTest(status):
                self.world.calls.clear()
                self.story = Story(self.world)
                self.story.contain = failing(REFUSED, 2, lambda payload: contained(status))
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

        def contain(payload: dict) -> dict:
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
        for name, data in [*execution.inputs()[1:], ("output", output)]:
            members = {"event", "verdict", "quarantine", "decision", "asked", "outcome", "work"}
            self.assertLessEqual(set(data), members, name)
            for member in data.get("work", {}):
                self.assertIn(member, ("action", "progress", "quarantine", "outcome"), name)
        self.assertNotIn("work", output)
