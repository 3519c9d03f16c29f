"""The OpenAPI document, held against a daemon that works: the demonstration, with mails, answers and a ledger."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from camd.client import SyncCamdClient
from camd.domain.access import Scope
from camd.pipeline.webhook_bodies import body_of
from camd.ports.records import EventFilter, TouchStatus
from camd.ports.settings import WebhookSettings
from camd.ports.store import Tx
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.schema.suppression import SuppressionBody
from camd.schema.token import TokenBody
from camd.schema.webhook import DATA
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock
from tests.acceptance.conftest import Camd

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(find_spec("schemathesis") is None, reason="the extra `ci` is not installed"),
]

FOLDER = Path(__file__).parent
ANSWERS_SEEN = 5
EXAMPLES = 30
"""Requests that a whole run makes up for each operation, beside those that the document itself suggests."""
EXPENDABLE = 30
IDS = ("campaign_id", "lead_id", "touch_id")
MOST_EVENTS = 100_000
SECONDS = 1800
RULES = """
[checks.positive_data_acceptance]
# Rules of a whole body, instants to come and addresses that exist are beyond a schema: 422 names them.
enabled = false

[checks.allow_header_conformance]
# A word in a path is an id of the path beside it as well: DELETE /suppressions/import.
enabled = false

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 409, 413, 422, 429]
"""


@pytest.fixture
def demo(start: Callable[..., Camd]) -> Camd:
    return start("demo", "--port", "0", "--dir", "kept", "--minutes", "60")


@pytest.fixture
def url(demo: Camd) -> str:
    found = re.search(r"http://localhost:\d+", demo.wait_for("The API is at"))
    assert found
    for _ in range(ANSWERS_SEEN):
        demo.wait_for(" human_")
    return found.group()


@pytest.fixture
def admin(url: str) -> str:
    """A token that may all. While none exists, none is needed; Schemathesis makes some, and has to have one then."""
    with SyncCamdClient(url) as client:
        return client.create_token(TokenBody(name="judge", scope=Scope.ADMIN)).token


def seed(client: SyncCamdClient) -> dict[str, list[str]]:
    """Adds what may be used up; answers the ids of all there is, by the word before them in a path."""
    lasting = [each.id for each in client.campaigns().items]
    suppressed = [client.add_suppression(SuppressionBody(value=f"nobody-{n}.example")) for n in range(EXPENDABLE)]
    archived = [client.create_campaign(CampaignBody(name=f"To archive {n}")) for n in range(EXPENDABLE)]
    busy = client.create_campaign(CampaignBody(name="To erase and to undo")).id
    erased = [client.add_lead(busy, LeadBody(email=f"person-{n}@erased.example")) for n in range(EXPENDABLE)]
    revoked = [client.create_token(TokenBody(name=f"to revoke {n}", scope=Scope.READ)) for n in range(EXPENDABLE)]
    for n in range(EXPENDABLE):
        client.import_leads(busy, BytesIO(f"email\nsomebody-{n}@undone.example\n".encode()))
    return {
        "campaigns": [str(campaign_id) for campaign_id in lasting],
        "DELETE campaigns": [str(campaign.id) for campaign in archived],
        "imports": [each.id for each in client.imports(campaign=busy, limit=500).items],
        "inbound": [each.id for each in client.inbox(limit=500).items],
        "leads": [lead.id for campaign_id in lasting for lead in client.leads(campaign_id, limit=100).items],
        "DELETE leads": [lead.id for lead in erased],
        "mailboxes": [each.name for each in client.mailboxes().items],
        "people": [lead.email for lead in erased if lead.email],
        "suppressions": [each.id for each in suppressed],
        "tokens": [str(token.id) for token in revoked],
        "touches": [each.id for each in client.touches(limit=500).items],
        "POST touches": [each.id for each in client.touches(status=TouchStatus.PLANNED, limit=500).items],
    }


def judged(
    url: str, token: str, known: dict[str, list[str]], *, examples: int, folder: Path
) -> "subprocess.CompletedProcess[str]":
    (folder / "schemathesis.toml").write_text(RULES)
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json"),
            *("--header", f"Authorization: Bearer {token}", "--exclude-tag", "hooks", "--exclude-tag", "public"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1"),
            *("--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
        ],
        cwd=folder,
        env=os.environ
        | {"CAMD_KNOWN": json.dumps(known), "PYTHONPATH": str(FOLDER), "SCHEMATHESIS_HOOKS": "known_ids"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def the_document_of(url: str, token: str) -> Any:
    asked = urllib.request.Request(f"{url}/api/openapi.json", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def problems_of_events(client: SyncCamdClient, told: Any) -> Iterator[str]:
    """What of the ledger has another form than the document says, or no place in what a webhook tells of it."""
    judge = validator({"$ref": "#/components/schemas/Event"}, told)
    for each in client.events():
        printed = json.loads(each.model_dump_json())
        yield from (f"{each.type}: {problem.message}" for problem in judge.iter_errors(printed))
        known = {field.alias or name for name, field in DATA[each.type].model_fields.items()}
        given = {*each.data, *(name for name in IDS if printed[name] is not None)}
        yield from (f"{each.type}: no word of {name}" for name in given - known)


def problems_of_bodies(database: Path, told: Any) -> Iterator[str]:
    """What a webhook would tell of the ledger, with and without personal data, and the document says otherwise."""
    judges = {
        name: validator(hook["post"]["requestBody"]["content"]["application/json"]["schema"], told)
        for name, hook in told["webhooks"].items()
    }
    for name, body in anyio.run(bodies_in, database):
        yield from (f"webhook {name}: {problem.message}" for problem in judges[name].iter_errors(json.loads(body)))


async def bodies_in(database: Path) -> list[tuple[str, bytes]]:
    url = SecretStr("https://crm.example/hook")
    endpoints = [WebhookSettings("crm", url, None, (), "standard", False, personal) for personal in (True, False)]

    def query(tx: Tx) -> list[tuple[str, bytes]]:
        rows = tx.ledger.after(0, MOST_EVENTS, EventFilter())
        return [(row.event.type.value, body_of(tx, each, row.seq)) for row in rows for each in endpoints]

    async with SqliteStore.open(database, SystemClock(), journal=MemoryJournal()) as store:
        return await store.read(query)


def validator(schema: Any, told: Any) -> Any:
    # Here, because the extra `test` has neither it nor what follows below.
    from openapi_schema_validator import OAS31Validator

    return OAS31Validator({**schema, "components": told["components"]}, format_checker=OAS31Validator.FORMAT_CHECKER)


def test_the_document_is_valid_and_so_is_what_the_daemon_answers_to_whatever_it_is_asked(
    demo: Camd, url: str, admin: str, folder: Path, nightly_share: float
) -> None:
    from openapi_spec_validator import validate

    told = the_document_of(url, admin)
    validate(told)
    with SyncCamdClient(url, token=admin) as client:
        done = judged(url, admin, seed(client), examples=max(1, round(EXAMPLES * nightly_share)), folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert set(problems_of_events(client, told)) == set()
    assert demo.end() == 0
    assert set(problems_of_bodies(folder / "kept" / "camd.db", told)) == set()
