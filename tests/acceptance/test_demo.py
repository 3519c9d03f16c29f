"""`camd demo`: what a person on a fresh machine sees first."""

import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camd.system import SystemClock

pytestmark = pytest.mark.acceptance

MAILS_SEEN = 3


@pytest.fixture(autouse=True)
def _no_end_of_day() -> None:
    """In the last two minutes of a day no mail is begun, so that none counts for the wrong one."""
    now = SystemClock().now().astimezone(ZoneInfo("Europe/Berlin"))
    if (now.hour, now.minute // 5) == (23, 11):
        pytest.skip("the demonstration's day is about to end")


def place_of(demo: Any) -> str:
    found = re.search(r"http://localhost:\d+", demo.wait_for("The API is at"))
    assert found
    return found.group()


def arrived(folder: Path) -> Counter[tuple[str, str]]:
    """How often each message lies in the maildir, by Message-ID and recipient."""
    mails = [message_from_bytes(file.read_bytes()) for file in (folder / "mail" / "arrived" / "new").iterdir()]
    return Counter((mail["Message-ID"], mail["Delivered-To"]) for mail in mails)


def events(ask: Callable[..., Any], api: str) -> Iterator[Any]:
    """The whole ledger, in its order."""
    page = ask(f"{api}/events?after=0&limit=500").json
    while page["items"]:
        yield from page["items"]
        page = ask(f"{api}/events?after={page['items'][-1]['seq']}&limit=500").json


def wait_for_mails(demo: Any, folder: Path, least: int) -> Counter[tuple[str, str]]:
    """Looks again whenever the demonstration prints that something moved."""
    while len(arrived(folder)) < least:
        demo.wait_for(" sent")
    return arrived(folder)


def test_it_sends_each_mail_once_also_when_its_folder_is_used_again_and_ctrl_c_stops_it_cleanly(
    start: Callable[..., Any], ask: Callable[..., Any], folder: Path
) -> None:
    kept = folder / "kept"
    demo = start("demo", "--port", "0", "--dir", "kept", "--minutes", "5")
    url = place_of(demo)
    wait_for_mails(demo, kept, MAILS_SEEN)
    assert ask(f"{url}/readyz").status == 200
    campaigns = ask(f"{url}/api/cam/campaigns").json["items"]
    assert [(each["status"], each["dry_run"]) for each in campaigns] == [("active", False)] * 3
    assert ask(f"{url}/api/cam/status").json["waiting"]["approvals"] > 0
    assert demo.end(signal.SIGINT) == 0
    first = arrived(kept)
    assert f"of {len(first)} that arrived 0 came twice" in demo.output()

    again = start("demo", "--port", "0", "--dir", "kept", "--minutes", "5")
    wait_for_mails(again, kept, len(first) + 1)
    assert again.end() == 0
    assert set(arrived(kept).values()) == {1}


def test_people_answer_leads_qualify_and_nobody_who_answered_is_written_to_again(
    start: Callable[..., Any], ask: Callable[..., Any], camd: Callable[..., Any]
) -> None:
    demo = start("demo", "--port", "0", "--dir", "kept", "--minutes", "5")
    api = f"{place_of(demo)}/api/cam"
    demo.wait_for(" qualified")
    demo.wait_for("review list")
    assert camd("--config", "kept/camd.toml", "inbox", "list", "--waiting").stdout.count("(waits)") > 0
    answered: set[str] = set()
    for event in events(ask, api):
        if event["type"] == "inbound.received" and event["data"]["class"].startswith("human_"):
            answered.add(event["lead_id"])
        assert event["type"] != "touch.sent" or event["lead_id"] not in answered
    assert answered
    assert demo.end() == 0


def test_it_stops_by_itself_and_leaves_nothing_behind(camd: Callable[..., Any], folder: Path) -> None:
    ended = camd("demo", "--port", "0", "--minutes", "0.01", TMPDIR=str(folder))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "Stopped."
    assert list(folder.glob("camd-demo-*")) == []


def test_a_taken_port_is_78_with_its_mend(start: Callable[..., Any], camd: Callable[..., Any]) -> None:
    port = place_of(start("demo", "--port", "0")).rpartition(":")[2]
    second = camd("demo", "--port", port)
    assert second.returncode == 78
    assert "--port" in second.stderr
    assert "Traceback" not in second.stderr
