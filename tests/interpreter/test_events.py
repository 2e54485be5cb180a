"""The events for others: which there are, what is in them, and that none holds an incident up."""

import json
import pathlib
from typing import Any

from machine import ACCOUNT, REGION, PutError, Test
from story import DOCUMENT, IN_PLACE, REFUSED, Story, action, clean, ended, failing, following, judged
from test_asked import asked
from test_memory import PAST, settled

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / "docs/events.schema.json").read_text(encoding="utf-8"))
OPENED, DECIDED, ENDED = SCHEMA["properties"]["detail-type"]["enum"]
# A document, in parts of the data that no event may take.
SECRET = "in no event"
ACTOR = {"kind": "IAMUser", "name": "alice", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "account": ACCOUNT}
CHANGE = {
    "eventId": "e",
    "eventName": "PutRolePolicy",
    "eventTime": "2026-03-02T09:15:27Z",
    "account": ACCOUNT,
    "region": REGION,
    "actor": ACTOR,
    "sourceIpAddress": SECRET,
    "userAgent": SECRET,
    "subject": {"type": "inline", "owner": {"kind": "role", "name": "app"}, "name": "own"},
    "inForce": True,
}
QUARANTINE = {**IN_PLACE, "original": SECRET, "document": SECRET, "restricted": ["s3:DeleteBucket"]}
PUT = action("PutRolePolicy", document=DOCUMENT)
ANSWER = {"time": PAST, "reason": "planned", "sourceIpAddress": SECRET, "userAgent": SECRET, "key": SECRET}
# A character whose JSON is six times as long, as far as the guard takes a name.
LONG = "\u0001" * 256
LONG_ARN = "\u0001" * 768


def verdict(response: str = "contain", **more: Any) -> dict:
    """What the function of ValidatePolicy answers about a real change."""
    document = {"identity": {"id": SECRET}, "document": SECRET}
    about = {"change": CHANGE, "restricted": ["s3:DeleteBucket"], "findings": [SECRET], "inForce": document}
    return judged(response, **{**about, **more})


class Events(Test):
    def setUp(self) -> None:
        super().setUp()
        self.fresh()

    def fresh(self) -> None:
        self.world.events.clear()
        self.world.calls.clear()
        self.world.mails.clear()
        self.world.put = lambda entry: None
        self.story = Story(self.world)
        self.story.judge = lambda payload: verdict()
        self.story.contain = following(PUT, {"quarantine": QUARANTINE})
        self.story.restore = lambda payload: ended(payload["decision"]["action"])

    def kinds(self) -> list[str]:
        return [entry["DetailType"] for entry in self.world.events]

    def details(self, kind: str) -> list[dict]:
        return [json.loads(entry["Detail"]) for entry in self.world.events if entry["DetailType"] == kind]

    def decide(self, decision: str, **more: Any):
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": decision, "execution": execution.arn, **ANSWER, **more})
        return execution

    def test_an_incident_is_opened_decided_and_ended_once(self) -> None:
        for answer in ("allow", "deny"):
            with self.subTest(answer):
                self.fresh()
                execution = self.decide(answer)
                execution.output()
                self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])
                self.check(execution)
                [decided], [end] = self.details(DECIDED), self.details(ENDED)
                decision = {"action": answer, "time": PAST, "reason": "planned"}
                self.assertEqual((decided["decision"], end["decision"]), (decision, decision))
                self.assertEqual(end["outcome"], {"result": answer})
                [opened] = self.details(OPENED)
                self.assertEqual(opened["subject"], CHANGE["subject"])
                self.assertEqual(opened["actor"], ACTOR)
                self.assertEqual(opened["event"], {"id": "e", "name": "PutRolePolicy", "time": CHANGE["eventTime"]})
                self.assertEqual((opened["restricted"], opened["moreRestricted"]), (["s3:DeleteBucket"], 0))
                self.assertEqual((opened["response"], opened["stack"]), ("contain", "guard"))

    def test_without_an_answer_it_expires(self) -> None:
        execution = self.story.start(ApprovalTimeoutSeconds=1)
        execution.output()
        self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])
        self.check(execution)
        self.assertEqual(self.details(DECIDED)[0]["decision"], {"action": "expire"})

    def test_what_is_asked_first_is_opened_too(self) -> None:
        proposal = {"status": "proposed", "original": SECRET}
        self.story.judge = lambda payload: {**asked(proposal, CHANGE), "verdict": verdict("ask")["verdict"]}
        self.story.restore = lambda payload: ended("kept")
        execution = self.decide("allow")
        execution.output()
        self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])
        self.check(execution)
        self.assertEqual(self.details(ENDED)[0]["response"], "ask")

    def test_an_answer_that_does_not_count_is_no_decision(self) -> None:
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow", "execution": "another"})
        self.story.restore = failing("DecisionUnproven", 1, lambda payload: ended("denied"))
        execution.decide(self.story.token(), {"action": "allow"})
        execution.decide(self.story.token(), {"action": "deny"})
        execution.output()
        self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])
        self.assertEqual(self.details(DECIDED)[0]["decision"]["action"], "deny")

    def test_what_is_not_asked_about_only_ends(self) -> None:
        for answer, result in (
            ({"quarantine": {"status": "superseded"}}, "superseded"),
            ({"quarantine": {"status": "gone"}}, "gone"),
            (settled("joined", False), "joined"),
            (settled("joined", True), "joined"),
            (settled("deniedBefore", False), "deniedBefore"),
            (settled("deniedBefore", True), "deniedBefore"),
        ):
            with self.subTest(answer=answer):
                self.fresh()
                self.story.contain = following(PUT, answer)
                self.story.restore = lambda payload: ended("deniedBefore")
                execution = self.story.start()
                execution.output()
                self.check(execution)
                self.assertEqual(self.kinds(), [ENDED])
                [end] = self.details(ENDED)
                self.assertEqual((end["decision"], end["outcome"]), (None, {"result": result}))

    def test_only_what_is_reported_about_restricted_grants_has_an_event(self) -> None:
        for answer, kinds in (
            (clean(), []),
            (clean(notify=False), []),
            (verdict("report", result="withdrawn"), [ENDED]),
            (verdict("report", result="reported", notify=False), []),
        ):
            with self.subTest(answer=answer):
                self.fresh()
                self.story.judge = lambda payload: answer
                execution = self.story.start()
                execution.output()
                self.check(execution)
                self.assertEqual(self.kinds(), kinds)
                for end in self.details(ENDED):
                    self.assertEqual((end["decision"], end["outcome"]), (None, {"result": "withdrawn"}))

    def test_an_allow_for_a_time_ends_once(self) -> None:
        for last, kinds in (
            (lambda: verdict(), [OPENED, DECIDED, ENDED]),
            (lambda: verdict("report", result="lapsed"), [OPENED, DECIDED, ENDED]),
            (lambda: verdict("none", result="lapsed"), [OPENED, DECIDED, ENDED]),
            # An e-mail in the same week reported what stays, so this one is silent.
            (lambda: verdict("report", result="monitored", notify=False), [OPENED, DECIDED, ENDED]),
        ):
            with self.subTest(last()):
                self.fresh()
                verdicts = iter([verdict(), last()])
                self.story.judge = lambda payload: next(verdicts)
                looks = iter([following(PUT, {"quarantine": QUARANTINE}), following(PUT, settled("lapsed", True))])
                now: list[Any] = []

                def contain(payload: dict) -> dict:
                    if payload["work"] is None:
                        now[:] = [next(looks)]
                    return now[0](payload)

                def restore(payload: dict) -> dict:
                    allowed = payload["decision"]["action"] == "allow"
                    return {"outcome": {"result": "allowed", "until": PAST}} if allowed else ended("lapsed")

                self.story.contain, self.story.restore = contain, restore
                execution = self.decide("allow", minutes=5)
                execution.output()
                self.check(execution)
                self.assertEqual(self.kinds(), kinds)
                decision = self.details(DECIDED)[0]["decision"]
                self.assertEqual((decision["minutes"], decision["until"]), (5, PAST))
                [end] = self.details(ENDED)
                self.assertIsNone(end["decision"])
                self.assertIn(end["outcome"]["result"], ("lapsed", "monitored"))

    def test_a_failure_ends_it(self) -> None:
        self.story.restore = failing(REFUSED, 1000)
        execution = self.decide("allow")
        execution.closed()
        self.assertEqual(self.kinds(), [OPENED, ENDED])
        self.check(execution)
        [end] = self.details(ENDED)
        # The key of the allow may not have been verified.
        self.assertIsNone(end["decision"])
        self.assertEqual(end["outcome"], {"result": "failed", "state": "Approved", "error": REFUSED})

    def test_a_failure_before_the_verdict_names_its_event(self) -> None:
        self.story.judge = failing("RecordMalformed", 1000)
        event = {"account": ACCOUNT, "region": REGION, "detail": {"eventID": "e", "eventName": "PutRolePolicy"}}
        execution = self.story.start(event)
        execution.closed()
        self.check(execution)
        [end] = self.details(ENDED)
        self.assertEqual((end["subject"], end["actor"], end["response"]), (None, None, None))
        self.assertEqual(end["event"], {"id": "e", "name": "PutRolePolicy"})
        self.assertEqual(end["restricted"], [])

    def test_an_outcome_that_cannot_be_mailed_was_decided(self) -> None:
        notify = self.world.functions["Notify"]
        broken = failing(REFUSED, 1000)
        self.world.functions["Notify"] = lambda payload: (broken if payload["task"] == "reportOutcome" else notify)(payload)
        execution = self.decide("deny")
        execution.closed()
        self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])
        [end] = self.details(ENDED)
        self.assertEqual((end["decision"]["action"], end["outcome"]["result"]), ("deny", "failed"))

    def test_an_event_that_cannot_be_put_holds_nothing_up(self) -> None:
        def put(entry: dict) -> None:
            raise PutError("refused by the test")

        for judge, restore, end in (
            (verdict, lambda payload: ended("denied"), "denied"),
            (lambda: verdict("report", result="reported"), None, "reported"),
            (verdict, failing(REFUSED, 1000), None),
        ):
            with self.subTest(end=end):
                self.fresh()
                self.world.put = put
                self.story.judge = lambda payload: judge()
                self.story.restore = restore
                execution = self.story.start() if end == "reported" else self.decide("deny")
                described = execution.closed()
                self.assertEqual(described["status"], "SUCCEEDED" if end else "FAILED")
                if end:
                    self.assertEqual(execution.output()["outcome"], {"result": end})
                else:
                    self.assertEqual(described["error"], REFUSED)
                self.assertEqual(self.world.events, [])
                self.assertIn("report", self.story.mailed()[-1])

    def test_an_event_that_is_refused_once_is_put_again(self) -> None:
        left = [1]

        def put(entry: dict) -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise PutError("refused by the test")

        self.world.put = put
        self.decide("allow").output()
        self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])

    def test_no_event_is_long(self) -> None:
        owner = {"kind": "role", "name": LONG}
        longest = {
            "eventId": LONG,
            "eventName": LONG,
            "eventTime": LONG,
            "actor": {name: LONG_ARN if name.lower().endswith("arn") else LONG for name in members("actor")},
            "subject": {"type": "reported", "what": "attachment", "owner": owner, "policy": LONG_ARN, "by": LONG},
        }
        longest["actor"]["onBehalfOf"] = {"userId": LONG, "identityStoreArn": LONG}
        patterns = ["s3:" + "a" * 100] * 29
        answer = {"reason": LONG * 4, "time": LONG_ARN, "minutes": 43200}
        self.story.judge = lambda payload: verdict(change={**CHANGE, **longest}, restricted=patterns, moreRestricted=99)
        self.story.contain = following({"quarantine": {**QUARANTINE, "restricted": patterns, "moreRestricted": 99}})
        execution = self.decide("deny", **answer)
        execution.output()
        self.assertEqual(self.kinds(), [OPENED, DECIDED, ENDED])
        self.check(execution)
        lengths = [len(entry["Detail"].encode()) for entry in self.world.events]
        self.assertLess(max(lengths), 16 * 1024)
        self.assertGreater(max(lengths), 10 * 1024)

    def check(self, execution) -> None:
        """Every event is about this execution, and has the members of the schema and no others."""
        for entry in self.world.events:
            self.assertEqual((entry["EventBusName"], entry["Source"]), ("default", "iam-policy-guard"))
            self.assertNotIn(SECRET, entry["Detail"])
            detail = json.loads(entry["Detail"])
            self.assertEqual(detail["execution"], execution.arn)
            name = execution.arn.split(":")[-1]
            self.assertEqual(detail["incident"], name)
            self.assertEqual((detail["account"], detail["region"]), (ACCOUNT, REGION))
            host = f"https://{REGION}.console.aws.amazon.com/states/home?region={REGION}"
            self.assertEqual(detail["console"], f"{host}#/v2/executions/details/{execution.arn}")
            self.assertTrue(detail["page"].endswith(f"/Prod/allow?execution={name}"), detail["page"])
            for member, value in detail.items():
                self.assertIn(member, members("detail"))
                if isinstance(value, dict) and member != "subject":
                    self.assertLessEqual(set(value), set(members(member)), member)


def members(of: str) -> list[str]:
    """The names in a part of the schema."""
    detail = SCHEMA["properties"]["detail"]
    return list((detail if of == "detail" else detail["properties"][of])["properties"])
