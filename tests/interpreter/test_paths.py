"""The ways through the state machine when every task works."""

from machine import Test
from story import CHANGE, DOCUMENT, IN_PLACE, Story, judged

ASKED = ["ValidatePolicy", "ChooseAction", "TempRemove", "CheckQuarantine", "AskUser", "UsersChoice"]
CLEAN = {"result": "clean"}


class Paths(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def test_a_clean_change_is_mailed(self) -> None:
        self.story.judge = lambda payload: judged("alert", **CLEAN)
        execution = self.story.start()
        self.assertEqual(execution.output()["outcome"], {"result": "clean"})
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "AllowWithNotification"])
        self.assertEqual(self.story.told(), ["reportVerdict"])

    def test_what_is_told_whatever_the_stack_says_and_what_never_is(self) -> None:
        finding = {"findings": [{}]}
        for result, more, silent, usual in (
            ("clean", {}, [], ["reportVerdict"]),
            ("notInForce", finding, [], ["reportVerdict"]),
            ("gone", {}, [], ["reportVerdict"]),
            ("gone", finding, ["reportVerdict"], ["reportVerdict"]),
            # A finding that is too long to be carried.
            ("gone", {"moreFindings": 1}, ["reportVerdict"], ["reportVerdict"]),
            ("alreadyContained", finding, [], []),
            ("withdrawn", finding, ["reportVerdict"], ["reportVerdict"]),
            ("overwritten", {}, ["reportVerdict"], ["reportVerdict"]),
            ("monitored", finding, ["reportVerdict"], ["reportVerdict"]),
            ("exempt", finding, ["reportVerdict"], ["reportVerdict"]),
        ):
            for setting, told in (("false", silent), ("true", usual)):
                with self.subTest(result=result, more=more, setting=setting):
                    self.world.calls.clear()
                    self.story.judge = lambda payload: judged("alert", **{"result": result, **more})
                    execution = self.story.start(NotifyOnAllowed=setting)
                    self.assertEqual(execution.output()["outcome"], {"result": result})
                    self.assertEqual(self.story.told(), told)
                    self.assertEqual(len(execution.entered()), 3)

    def test_the_record_does_not_travel_because_nothing_may_fit_beside_it(self) -> None:
        self.story.judge = lambda payload: judged("alert", **CLEAN)
        execution = self.story.start()
        execution.output()
        [payload] = self.story.asked("judge")
        self.assertEqual(payload, {"task": "judge", "execution": execution.arn, "waited": False})

    def test_what_is_contained_is_not_carried_twice(self) -> None:
        self.story.judge = lambda payload: judged(inForce={"document": DOCUMENT})
        execution = self.story.start()
        self.story.answer(execution, "allow")
        output = execution.output()
        self.assertNotIn("inForce", output["verdict"])
        self.assertEqual(output["verdict"]["change"], CHANGE)

    def test_an_answer_is_cut_to_what_a_decision_has(self) -> None:
        for answer, kept in (
            ({"action": "allow", "reason": "r" * 200_000, "more": "m" * 10_000}, {"action": "allow", "reason": "r" * 600}),
            ({"action": "shrug", "time": 1, "userAgent": ["a"]}, {"action": "deny"}),
            ([{"action": ["allow"]}], {"action": "deny"}),
            ("allow", {"action": "deny"}),
            (None, {"action": "deny"}),
        ):
            with self.subTest(answer=str(answer)[:40]):
                execution = self.story.start()
                execution.decide(self.story.token(), answer)
                self.assertEqual(execution.output()["decision"], kept)

    def test_a_clean_change_is_silent_where_the_stack_says_so(self) -> None:
        self.story.judge = lambda payload: judged("alert", **CLEAN)
        execution = self.story.start(NotifyOnAllowed="false")
        self.assertEqual(execution.output()["outcome"], {"result": "clean"})
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "AllowSilently"])
        self.assertEqual(self.story.told(), [])

    def test_a_verdict_that_nobody_knows_is_quarantined(self) -> None:
        self.story.judge = lambda payload: judged("shrug")
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
                told = self.story.asked("reportOutcome")[-1]
                self.assertEqual(told["quarantine"], IN_PLACE)
                self.assertEqual(told["decision"]["action"], action)
                self.assertEqual(told["outcome"], {"result": action})

    def test_everything_but_an_allow_is_a_denial(self) -> None:
        for output in ({"action": "Allow"}, {"action": "maybe"}, {}, "allow", ["allow"], None):
            with self.subTest(output=output):
                execution = self.story.start()
                self.story.restore = lambda data: {"result": "as decided"}
                execution.decide(self.story.token(), output)
                self.assertEqual(execution.output()["outcome"]["result"], "as decided")
                self.assertIn("Denied", execution.entered())

    def test_nobody_answers(self) -> None:
        execution = self.story.start(ApprovalTimeoutSeconds=1)
        self.assertEqual(execution.output()["outcome"]["result"], "expire")
        self.assertEqual(execution.entered(), [*ASKED, "Denied", "ReportOutcome", "Succeeded"])
        self.assertEqual(self.story.asked("reportOutcome")[-1]["decision"], {"action": "expire"})

    def test_a_decision_on_another_execution_is_asked_again(self) -> None:
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow", "execution": execution.arn + "-other"})
        self.story.answer(execution, "deny")
        self.assertEqual(execution.output()["outcome"]["result"], "deny")
        self.assertEqual(execution.entered().count("AskUser"), 2)
        self.assertNotIn("Approved", execution.entered())

    def test_what_would_be_lost_is_in_the_execution_first(self) -> None:
        kept = {"status": "keepFirst", "evicted": [{"version": "v1", "created": "2026-01-01T00:00:00Z", "document": "{}"}]}
        seen = []

        def contain(data: dict) -> dict:
            seen.append(data.get("quarantine"))
            return IN_PLACE if seen[-1] else kept

        self.story.contain = contain
        execution = self.story.start()
        self.story.answer(execution, "deny")
        execution.output()
        self.assertEqual(seen, [None, kept])

    def test_nothing_left_to_do(self) -> None:
        for status in ("superseded", "gone"):
            with self.subTest(status):
                self.story.contain = lambda data: {"status": status}
                execution = self.story.start()
                self.assertEqual(execution.output()["outcome"], {"result": status})
                self.assertNotIn("AskUser", execution.entered())
                told = self.story.asked("reportOutcome")[-1]
                self.assertEqual((told["quarantine"], told["outcome"]), ({"status": status}, None))
