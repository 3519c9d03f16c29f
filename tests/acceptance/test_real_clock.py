"""A real daemon through nights in which the clocks change, its own clock sped up by libfaketime.

Wall and monotonic clock are faked together: with the monotonic one left alone, each tick of the daemon would see a
jump of the wall clock and keep the gate closed.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camd.domain.send_window import Window
from camd.ports.records import TouchStatus
from tests.acceptance.daemon_log import DaemonLog
from tests.acceptance.installation import Group, Installation, addresses
from tests.acceptance.mail_server import mail_server
from tests.proof.judge import duplicates

pytestmark = pytest.mark.system

SPEED = 240
LIMIT = 20
ALARM = "alarm@clock.example"
"""Due at the end of the night: with its mail the test knows how late it is."""


@dataclass(frozen=True, slots=True)
class Night:
    """Mails may go from `opens_minute` of each day on."""

    zone: ZoneInfo
    begins: datetime
    ends: datetime
    opens_minute: int


BERLIN, SANTIAGO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Santiago")
NIGHTS = {
    "back": Night(
        BERLIN, datetime(2026, 10, 24, 23, 20, tzinfo=BERLIN), datetime(2026, 10, 25, 3, 30, tzinfo=BERLIN), 30
    ),
    # The day begins at 01:00 there.
    "forward_at_midnight": Night(
        SANTIAGO, datetime(2026, 9, 5, 23, 20, tzinfo=SANTIAGO), datetime(2026, 9, 6, 2, tzinfo=SANTIAGO), 0
    ),
}


@pytest.fixture(scope="module")
def faked_by() -> str:
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
    if not found:
        pytest.skip("libfaketime is not installed")
    return str(found[0])


@pytest.mark.parametrize("night", NIGHTS.values(), ids=NIGHTS)
def test_fault_39_40_each_local_day_gets_its_limit_once_in_a_night_in_which_the_clocks_change(
    start: Callable[..., Any], folder: Path, faked_by: str, night: Night
) -> None:
    zone, begins, ends = night.zone.key, night.begins.astimezone(UTC), night.ends.astimezone(UTC)
    every_day = frozenset(range(7))
    people = Group(
        addresses(3 * LIMIT),
        begins - timedelta(hours=1),
        window=Window(every_day, night.opens_minute, 1440, holidays=False),
        timezone=zone,
        daily_limit=LIMIT,
    )
    with mail_server() as server:
        site = Installation(folder, folder / "camd.db", folder / "camd.journal", timezone=zone)
        site.prepare(people, Group([ALARM], ends))
        site.configure(server.port)
        faked = {"LD_PRELOAD": faked_by, "TZ": "UTC", "FAKETIME": f"@{begins:%Y-%m-%d %H:%M:%S} x{SPEED}"}
        daemon = start("run", "--config", "camd.toml", **faked)
        server.wait_for_name(ALARM)
        DaemonLog(daemon).wait_for("send.sent", '"campaign_id": 2')
        assert daemon.end() == 0
    sent = [arrival.date.astimezone(night.zone) for arrival in server.arrivals if arrival.mail.recipient != ALARM]
    assert Counter(at.date() for at in sent) == {night.begins.date(): LIMIT, night.ends.date(): LIMIT}
    assert min(at.hour * 60 + at.minute for at in sent) >= night.opens_minute
    assert duplicates(server.mails) == []
    books = site.books()
    assert books.count(TouchStatus.SENT) == books.debits == 2 * LIMIT + 1
