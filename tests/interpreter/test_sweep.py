"""The sweep: what it starts, what it reports and proves, and what it leaves for the next one."""

import json
from typing import Any

from botocore.exceptions import ClientError
from machine import SWEEP, Execution, FunctionError, IamError, Test

SWEPT = {"rules": "r", "memory": ["known"], "overReportedAt": "2026-03-02T09:15:31Z", "counts": {"new": 2}}
REPORT = {"reason": "first", "grants": []}
HINTS = [{"name": f"sweep-{number}", "input": {"detail": {"eventID": f"sweep-{number}"}}} for number in range(3)]
QUIET = ["Begin", "Survey", "NextStep", "Swept"]
FULL = [
    *QUIET[:-1],
    "StartIncidents",
    *("NextStep", "ReportSweep"),
    *("NextStep", "WriteProbe"),
    *("NextStep", "Swept"),
]


def surveyed(**more: Any) -> dict:
    """What the function of Survey answers."""
    return {"sweep": SWEPT, "hints": [], "writesProbe": False, **more}


def refused(code: str) -> ClientError:
    """What Step Functions answers to a start that it refuses."""
    metadata = {"HTTPStatusCode": 400, "RequestId": "0"}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "StartExecution")


class Sweep(Test):
    def setUp(self) -> None:
        super().setUp()
        self.survey = lambda payload: surveyed()
        self.started: list[dict] = []
        self.world.functions.update(ValidatePolicy=lambda payload: self.survey(payload), Notify=lambda payload: {})
        self.world.start = self.begin

    def begin(self, **arguments: Any) -> dict:
        self.started.append(arguments)
        return {"ExecutionArn": "arn"}

    def sweep(self, event: Any = None) -> Execution:
        return Execution(event or {}, of=SWEEP)

    def entered(self, execution: Execution) -> list[str]:
        """The states that it entered, without those of the map."""
        inside = ("StartIncident", "HasStarted")
        return [name for name in execution.entered() if name not in inside]

    def test_a_quiet_hour_leaves_what_the_next_sweep_compares_with(self) -> None:
        execution = self.sweep()
        self.assertEqual(execution.output(), SWEPT)
        self.assertEqual(self.entered(execution), QUIET)
        [asked] = self.world.payloads("ValidatePolicy")
        self.assertEqual((asked["task"], asked["execution"], asked["report"]), ("survey", execution.arn, False))
        self.assertRegex(asked["startedAt"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual((self.started, self.world.actions, self.world.waits), ([], [], []))

    def test_the_input_can_only_ask_for_a_report(self) -> None:
        forged = {"sweep": {"memory": ["mine"]}, "hints": HINTS, "waits": 99, "writesProbe": True, "busy": "x"}
        for report, expected in ((True, True), (False, False), ("true", False), ({"x": 1}, False), (None, False)):
            with self.subTest(report=report):
                self.world.calls.clear()
                execution = self.sweep({**forged, "report": report})
                self.assertEqual(execution.output(), SWEPT)
                self.assertEqual(self.entered(execution), QUIET)
                self.assertEqual([asked["report"] for asked in self.world.payloads("ValidatePolicy")], [expected])
        self.assertEqual(self.started, [])

    def test_an_input_that_leaves_no_room_starts_nothing(self) -> None:
        self.assertEqual(self.sweep({"report": "x" * 9_000}).output(), SWEPT)
        closed = self.sweep({"report": "x" * 10_000}).closed()
        self.assertEqual((closed["status"], closed["error"]), ("FAILED", "States.QueryEvaluationError"))
        self.assertEqual(len(self.world.payloads("ValidatePolicy")), 1)

    def test_everything_at_once(self) -> None:
        self.survey = lambda payload: surveyed(hints=HINTS, report=REPORT, writesProbe=True)
        execution = self.sweep()
        output = execution.output()
        self.assertEqual(self.entered(execution), FULL)
        self.assertRegex(output.pop("probedAt"), r"^\d{4}-\d\d-\d\dT.*Z$")
        self.assertEqual(output, SWEPT)
        self.assertEqual(sorted(it["name"] for it in self.started), [hint["name"] for hint in HINTS])
        for it in self.started:
            self.assertTrue(it["stateMachineArn"].endswith(":guard-incidents"))
            given = json.loads(it["input"]) if isinstance(it["input"], str) else it["input"]
            self.assertIn({"name": it["name"], "input": given}, HINTS)
        [mail] = self.world.payloads("Notify")
        self.assertEqual((mail["task"], mail["execution"], mail["report"]), ("reportSweep", execution.arn, REPORT))
        [(call, arguments)] = self.world.actions
        self.assertEqual((call, arguments["RoleName"]), ("PutRolePolicy", "guard-ProbeRole"))
        self.assertEqual(arguments["PolicyName"], "proof-of-life")
        [statement] = json.loads(arguments["PolicyDocument"])["Statement"]
        self.assertEqual((statement["Action"], statement["Resource"]), ("*", "arn:aws:s3:::no"))

    def test_one_hint_and_one_that_has_started_already(self) -> None:
        def begin(**arguments: Any) -> dict:
            self.started.append(arguments)
            raise refused("ExecutionAlreadyExists")

        self.survey = lambda payload: surveyed(hints=HINTS[:1])
        self.world.start = begin
        self.assertEqual(self.sweep().output(), SWEPT)
        self.assertEqual(len(self.started), 1)

    def test_incidents_that_cannot_be_started_fail_the_sweep(self) -> None:
        def begin(**arguments: Any) -> dict:
            raise refused("AccessDenied")

        self.survey = lambda payload: surveyed(hints=HINTS, writesProbe=True)
        self.world.start = begin
        execution = self.sweep()
        closed = execution.closed()
        self.assertEqual(closed["status"], "FAILED")
        self.assertTrue(closed["cause"].startswith("StartIncidents: "), closed)
        self.assertEqual(self.world.actions, [])

    def test_a_survey_that_fails_starts_nothing(self) -> None:
        def survey(payload: dict) -> dict:
            raise FunctionError("SweepUnreadable")

        self.survey = survey
        closed = self.sweep({"sweep": SWEPT}).closed()
        self.assertEqual((closed["status"], closed["error"]), ("FAILED", "SweepUnreadable"))
        self.assertTrue(closed["cause"].startswith("Survey: "), closed)
        self.assertEqual(len(self.world.payloads("ValidatePolicy")), 1)

    def test_a_throttled_survey_waits_for_minutes(self) -> None:
        def survey(payload: dict) -> dict:
            if len(self.world.payloads("ValidatePolicy")) <= 8:
                raise FunctionError("Throttled")
            return surveyed()

        self.survey = survey
        self.assertEqual(self.sweep().output(), SWEPT)
        self.assertEqual(len(self.world.delays), 8)
        self.assertGreater(sum(self.world.delays), 60)
        self.assertLessEqual(max(self.world.delays), 300)

    def test_another_sweep_is_waited_for(self) -> None:
        def survey(payload: dict) -> dict:
            return {"busy": "arn:other"} if len(self.world.payloads("ValidatePolicy")) <= 20 else surveyed()

        self.survey = survey
        execution = self.sweep()
        self.assertEqual(execution.output(), SWEPT)
        self.assertEqual(self.world.waits, [30] * 20)

    def test_another_sweep_that_does_not_end(self) -> None:
        self.survey = lambda payload: {"busy": "arn:other"}
        closed = self.sweep().closed()
        self.assertEqual((closed["status"], closed["error"]), ("FAILED", "SweepBusy"))
        self.assertIn("arn:other", closed["cause"])
        self.assertEqual(len(self.world.waits), 20)

    def test_a_sweep_whose_report_cannot_be_sent_fails(self) -> None:
        """The next one compares with the sweep before, and reports the same."""

        def notify(payload: dict) -> dict:
            raise FunctionError("AwsRefused", "no topic")

        self.survey = lambda payload: surveyed(hints=HINTS, report=REPORT, writesProbe=True)
        self.world.functions["Notify"] = notify
        closed = self.sweep().closed()
        self.assertEqual((closed["status"], closed["error"]), ("FAILED", "AwsRefused"))
        self.assertEqual(len(self.started), len(HINTS))

    def test_a_proof_that_cannot_be_written_leaves_the_time_of_the_last_one(self) -> None:
        before = "2026-03-01T09:15:31Z"

        def iam(call: str, arguments: dict) -> dict:
            raise IamError("Iam.NoSuchEntityException", "no role")

        self.survey = lambda payload: surveyed(sweep={**SWEPT, "probedAt": before}, writesProbe=True)
        self.world.iam = iam
        output = self.sweep().output()
        self.assertTrue(output.pop("probeError").startswith("Iam.NoSuchEntityException: "))
        self.assertEqual(output, {**SWEPT, "probedAt": before})

    def test_a_redriven_sweep_starts_and_writes_nothing(self) -> None:
        self.world.redrives = 1
        self.survey = lambda payload: surveyed(hints=HINTS)
        self.assertEqual(self.sweep().closed()["status"], "FAILED")
        self.survey = lambda payload: surveyed(writesProbe=True)
        self.assertIn("probeError", self.sweep().output())
        self.assertEqual((self.started, self.world.actions), ([], []))
