"""The launcher's own HTTP paths, for tests; everything else is the emulator.

    GET  /_local/calls?since=N       the AWS calls from number N on, any service, any client
    GET  /_local/caller?key=K        who calls with the access key K: {"principal": ARN}
    GET  /_local/cloudtrail?since=N  the CloudTrail records from number N on, and the settings
    POST /_local/cloudtrail          changes settings: {"muted": true}, {"copies": 2}, …
    POST /_local/schedules           fires the scheduled rules now: {"fired": [NAME, …]}
"""

import dataclasses
import json
from urllib.parse import parse_qs

import cloudtrail
import identity
import ministack.app
import ministack.core.responses
import schedules
from private_names import need


def application():
    """The ASGI application: the launcher's paths first, then the emulator."""
    emulator = need(ministack.app, "app")

    async def app(scope, receive, send):
        if scope["type"] == "http" and scope["path"].startswith("/_local/"):
            status, answer = _answer(scope["method"], scope["path"], _query(scope), await _body(receive))
            await _send(send, status, answer)
        else:
            await emulator(scope, receive, send)

    return app


def _answer(method: str, path: str, query: dict, body: bytes) -> tuple[int, dict]:
    try:
        since = int(query.get("since", ["0"])[0])
        if (method, path) == ("GET", "/_local/calls"):
            return 200, _page(cloudtrail.calls, since)
        if (method, path) == ("GET", "/_local/caller"):
            return 200, {"principal": _principal(query.get("key", [""])[0])}
        if (method, path) == ("GET", "/_local/cloudtrail"):
            return 200, {**_page(cloudtrail.played, since), "settings": _settings()}
        if (method, path) == ("POST", "/_local/cloudtrail"):
            _change_settings(json.loads(body))
            return 200, {"settings": _settings()}
        if (method, path) == ("POST", "/_local/schedules"):
            return 200, {"fired": schedules.fire()}
    except (ValueError, TypeError) as error:
        return 400, {"error": str(error)}
    return 404, {"error": f"there is no {method} {path}"}


def _principal(access_key_id: str) -> str | None:
    caller = identity.caller(access_key_id, need(ministack.core.responses, "get_account_id")())
    return None if caller is None else caller.identity["arn"]


def _page(items, since: int) -> dict:
    kept = list(items)
    return {"items": kept[since:], "next": len(kept)}


def _settings() -> dict:
    return dataclasses.asdict(cloudtrail.settings)


def _change_settings(changes: dict) -> None:
    kinds = {field.name: field.type for field in dataclasses.fields(cloudtrail.Settings)}
    for name, value in changes.items():
        if name not in kinds:
            raise ValueError(f"there is no setting `{name}`")
        setattr(cloudtrail.settings, name, kinds[name](value))


def _query(scope) -> dict:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


async def _body(receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send, status: int, answer: dict) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
