"""What was asked about, allowed or denied before, and an allow that ends."""

from typing import Any

from machine import Test
from story import CREATE, IN_PLACE, Story, clean, contained, ended, following, judged
from test_paths import ASKED, CONTAINED

BEGINNING = ["ValidatePolicy", "ChooseAction", *CONTAINED]
PAST = "2026-03-02T09:15:31Z"


def settled(result: str, notify: bool) -> dict:
    """An answer that ends a containment that asks no one."""
    return {"quarantine": {**IN_PLACE, "settled": {"result": result, "notify": notify}}}


class Memory(Test):
    def setUp(self) -> None:
        super().setUp()
        self.story = Story(self.world)

    def test_what_another_execution_asks_about_is_contained_and_ends(self) -> None:
        for notify, mail, end in (
            (False, [], ["PublishEnded"]),
            (True, ["reportOutcome"], ["ReportOutcome", "Ended", "PublishEnded"]),
        ):
            with self.subTest(notify=notify):
                self.world.calls.clear()
                self.story.contain = following(CREATE, settled("joined", notify))
                execution = self.story.start()
                output = execution.output()
                self.assertEqual(output["outcome"], {"result": "joined"})
                self.assertEqual(output["quarantine"]["settled"]["result"], "joined")
                self.assertNotIn("decision", output)
                self.assertEqual(execution.entered(), [*BEGINNING, *end])
                self.assertEqual(self.story.mailed(), mail)

    def test_what_was_denied_before_is_contained_removed_and_ends(self) -> None:
        for notify, mail, end in (
            (False, [], ["PublishEnded"]),
            (True, ["reportOutcome"], ["ReportOutcome", "Ended", "PublishEnded"]),
        ):
            with self.subTest(notify=notify):
                self.world.calls.clear()
                self.story.contain = following(CREATE, settled("deniedBefore", notify))
                self.story.restore = lambda payload: ended("deniedBefore")
                execution = self.story.start()
                output = execution.output()
                self.assertEqual(output["outcome"], {"result": "deniedBefore"})
                self.assertEqual(output["decision"], {"action": "deny"})
                self.assertEqual(execution.entered(), [*BEGINNING, "Denied", "NextAction", *end])
                self.assertEqual(self.story.mailed(), mail)
                [restoring] = self.world.payloads("Revert")
                self.assertEqual(restoring["state"], "Denied")
                self.assertEqual(restoring["quarantine"]["settled"]["result"], "deniedBefore")

    def test_an_allow_for_a_time_ends(self) -> None:
        looks = iter([following(CREATE, contained()), following(CREATE, settled("lapsed", True))])
        now: list[Any] = []

        def contain(payload: dict) -> dict:
            if payload["work"] is None:
                now[:] = [next(looks)]
            return now[0](payload)

        def restore(payload: dict) -> dict:
            if payload["decision"]["action"] == "allow":
                self.assertEqual(payload["decision"]["minutes"], 5)
                return {"outcome": {"result": "allowed", "until": PAST}}
            return ended("lapsed")

        self.story.contain, self.story.restore = contain, restore
        execution = self.story.start()
        execution.decide(self.story.token(), {"action": "allow", "minutes": 5})
        output = execution.output()
        self.assertEqual(output["outcome"], {"result": "lapsed"})
        self.assertEqual(output["decision"], {"action": "expire"})
        lapse = ["Ended", "AllowedUntil", "ValidateOnceMore", "ChooseAction", *CONTAINED, "Denied", "NextAction"]
        self.assertEqual(
            execution.entered(),
            [*ASKED, "Approved", "NextAction", "PublishDecided", "ReportOutcome", *lapse, "ReportOutcome", "Ended", "PublishEnded"],
        )
        self.assertEqual([payload["lapsed"] for payload in self.story.asked("judge")], [None, {"claim": None}])
        # Nothing of the allow is left in the data.
        again = [data for name, data in execution.inputs() if name == "ValidateOnceMore"][0]
        self.assertEqual(set(again), {"event"})
        self.assertEqual(self.story.mailed(), ["reportOutcome", "reportOutcome"])

    def test_after_an_allow_for_a_time_another_change_is_left_alone(self) -> None:
        verdicts = iter([judged(), judged("report", result="lapsed")])
        self.story.judge = lambda payload: next(verdicts)
        self.story.restore = lambda payload: {"outcome": {"result": "allowed", "until": PAST}}
        execution = self.story.start()
        self.story.answer(execution, "allow")
        self.assertEqual(execution.output()["outcome"], {"result": "lapsed"})
        self.assertEqual(execution.entered()[-5:], ["AllowedUntil", "ValidateOnceMore", "ChooseAction", "PublishReported", "AllowWithNotification"])

    def test_what_was_allowed_before_ends_at_once(self) -> None:
        self.story.judge = lambda payload: clean(notify=False, result="allowedBefore")
        execution = self.story.start()
        self.assertEqual(execution.output()["outcome"], {"result": "allowedBefore"})
        self.assertEqual(execution.entered(), ["ValidatePolicy", "ChooseAction", "AllowSilently"])
        self.assertEqual(self.story.mailed(), [])

    def test_only_a_number_of_minutes_gets_into_the_decision(self) -> None:
        for minutes, expected in ((1, 1), (43200, 43200), (90.5, 90), (0, None), (43201, None), ("60", None), (None, None), ([5], None)):
            with self.subTest(minutes):
                self.world.calls.clear()
                execution = self.story.start()
                execution.decide(self.story.token(), {"action": "allow", "minutes": minutes})
                execution.output()
                decision = self.world.payloads("Revert")[0]["decision"]
                self.assertEqual(decision.get("minutes"), expected)
                self.assertEqual(decision["action"], "allow")
