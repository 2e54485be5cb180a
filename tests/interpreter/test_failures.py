"""What becomes of an incident when a task fails: retries, catchers, the failure e-mail."""

import unittest

from machine import FunctionError, PublishError, Test, definition
from story import Story, failing, mail, verdict

TRANSIENT = "TransientAwsError"
FOR_GOOD = "AwsRefused"
NOT_VISIBLE = "ChangeNotVisible"
FAILED = ["AssessFailure", "ReportFailure", "Failed"]
# The most that each of the standard retries waits; full jitter waits anything up to it.
MOST = [1, 2, 4, 8, 16]


class Failures(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def break_task(self, state: str, function) -> None:
        """Lets the function of a state fail as `function` says."""
        if state == "ValidatePolicy":
            self.story.judge = function(self.story.judge)
        elif state == "TempRemove":
            self.story.contain = function(self.story.contain)
        else:
            name = {"AskUser": "Notify", "Approved": "Revert", "Denied": "Revert"}[state]
            self.world.functions[name] = function(self.world.functions[name])

    def run_story(self, state: str):
        """Starts an execution and answers if it comes to that."""
        execution = self.story.start()
        if state not in ("ValidatePolicy", "TempRemove"):
            self.story.answer(execution, "allow" if state != "Denied" else "deny")
        elif self.expects_question:
            self.story.answer(execution, "deny")
        return execution

    expects_question = True

    def fresh(self) -> None:
        self.world.delays.clear()
        self.world.mails.clear()
        self.world.calls.clear()
        self.story = Story(self.world)

    def test_a_transient_error_passes(self) -> None:
        for state in ("ValidatePolicy", "TempRemove", "AskUser", "Approved", "Denied"):
            for error in (TRANSIENT, "PolicyUnsettled", "Sandbox.Timedout", "Runtime.ExitError"):
                with self.subTest(state=state, error=error):
                    self.fresh()
                    self.break_task(state, lambda then: failing(error, 2, then))
                    execution = self.run_story(state)
                    execution.output()
                    self.assertEqual(len(self.world.delays), 2)
                    for delay, most in zip(self.world.delays, MOST):
                        self.assertLessEqual(delay, most)

    def test_a_transient_error_that_stays_ends_in_the_failure_mail(self) -> None:
        self.expects_question = False
        self.break_task("TempRemove", lambda then: failing(TRANSIENT, 1000, then))
        execution = self.run_story("TempRemove")
        self.assert_failed(execution, "TempRemove", TRANSIENT)
        self.assertEqual(len(self.world.delays), len(MOST))
        self.assertEqual(len(self.story.asked("contain")), 1 + len(MOST))

    def test_an_error_for_good_is_not_retried(self) -> None:
        self.expects_question = False
        for state in ("ValidatePolicy", "TempRemove", "Approved", "Denied"):
            with self.subTest(state):
                self.fresh()
                self.break_task(state, lambda then: failing(FOR_GOOD, 1000, then))
                execution = self.run_story(state)
                self.assert_failed(execution, state, FOR_GOOD)
                self.assertEqual(self.world.delays, [])

    def test_a_question_that_cannot_be_asked_fails_at_once(self) -> None:
        self.world.functions["Notify"] = failing(FOR_GOOD, 1000)
        self.assert_failed(self.story.start(), "AskUser", FOR_GOOD)

    def test_a_question_that_is_failed_from_outside_is_told(self) -> None:
        execution = self.story.start()
        execution.fail(self.story.token(), "SomebodyElse")
        self.assert_failed(execution, "AskUser", "SomebodyElse")

    def test_iam_is_believed_after_half_a_minute(self) -> None:
        for state in ("ValidatePolicy", "TempRemove", "Approved", "Denied"):
            with self.subTest(state):
                self.fresh()
                self.break_task(state, unless_waited)
                execution = self.run_story(state)
                execution.output()
                self.assertEqual(self.world.delays, [2, 4, 8, 16])
                self.assertIn("BelieveIam", execution.entered())
                self.assertEqual(execution.entered().count(state), 2)

    def test_iam_that_never_shows_the_change_ends_in_the_failure_mail(self) -> None:
        self.expects_question = False
        for state in ("ValidatePolicy", "TempRemove", "Approved", "Denied"):
            with self.subTest(state):
                self.fresh()
                self.break_task(state, lambda then: failing(NOT_VISIBLE, 1000, then))
                execution = self.run_story(state)
                self.assert_failed(execution, state, NOT_VISIBLE)
                self.assertEqual(execution.entered().count("BelieveIam"), 2)

    def test_each_state_waits_for_iam_by_itself(self) -> None:
        for state in ("ValidatePolicy", "TempRemove", "Approved"):
            self.break_task(state, unless_waited)
        execution = self.story.start()
        self.story.answer(execution, "allow")
        execution.output()
        self.assertEqual(execution.entered().count("BelieveIam"), 3)

    def test_an_input_of_any_kind_ends_in_the_failure_mail(self) -> None:
        for event in ({}, [], [1], "text", 1, True, None, {"waitedFor": 1}, [{"waitedFor": "ValidatePolicy"}]):
            with self.subTest(event=event):
                self.fresh()
                self.story.judge = failing("RecordMalformed", 1000)
                self.assert_failed(self.story.start(event), "ValidatePolicy", "RecordMalformed")

    def test_a_failure_that_cannot_be_assessed_is_told_in_words_of_its_own(self) -> None:
        self.story.judge = failing(FOR_GOOD, 1000)
        self.story.assess = failing("PayloadMalformed", 1000)
        execution = self.story.start()
        described = execution.closed()
        self.assertEqual((described["status"], described["error"]), ("FAILED", FOR_GOOD))
        [sent] = self.world.mails
        for part in ("ValidatePolicy", FOR_GOOD, "PayloadMalformed", "could not be read", execution.arn):
            self.assertIn(part, sent["message"])
        self.assertLessEqual(len(sent["subject"]), 100)

    def test_a_mail_that_is_refused_ends_in_the_failure_mail(self) -> None:
        for state, change in (
            ("AllowWithNotification", lambda: setattr(self.story, "judge", clean)),
            ("ReportOutcome", lambda: None),
        ):
            with self.subTest(state):
                self.fresh()
                change()
                self.world.publish = refuse({"clean", "outcome"})
                execution = self.story.start()
                if state == "ReportOutcome":
                    self.story.answer(execution, "allow")
                described = execution.closed()
                self.assertEqual(execution.entered()[-3:], FAILED)
                self.assertTrue(described["cause"].startswith(state), described)
                self.assertEqual(self.story.subjects(), ["failure"])

    def test_a_failure_that_cannot_be_mailed_has_both_errors(self) -> None:
        self.story.judge = failing(FOR_GOOD, 1000)
        self.world.publish = refuse({"failure"})
        execution = self.story.start()
        described = execution.closed()
        self.assertEqual(execution.entered()[-2:], ["ReportFailure", "FailedUnreported"])
        self.assertEqual(described["error"], FOR_GOOD)
        for part in ("ValidatePolicy", f"{FOR_GOOD} of the test", "ReportFailure", "SNS."):
            self.assertIn(part, described["cause"])

    def test_a_long_cause_is_cut(self) -> None:
        def judge(payload: dict):
            raise FunctionError(FOR_GOOD, "x" * 32000)

        self.story.judge = judge
        self.story.assess = failing(FOR_GOOD, 1000)
        described = self.story.start().closed()
        self.assertEqual(described["error"], FOR_GOOD)
        self.assertLessEqual(len(described["cause"]), 32768)

    def assert_failed(self, execution, state: str, error: str) -> None:
        described = execution.closed()
        self.assertEqual((described["status"], described["error"]), ("FAILED", error), described)
        self.assertTrue(described["cause"].startswith(f"{state}: "), described["cause"])
        self.assertEqual(execution.entered()[-3:], FAILED)
        self.assertEqual(self.story.subjects()[-1], "failure")
        asked = self.story.asked("assess")[-1]
        self.assertEqual((asked["failure"]["state"], asked["failure"]["error"]), (state, error))
        self.assertIsInstance(asked["failure"]["cause"], str)


class Agreement(unittest.TestCase):
    def test_no_catcher_is_behind_one_that_catches_all(self) -> None:
        for name, state in definition()["States"].items():
            for catcher in state.get("Catch", [])[:-1]:
                self.assertNotIn("States.ALL", catcher["ErrorEquals"], name)


def clean(payload: dict) -> dict:
    return verdict("alert", result="clean", mail=mail("clean"))


def unless_waited(then):
    """A function that does not see the change until it is told to believe what it sees."""

    def function(payload: dict):
        if not payload["waited"]:
            raise FunctionError(NOT_VISIBLE)
        return then(payload)

    return function


def refuse(subjects: set[str]):
    """SNS that refuses mails with these subjects."""

    def publish(subject: str) -> None:
        if subject in subjects:
            raise PublishError("refused by the test")

    return publish
