"""Plays CloudTrail: every IAM write that a client makes becomes an event on the default event bus.

The deployed rules decide which targets get it. Reads and the calls of other services make no event. What
a state machine writes by its own is a client's write as well, with a session of its role.
`LookupEvents` by the id of an event answers with what was played, as the event history does.
`calls` lists them with the writes, so that a test can compare what a role may do with what it does.
"""

import asyncio
import collections
import dataclasses
import json
import logging
import time

import ministack.app as app
import records
from identity import Caller, caller
from ministack.core import iam_actions, responses, router
from ministack.services import eventbridge
from private_names import need, replace

# IAM is a global service: its events arrive in one region.
EVENT_REGION = "us-east-1"
# Enough for every test; what is older is forgotten, so that a stack can stay up for days.
KEPT = 100_000

log = logging.getLogger("cloudtrail")


@dataclasses.dataclass
class Settings:
    """How events are delivered. Changed through `POST /_local/cloudtrail`."""

    # No event is delivered (and none is kept for later).
    muted: bool = False
    # How often each event is delivered; EventBridge may deliver an event more than once.
    copies: int = 1
    # How long an event takes after its call; later events overtake earlier ones when this shrinks.
    delay_seconds: float = 0.0
    # How long it takes until the event history has an event.
    history_delay_seconds: float = 0.0


settings = Settings()
# Every AWS call: caller, role, action, resource, outcome.
calls: collections.deque[dict] = collections.deque(maxlen=KEPT)
# Every CloudTrail record that was made, delivered or not.
played: collections.deque[dict] = collections.deque(maxlen=KEPT)
# When each of them was made.
_times: dict[str, float] = {}


def attach() -> None:
    """Begins to listen; raises MissingName when the emulator is not the expected one."""
    detect, parameters = need(router, "detect_service"), need(app, "_routing_params")
    access_key, region_of = need(router, "extract_access_key_id"), need(router, "extract_region")
    action_of, resource_of = need(iam_actions, "extract_iam_action"), need(iam_actions, "extract_resource_arn")
    account_of, client_ip = need(responses, "get_account_id"), need(responses, "get_request_client_ip")
    need(responses, "request_scope")

    async def dispatch(method, path, headers, body, query, request_id):
        routing = parameters(method, path, headers, body, query)
        service, region, account = detect(method, path, headers, routing), region_of(headers), account_of()
        who = caller(access_key(headers, query) or "", account)
        action = action_of(service, method, path, headers, body, routing)
        resource = resource_of(service, method, path, headers, body, routing, region, account)

        response = await original(method, path, headers, body, query, request_id)

        if service == "cloudtrail" and action == "cloudtrail:LookupEvents" and response[0] == 200:
            response = (response[0], response[1], _looked_up(body) or response[2])
        if who is not None and action is not None:
            _note_call(who, action, resource, response[0], request_id)
        if who is not None and service == "iam":
            form = records.form_of(query, headers, body)
            operation = records.write_operation(form)
            if operation is not None:
                record = records.record(
                    operation,
                    form,
                    response,
                    identity=who.identity,
                    account_id=account,
                    region=EVENT_REGION,
                    # A service has its name in the place of both.
                    source_ip=who.service or client_ip(),
                    user_agent=who.service or headers.get("user-agent", ""),
                    request_id=request_id,
                )
                if record is not None:
                    _play(record)
        return response

    original = replace(app, "_dispatch_service_request", dispatch)


def _note_call(who: Caller, action: str, resource: str, status: int, request_id: str) -> None:
    calls.append(
        {
            "time": time.time(),
            "principal": who.identity["arn"],
            "role": who.role_arn,
            "action": action,
            "resource": resource,
            "status": status,
            "requestId": request_id,
        }
    )


def _looked_up(body: bytes) -> bytes | None:
    """The answer of the event history to a question about one event; None for other questions."""
    attributes = json.loads(body or b"{}").get("LookupAttributes") or []
    wanted = [it.get("AttributeValue") for it in attributes if it.get("AttributeKey") == "EventId"]
    if len(attributes) != 1 or not wanted:
        return None
    latest = time.monotonic() - settings.history_delay_seconds
    events = [
        {
            "EventId": record["eventID"],
            "EventName": record["eventName"],
            "EventSource": record["eventSource"],
            "ReadOnly": "false",
            "CloudTrailEvent": json.dumps(record),
        }
        for record in played
        if record["eventID"] == wanted[0] and _times.get(wanted[0], 0.0) <= latest
    ]
    return json.dumps({"Events": events[:1]}).encode()


def _play(record: dict) -> None:
    if len(played) == KEPT:
        _times.pop(played[0]["eventID"], None)
    played.append(record)
    _times[record["eventID"]] = time.monotonic()
    if settings.muted:
        return
    loop = asyncio.get_running_loop()
    for _ in range(settings.copies):
        loop.call_later(settings.delay_seconds, _deliver, record)


def _deliver(record: dict) -> None:
    entry = {
        "Source": "aws.iam",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(record),
        "EventBusName": "default",
        "Resources": [],
    }
    with responses.request_scope(record["recipientAccountId"], EVENT_REGION):
        # Looked up now: the gap that lets `aws.*` sources in is closed on this very function.
        _, _, body = eventbridge._put_events({"Entries": [entry]})
    if json.loads(body)["FailedEntryCount"]:
        log.error("event %s was refused: %s", record["eventID"], body.decode())
