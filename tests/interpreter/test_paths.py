"""The ways through the state machine when every task works."""

from machine import Test
from story import DOCUMENT, EVENT, IN_PLACE, Story, mail, verdict

ASKED = ["ValidatePolicy", "ChooseAction", "TempRemove", "CheckQuarantine", "AskUser", "UsersChoice"]
CLEAN = {"result": "clean", "mail": mail("clean")}


class Paths(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def test_a_clean_change_is_mailed(self) -> None:
        self.story.judge = lambda payload: verdict("alert", **CLEAN)
        execution = self.story.start()
        self.assertEqual(execution.output()["outcome"], {"result": "clean"})
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "AllowWithNotification"])
        self.assertEqual(self.story.subjects(), ["clean"])

    def test_only_a_record_without_a_document_is_judged_by_the_function_that_reads_iam(self) -> None:
        self.story.judge = lambda payload: verdict("alert", **CLEAN)
        for parameters, function in (
            ({"policyDocument": DOCUMENT}, "ValidatePolicy"),
            ({"policyArn": "arn", "versionId": "v1"}, "Remediate"),
            ({"policyDocument": None}, "Remediate"),
            ({"omitted": True}, "Remediate"),
            (None, "Remediate"),
        ):
            with self.subTest(parameters=parameters):
                self.world.calls.clear()
                event = {**EVENT, "detail": {"eventName": "CreatePolicy", "requestParameters": parameters}}
                execution = self.story.start(event)
                self.assertEqual(execution.output()["outcome"], {"result": "clean"})
                [(called, payload)] = self.world.calls
                self.assertEqual((called, payload["task"], payload["event"]), (function, "judge", event))

    def test_a_clean_change_is_silent_where_the_stack_says_so(self) -> None:
        self.story.judge = lambda payload: verdict("alert", **CLEAN)
        execution = self.story.start(NotifyOnAllowed="false")
        self.assertEqual(execution.output()["outcome"], {"result": "clean"})
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "AllowSilently"])
        self.assertEqual(self.story.subjects(), [])

    def test_a_verdict_that_nobody_knows_is_quarantined(self) -> None:
        self.story.judge = lambda payload: verdict("shrug")
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertIn("TempRemove", execution.entered())

    def test_allow_and_deny(self) -> None:
        for action, state in (("allow", "Approved"), ("deny", "Denied")):
            with self.subTest(action):
                execution = self.story.start()
                self.story.answer(execution, action)
                self.assertEqual(execution.output()["outcome"]["result"], action)
                self.assertEqual(execution.entered(), [*ASKED, state, "ReportOutcome", "Succeeded"])
                asked = self.world.payloads("Revert")[-1]
                self.assertEqual(asked["document"], DOCUMENT)
                self.assertEqual(asked["quarantine"], IN_PLACE)
                self.assertIs(asked["waited"], False)

    def test_everything_but_an_allow_is_a_denial(self) -> None:
        for output in ({"action": "Allow"}, {"action": "maybe"}, {}, "allow", ["allow"], None):
            with self.subTest(output=output):
                execution = self.story.start()
                execution.decide(self.story.token(), output)
                self.assertEqual(execution.output()["outcome"]["result"], "deny")
                self.assertIn("Denied", execution.entered())

    def test_nobody_answers(self) -> None:
        execution = self.story.start(ApprovalTimeoutSeconds=1)
        self.assertEqual(execution.output()["outcome"]["result"], "expire")
        self.assertEqual(execution.entered(), [*ASKED, "Denied", "ReportOutcome", "Succeeded"])
        self.assertEqual(self.world.payloads("Revert")[-1]["decision"], {"action": "expire"})

    def test_a_decision_on_another_execution_is_asked_again(self) -> None:
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow", "execution": execution.arn + "-other"})
        self.story.answer(execution, "deny")
        self.assertEqual(execution.output()["outcome"]["result"], "deny")
        self.assertEqual(execution.entered().count("AskUser"), 2)
        self.assertNotIn("Approved", execution.entered())

    def test_room_is_made_only_after_the_version_is_kept(self) -> None:
        evicted = [{"version": "v1", "created": "2026-01-01T00:00:00Z", "document": "{}"}]

        def remediate(payload: dict) -> dict:
            return IN_PLACE if payload["evicted"] else {"status": "roomNeeded", "evicted": evicted}

        self.world.functions["Remediate"] = remediate
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertEqual([it["evicted"] for it in self.world.payloads("Remediate")], [[], evicted])

    def test_nothing_left_to_do(self) -> None:
        for status in ("superseded", "gone"):
            with self.subTest(status):
                self.world.functions["Remediate"] = lambda payload: {"status": status, "mail": mail(status)}
                execution = self.story.start()
                self.assertEqual(execution.output()["outcome"], {"result": status})
                self.assertNotIn("AskUser", execution.entered())
                self.assertEqual(self.story.subjects()[-1], status)

    def test_a_document_that_was_read_from_iam_goes_on(self) -> None:
        self.story.judge = lambda payload: verdict(document="{read}")
        execution = self.story.start()
        self.story.answer(execution, "allow")
        execution.output()
        for name in ("Remediate", "Notify", "Revert"):
            self.assertEqual(self.world.payloads(name)[-1]["document"], "{read}")
