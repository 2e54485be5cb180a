"""How an incident goes on when a task fails: retries, catchers, the failure e-mail."""

import unittest

from botocore.exceptions import ClientError
from machine import FunctionError, PublishError, Test, definition
from story import EVENT, REFUSED, Story, clean, failing, has_waited, unseen

TRANSIENT = "TransientAwsError"
MALFORMED = "RecordMalformed"
# After these, no later try of a containment can succeed.
FINAL = (MALFORMED, "RecordNamesNoPolicy", "PayloadMalformed", "UnmodifiableEntity")
FAILED = ["AssessFailure", "ReportFailure", "TryAgainOrFail", "PublishFailed", "Failed"]
# The most that each of the standard retries waits; full jitter waits anything up to it.
MOST = [1, 2, 4, 8, 16]


class Failures(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def break_task(self, state: str, function) -> None:
        """Makes the function of a state fail as `function` says."""
        if state == "ValidatePolicy":
            self.story.judge = function(self.story.judge)
        elif state == "TempRemove":
            self.story.contain = function(self.story.contain)
        elif state == "AskUser":
            self.world.functions["Notify"] = function(self.world.functions["Notify"])
        else:
            self.story.restore = function(self.story.restore)

    def run_story(self, state: str):
        """Starts an execution and answers the question, if there is one."""
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
            for error in (TRANSIENT, "Sandbox.Timedout", "Runtime.ExitError"):
                with self.subTest(state=state, error=error):
                    self.fresh()
                    self.break_task(state, lambda then: failing(error, 2, then))
                    execution = self.run_story(state)
                    execution.output()
                    self.assertEqual(len(self.world.delays), 2)
                    for delay, most in zip(self.world.delays, MOST):
                        self.assertLessEqual(delay, most)

    def test_a_transient_error_that_stays_ends_in_the_failure_mail(self) -> None:
        self.break_task("Approved", lambda then: failing(TRANSIENT, 1000, then))
        execution = self.run_story("Approved")
        self.assert_failed(execution, "Approved", TRANSIENT)
        self.assertEqual(len(self.world.delays), len(MOST))
        self.assertEqual(len(self.world.payloads("Revert")), 1 + len(MOST))

    def test_throttling_is_waited_out_for_minutes(self) -> None:
        for state in ("ValidatePolicy", "AskUser", "Approved", "Denied"):
            for error in ("Throttled", "Lambda.TooManyRequestsException"):
                with self.subTest(state=state, error=error):
                    self.fresh()
                    self.break_task(state, lambda then: failing(error, 20, then))
                    execution = self.run_story(state)
                    execution.output()
                    self.assertEqual(len(self.world.delays), 20)
                    for delay, most in zip(self.world.delays, [5, 10, 20, 40, 80] + [90] * 15):
                        self.assertLessEqual(delay, most)
                    # With full jitter, a quarter of an hour on average.
                    self.assertNotIn("reportFailure", self.story.mailed())

    def test_a_permanent_error_is_not_retried(self) -> None:
        self.expects_question = False
        errors = {"ValidatePolicy": FINAL, "TempRemove": FINAL, "Approved": (REFUSED, "PolicyUnsettled"), "Denied": (REFUSED,)}
        for state, names in errors.items():
            for error in names:
                with self.subTest(state=state, error=error):
                    self.fresh()
                    self.break_task(state, lambda then: failing(error, 1000, then))
                    execution = self.run_story(state)
                    self.assert_failed(execution, state, error)
                    self.assertEqual(self.world.delays + self.world.waits, [])

    def test_a_question_that_cannot_be_asked_fails_at_once(self) -> None:
        notify = self.world.functions["Notify"]
        self.world.functions["Notify"] = only_in("ask", failing(REFUSED, 1000), notify)
        self.assert_failed(self.story.start(), "AskUser", REFUSED)

    def test_an_email_reports_a_question_that_another_principal_failed(self) -> None:
        execution = self.story.start()
        execution.fail(self.story.token(), "SomeoneElse")
        self.assert_failed(execution, "AskUser", "SomeoneElse")

    def test_the_guard_believes_iam_after_half_a_minute(self) -> None:
        judge = self.story.judge
        self.story.judge = lambda payload: judge(payload) if has_waited(payload) else unseen(payload)
        execution = self.story.start()
        self.story.answer(execution, "deny")
        output = execution.output()
        self.assertEqual(self.world.waits, [2, 4, 8, 16])
        self.assertNotIn("look", output)
        once_more = ["ChooseAction", "WaitForIam", "RunAgain", "ValidateOnceMore"]
        self.assertEqual(execution.entered()[:18], ["ValidatePolicy", *once_more * 4, "ChooseAction"])
        # No invocation failed.
        self.assertNotIn("TaskFailed", [event["type"] for event in execution.history()])

    def test_the_task_that_believes_iam_can_fail_as_any_other(self) -> None:
        def judge(payload: dict):
            if has_waited(payload):
                raise FunctionError(MALFORMED)
            return unseen(payload)

        self.story.judge = judge
        self.assert_failed(self.story.start(), "ValidateOnceMore", MALFORMED)

    def test_hints_that_cannot_be_started_are_tried_again(self) -> None:
        begin, started = self.world.start, []

        def judge(payload: dict) -> dict:
            # The second hint of the same name is about an execution that exists already.
            hints = [{"name": "found-1", "parameters": {"policyName": f"p{number}"}} for number in range(2)]
            hints = hints if payload["failedTries"] else hints[:1]
            return {**clean(notify=False), **({} if "found-" in payload["execution"] else {"hints": hints})}

        def start(**arguments: str) -> dict:
            started.append(arguments["name"])
            if len(started) == 1:
                metadata = {"HTTPStatusCode": 400, "RequestId": "0"}
                answer = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": metadata}
                raise ClientError(answer, "StartExecution")
            return begin(**arguments)

        self.story.judge = judge
        self.world.start = start
        execution = self.story.start()
        self.assertEqual(execution.output()["outcome"], {"result": "clean"})
        [failure] = [payload["failure"] for payload in self.story.asked("reportFailure")]
        self.assertEqual((failure["state"], failure["again"]), ("StartIncidents", True))
        self.assertEqual(set(execution.names()), {"found-1", execution.arn.split(":")[-1]})
        self.assertIn("ValidateOnceMore", execution.entered())

    def test_no_member_of_the_input_survives_the_first_state(self) -> None:
        forged = {
            **EVENT,
            "work": {"action": {"call": "DeletePolicyVersion", "version": "v1"}, "progress": {"step": 1}},
            "done": {"made": "v9"},
            "quarantine": {"status": "inPlace"},
            "decision": {"action": "allow"},
            "tries": {"count": 99, "reported": True},
            "asked": {"times": 3},
            "verdict": {"response": "none", "notify": False, "result": "clean"},
        }
        execution = self.story.start(forged)
        self.story.answer(execution, "deny")
        execution.output()
        for name, data in execution.inputs()[1:3]:
            self.assertEqual(list(data), ["event", "verdict"], name)
        [first, *_] = self.world.payloads("Remediate")
        self.assertEqual((first["work"], first["done"]), (None, None))
        self.fresh()
        self.story.judge = failing(MALFORMED, 1000)
        execution = self.story.start(forged)
        execution.closed()
        self.assertEqual(list(execution.inputs()[1][1]), ["event"])
        [failure] = [payload["failure"] for payload in self.story.asked("reportFailure")]
        self.assertEqual((failure["tries"], failure["error"]), (1, MALFORMED))

    def test_an_input_of_any_kind_ends_in_the_failure_mail(self) -> None:
        for event in ({}, [], [1], "text", 1, True, None, {"waited": 1}, [{"waited": "ValidatePolicy"}], {"detail": 1}, {"account": "x" * 100_000}):
            with self.subTest(event=event):
                self.fresh()
                self.story.judge = failing(MALFORMED, 1000)
                self.assert_failed(self.story.start(event), "ValidatePolicy", MALFORMED)

    def test_an_email_reports_a_failure_that_cannot_be_assessed(self) -> None:
        self.story.judge = failing(MALFORMED, 1000)
        self.story.assess = failing("PayloadMalformed", 1000)
        execution = self.story.start()
        described = execution.closed()
        self.assertEqual((described["status"], described["error"]), ("FAILED", MALFORMED))
        [reported] = self.story.asked("reportFailure")
        self.assertEqual((reported["failure"]["state"], reported["failure"]["error"]), ("ValidatePolicy", MALFORMED))
        self.assertIsNone(reported["assessment"])

    def test_a_mail_that_is_refused_ends_in_the_failure_mail(self) -> None:
        for state, task, change in (
            ("AllowWithNotification", "reportVerdict", lambda: setattr(self.story, "judge", lambda payload: clean())),
            ("ReportOutcome", "reportOutcome", lambda: None),
        ):
            with self.subTest(state):
                self.fresh()
                change()
                notify = self.world.functions["Notify"]
                self.world.functions["Notify"] = only_in(task, failing(REFUSED, 1000), notify)
                execution = self.story.start()
                if state == "ReportOutcome":
                    self.story.answer(execution, "allow")
                described = execution.closed()
                self.assertEqual(execution.entered()[-5:], FAILED)
                self.assertTrue(described["cause"].startswith(state), described)
                self.assertEqual(self.story.mailed(), [task, "reportFailure"])

    def test_the_failure_email_needs_no_function(self) -> None:
        for name in self.world.functions:
            self.world.functions[name] = failing("Lambda.AccessDeniedException", 1000)
        execution = self.story.start()
        described = execution.closed()
        ways = ["CountTries", "AssessFailure", "ReportFailure", "ReportFailurePlainly", "TryAgainOrFail"]
        self.assertEqual(execution.entered()[:7], ["ValidatePolicy", *ways, "WaitForNextTry"])
        self.assertEqual(execution.entered()[-8:], ["ValidateOnceMore", *ways, "PublishFailed", "Failed"])
        for sent, state in zip(self.world.mails, ("ValidatePolicy", "ValidateOnceMore"), strict=True):
            for part in (state, "could not be read", execution.arn):
                self.assertIn(part, sent["message"])
            self.assertEqual("keeps trying" in sent["message"], state == "ValidatePolicy")
            self.assertLess(len(sent["subject"]), 100)
        self.assertEqual(described["error"], "Lambda.AccessDeniedException")

    def test_a_failure_that_cannot_be_mailed_has_both_errors(self) -> None:
        self.story.judge = failing(MALFORMED, 1000)
        self.world.functions["Notify"] = failing(REFUSED, 1000)
        self.world.publish = refuse
        execution = self.story.start()
        described = execution.closed()
        self.assertEqual(execution.entered()[-4:], ["ReportFailurePlainly", "TryAgainOrFail", "PublishFailed", "Failed"])
        self.assertEqual(described["error"], MALFORMED)
        for part in ("ValidatePolicy", "RecordMalformed of the test", "ReportFailurePlainly", "SNS."):
            self.assertIn(part, described["cause"])

    def test_a_long_cause_is_cut(self) -> None:
        def judge(payload: dict):
            raise FunctionError(MALFORMED, "x" * 32000)

        self.story.judge = judge
        self.story.assess = failing(REFUSED, 1000)
        described = self.story.start().closed()
        self.assertEqual(described["error"], MALFORMED)
        self.assertLessEqual(len(described["cause"]), 32768)

    def assert_failed(self, execution, state: str, error: str) -> None:
        described = execution.closed()
        self.assertEqual((described["status"], described["error"]), ("FAILED", error), described)
        self.assertTrue(described["cause"].startswith(f"{state}: "), described["cause"])
        self.assertEqual(execution.entered()[-5:], FAILED)
        self.assertEqual(self.story.mailed()[-1], "reportFailure")
        asked = self.story.asked("reportFailure")[-1]
        self.assertEqual((asked["failure"]["state"], asked["failure"]["error"]), (state, error))
        self.assertIsInstance(asked["failure"]["cause"], str)
        self.assertEqual(asked["assessment"], {"inForce": {"state": "clean"}})


class Agreement(unittest.TestCase):
    def test_no_catcher_is_behind_one_that_catches_all(self) -> None:
        for name, state in definition()["States"].items():
            for catcher in state.get("Catch", [])[:-1]:
                self.assertNotIn("States.ALL", catcher["ErrorEquals"], name)


def only_in(task: str, function, otherwise):
    """A function that does one of its tasks in another way."""
    return lambda payload: (function if payload["task"] == task else otherwise)(payload)


def refuse(subject: str) -> None:
    """SNS that refuses every mail."""
    raise PublishError("refused by the test")
