"""Lets the time of the scheduled rules come at once.

MiniStack fires a rule with a ScheduleExpression by itself: one of `rate(…)` for the first time when
that time has passed since its creation, and then within ten seconds of its moment.
"""

from ministack.services import eventbridge
from private_names import need


def attach() -> None:
    """Raises MissingName when the emulator is not the expected one."""
    for name in ("_rules", "_rule_last_fired", "_tick_scheduled_rules"):
        need(eventbridge, name)


def fire() -> list[str]:
    """Fires every rule that is enabled and has a schedule, and answers with their names."""
    due = []
    for key, rule in list(eventbridge._rules._data.items()):
        if rule.get("ScheduleExpression") and rule.get("State") == "ENABLED":
            # As if it had fired long ago.
            eventbridge._rule_last_fired[key] = 0.0
            due.append(rule["Name"])
    eventbridge._tick_scheduled_rules()
    return sorted(due)
