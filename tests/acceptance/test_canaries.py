"""A word planted in every input of a real daemon comes out nowhere that others read: log, figures, health; and a secret
in no answer either."""

import base64
import json
import re
import socketserver
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from camd.system import SystemClock
from tests.acceptance.daemon_log import DaemonLog
from tests.acceptance.installation import Group, Installation

pytestmark = pytest.mark.acceptance

SECRETS = {
    name: f"secret-{name}-canary"
    for name in ("password", "oauth", "refresh", "hook", "apollo", "hunter", "zero", "token", "credential")
} | {"signing": "whsec_" + base64.b64encode(b"a secret of signing-canary").decode()}
PRIVATE = {
    name: f"{name}canary"
    for name in (
        "address", "person", "company", "custom", "subject", "body", "reply", "path", "query", "header", "json",
        "campaign", "suppressed", "note", "optout", "inbound", "hooked", "agent", "key",
    )
}  # fmt: skip
CONFIG = """username = "ann"
password = "{password}"

[mailboxes.other]
address = "other@us.example"
smtp_host = "127.0.0.1"
smtp_port = 1
auth = "xoauth2"
username = "ann"
oauth_token_url = "https://127.0.0.1:1/token"
oauth_client_id = "me"
oauth_client_secret = "{oauth}"
oauth_refresh_token = "{refresh}"

[providers.apollo]
api_key = "{apollo}"

[providers.hunter]
api_key = "{hunter}"

[providers.zerobounce]
api_key = "{zero}"

[webhooks.crm]
url = "http://127.0.0.1:1/{hook}"
secret = "{signing}"
"""
ADDRESS = f"{PRIVATE['address']}@{PRIVATE['company']}.example"
CAMPAIGN = {
    "name": PRIVATE["campaign"],
    "steps": [{"subject": PRIVATE["subject"] + " {{ company }}", "body": PRIVATE["body"] + " {{ first_name }}"}],
}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)


class _Conversation(socketserver.StreamRequestHandler):
    """Refuses every recipient and quotes them, and what only it knows."""

    def handle(self) -> None:
        self._say("220 mail.example")
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"EHLO":
                self._say("250-mail.example\r\n250 AUTH PLAIN")
            elif verb == b"AUTH":
                self._say("235 2.7.0 in")
            elif verb == b"RCPT":
                self._say(f"550 5.1.1 {PRIVATE['reply']} {line.decode().strip()}")
            else:
                self._say("250 2.0.0 ok")

    def _say(self, reply: str) -> None:
        self.wfile.write(reply.encode() + b"\r\n")


@contextmanager
def refusing_server() -> Iterator[int]:
    with _Server() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            serving.join()


def ask(url: str, method: str = "GET", body: object = None, headers: Mapping[str, str] | None = None) -> str:
    """The whole answer with its headers, whatever its status."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return f"{answer.status} {answer.headers} {answer.read().decode()}"
    except urllib.error.HTTPError as refused:
        with refused:
            return f"{refused.code} {refused.headers} {refused.read().decode()}"


def planted(url: str) -> Iterator[str]:
    """Every way in of the API, and what it answers."""
    api, word = f"{url}/api/cam", PRIVATE
    bearer = {"Authorization": f"Bearer {SECRETS['token']}"}
    yield ask(f"{api}/campaigns", headers=bearer)
    yield ask(f"{api}/campaigns", headers={"X-Canary": word["header"], "User-Agent": word["agent"]})
    yield ask(f"{api}/campaigns/{word['path']}")
    yield ask(f"{api}/{word['path']}/x")
    yield ask(f"{api}/campaigns?status={word['query']}&q={word['query']}")
    yield ask(f"{api}/campaigns", "POST", b'{"name": "' + word["json"].encode())
    yield ask(f"{api}/campaigns", "POST", {"name": word["json"], word["json"]: word["json"], "timezone": word["json"]})
    yield ask(f"{api}/campaigns", "POST", CAMPAIGN, {"Idempotency-Key": word["key"]})
    campaign = f"{api}/campaigns/{word['campaign']}"
    yield ask(campaign, "PATCH", {"steps": [{"subject": "x", "body": f"{{{{ {word['body']}"}]})
    yield ask(
        f"{campaign}/leads",
        "POST",
        {
            "email": ADDRESS,
            "first_name": word["person"],
            "company": word["company"],
            "custom": {"note": word["custom"]},
            "country": "FR",
        },
    )
    rows = f"email,first name\n{word['address']}@,{word['person']}\n\x00{word['custom']}\n"
    yield ask(f"{campaign}/leads/import", "POST", rows.encode(), {"Content-Type": "text/csv"})
    yield ask(f"{api}/suppressions", "POST", {"value": f"{word['suppressed']}@x.example", "note": word["note"]})
    yield ask(f"{api}/suppressions", "POST", {"value": word["suppressed"], "reason": word["note"]})
    yield ask(f"{api}/touches/{word['path']}/resolve", "POST", {"sent": word["json"]})
    yield ask(f"{url}/u/{word['optout']}", "POST", b"List-Unsubscribe=One-Click")
    yield ask(f"{campaign}/activate", "POST")
    yield ask(f"{campaign}/preflight")
    yield ask(f"{campaign}/live", "POST")


def test_no_word_of_an_input_comes_out_where_others_read(start: Callable[..., Any], folder: Path) -> None:
    with refusing_server() as port:
        site = Installation(folder, folder / "camd.db", folder / "camd.journal")
        site.prepare(Group([f"{PRIVATE['reply']}@{PRIVATE['company']}.example"], SystemClock().now()))
        file = site.configure(port)
        config = file.read_text() + CONFIG.format(**SECRETS)
        file.write_text(config)
        environ = {"CAMD_LOGGING__LEVEL": "debug", "CAMD_PROVIDERS__DROPCONTACT__API_KEY": SECRETS["credential"]}
        daemon = start("run", "--config", "camd.toml", **environ)
        log = DaemonLog(daemon)
        url = log.url()
        log.wait_for('"send.rejected"')
        answers = list(planted(url))
        figures, health = ask(f"{url}/metrics"), ask(f"{url}/healthz")
        daemon.process.send_signal(1)
        log.wait_for('"config.reloaded"')
        file.write_text(config.replace("dry_run = false", f'dry_run = "{SECRETS["password"]}"'))
        daemon.process.send_signal(1)
        log.wait_for('"config.rejected"')
        assert daemon.end() == 0
    said = {"log": daemon.output(), "metrics": figures, "health": health}
    leaks = [
        (place, word) for place, text in said.items() for word in (*SECRETS.values(), *PRIVATE.values()) if word in text
    ]
    assert leaks == []
    assert [word for word in SECRETS.values() if any(word in answer for answer in answers)] == []
    assert not re.search(r"[\w.+-]+@[\w-]+\.example", said["log"])
    # The words did get in: the callers that planted them read them again.
    read_again = "".join(answers)
    assert [word for word in ("campaign", "address", "suppressed") if PRIVATE[word] not in read_again] == []
