"""The paths through the state machine when every task works."""

from machine import Test
from story import CHANGE, DOCUMENT, EVENT, IN_PLACE, Story, clean, contained, ended, judged

CONTAINED = ["TempRemove", "NextAction", "CreatePolicyVersion", "RunAgain", "TempRemove", "NextAction"]
ASKED = ["ValidatePolicy", "ChooseAction", *CONTAINED, "PublishOpened", "AskUser", "UsersChoice"]
# After a decision was carried out.
END = ["PublishDecided", "ReportOutcome", "Ended", "PublishEnded"]


class Paths(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def test_a_clean_change_is_mailed(self) -> None:
        self.story.judge = lambda payload: clean()
        execution = self.story.start()
        self.assertEqual(execution.output()["outcome"], {"result": "clean"})
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "AllowWithNotification"])
        self.assertEqual(self.story.mailed(), ["reportVerdict"])

    def test_what_else_the_event_is_about_gets_incidents_of_its_own(self) -> None:
        hints = [{"name": f"found-{number}", "parameters": {"policyName": f"p{number}"}} for number in range(3)]
        event = {"detail": {"eventID": "e", "requestParameters": {"userName": "u", "newUserName": "n"}}}

        def judge(payload: dict) -> dict:
            if "found-" in payload["execution"]:
                return clean(notify=False)
            return {**judged("report", result="reported"), "event": event, "hints": hints}

        self.story.judge = judge
        execution = self.story.start()
        output = execution.output()
        self.assertNotIn("hints", output)
        self.assertEqual(output["outcome"], {"result": "reported"})
        states = [name for name in execution.entered() if not name.startswith(("StartIncident", "HasStarted"))]
        self.assertEqual(states, ["ValidatePolicy", "ChooseAction", "ChooseAction", "PublishReported", "AllowWithNotification"])
        names = execution.names()
        self.assertEqual(set(names), {"found-0", "found-1", "found-2", execution.arn.split(":")[-1]})
        started = [payload["event"] for payload in self.story.asked("judge")[1:]]
        parameters = sorted(
            (event["detail"]["requestParameters"] for event in started), key=lambda it: it["policyName"]
        )
        expected = [{"userName": "u", "newUserName": "n", "policyName": f"p{number}"} for number in range(3)]
        self.assertEqual(parameters, expected)

    def test_the_verdict_says_whether_an_email_reports_it(self) -> None:
        for response, notify, mailed in (
            ("none", False, []),
            ("none", True, ["reportVerdict"]),
            ("report", False, []),
            ("report", True, ["reportVerdict"]),
            # If in doubt, the guard sends the e-mail.
            ("none", None, ["reportVerdict"]),
        ):
            with self.subTest(response=response, notify=notify):
                self.world.calls.clear()
                self.story.judge = lambda payload: judged(response, notify=notify, result="clean")
                execution = self.story.start()
                self.assertEqual(execution.output()["outcome"], {"result": "clean"})
                self.assertEqual(self.story.mailed(), mailed)
                end = ["AllowWithNotification"] if mailed else ["AllowSilently"]
                if mailed and response == "report":
                    end.insert(0, "PublishReported")
                self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", *end])

    def test_the_record_travels_where_it_fits_into_a_payload(self) -> None:
        longest = 60_000 - len('{"detail":""}')
        for event, fits in ((EVENT, True), ({"detail": "x" * longest}, True), ({"detail": "x" * (longest + 1)}, False)):
            with self.subTest(fits=fits):
                self.world.calls.clear()
                self.story.judge = lambda payload: clean()
                execution = self.story.start(event)
                execution.output()
                [payload] = self.story.asked("judge")
                self.assertRegex(payload.pop("entered"), r"^\d{4}-\d\d-\d\dT")
                expected = {"task": "judge", "execution": execution.arn, "event": event if fits else None, "look": None, "failedTries": 0, "lapsed": None}
                self.assertEqual(payload, expected)

    def test_the_contained_document_travels_once(self) -> None:
        self.story.judge = lambda payload: judged(inForce={"document": DOCUMENT})
        execution = self.story.start()
        self.story.answer(execution, "allow")
        output = execution.output()
        self.assertNotIn("inForce", output["verdict"])
        self.assertEqual(output["verdict"]["change"], CHANGE)

    def test_an_answer_is_cut_to_the_members_of_a_decision(self) -> None:
        for answer, kept in (
            ({"action": "allow", "reason": "r" * 200_000, "more": "m" * 10_000}, {"action": "allow", "reason": "r" * 600}),
            ({"action": "shrug", "time": 1, "userAgent": ["a"]}, {"action": "deny"}),
            ([{"action": ["allow"]}], {"action": "deny"}),
            ("allow", {"action": "deny"}),
            # Only the time of the request lets it expire.
            ({"action": "expire"}, {"action": "deny"}),
            (None, {"action": "deny"}),
        ):
            with self.subTest(answer=str(answer)[:40]):
                execution = self.story.start()
                execution.decide(self.story.token(), answer)
                self.assertEqual(execution.output()["decision"], kept)

    def test_every_other_response_is_contained(self) -> None:
        for response in ("shrug", "None", "", None, 1, ["none"]):
            with self.subTest(response=response):
                self.story.judge = lambda payload: judged(response)
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
                entered = execution.entered()
                self.assertEqual(entered[: len(ASKED) + 1], [*ASKED, state])
                self.assertEqual(entered[-5:], ["NextAction", *END])
                self.assertLessEqual(len(entered), 25)
                reported = self.story.asked("reportOutcome")[-1]
                self.assertEqual(reported["quarantine"], IN_PLACE)
                self.assertEqual(reported["decision"]["action"], action)
                self.assertEqual(reported["outcome"], {"result": action})

    def test_every_answer_but_an_allow_is_a_denial(self) -> None:
        for output in ({"action": "Allow"}, {"action": "maybe"}, {}, "allow", ["allow"], None):
            with self.subTest(output=output):
                execution = self.story.start()
                self.story.restore = lambda payload: ended("as decided")
                execution.decide(self.story.token(), output)
                self.assertEqual(execution.output()["outcome"]["result"], "as decided")
                self.assertIn("Denied", execution.entered())

    def test_without_an_answer_the_incident_expires(self) -> None:
        execution = self.story.start(ApprovalTimeoutSeconds=1)
        self.assertEqual(execution.output()["outcome"]["result"], "expire")
        self.assertEqual(execution.entered(), [*ASKED, "Denied", "NextAction", *END])
        self.assertEqual(self.story.asked("reportOutcome")[-1]["decision"], {"action": "expire"})

    def test_a_decision_on_another_execution_is_asked_again(self) -> None:
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow", "execution": execution.arn + "-other"})
        self.story.answer(execution, "deny")
        self.assertEqual(execution.output()["outcome"]["result"], "deny")
        self.assertEqual(execution.entered().count("AskUser"), 2)
        self.assertNotIn("Approved", execution.entered())

    def test_no_question_where_nothing_is_left_to_do(self) -> None:
        for status in ("superseded", "gone"):
            with self.subTest(status):
                self.story.contain = lambda payload: contained(status)
                execution = self.story.start()
                self.assertEqual(execution.output()["outcome"], {"result": status})
                self.assertNotIn("AskUser", execution.entered())
                reported = self.story.asked("reportOutcome")[-1]
                self.assertEqual((reported["quarantine"], reported["outcome"]), ({"status": status}, None))
