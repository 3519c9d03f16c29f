"""camd as a library, beside a daemon and without one."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import camd
from camd.client import ApiError
from camd.domain.facts import CampaignId

pytestmark = pytest.mark.acceptance

Command = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def here(folder: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The library looks at the working directory and the environment, as the command line does."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CAMD_SERVER__PORT", environ["CAMD_SERVER__PORT"])
    monkeypatch.delenv("CAMD_URL", raising=False)


@pytest.fixture
def campaign(camd: Command) -> int:
    assert camd("campaigns", "create", "--name", "Q1").returncode == 0
    return 1


def test_a_cycle_is_run_under_the_lock_where_no_daemon_runs(campaign: int) -> None:
    report = camd.run_cycle(campaign_id=campaign)
    assert (report.campaign_name, report.dry_run) == ("Q1", True)
    assert [each.campaign_id for each in camd.run_all()] == [campaign]


async def test_a_notebook_with_a_running_loop_can_ask_too(campaign: int) -> None:
    assert camd.run_cycle(campaign, dry_run=False).waiting_for["dry_run_instance"] == 1


async def test_a_running_daemon_is_asked(start: Callable[..., Any], campaign: int) -> None:
    start("run").url()
    assert camd.run_cycle(campaign).campaign_id == campaign
    async with camd.CamdClient() as client:
        assert [each.name for each in (await client.campaigns()).items] == ["Q1"]


async def test_an_engine_of_ones_own_does_what_the_daemon_does(campaign: int) -> None:
    async with camd.Engine.open(camd.load_settings()) as engine:
        report = await engine.runner.run(CampaignId(1), True)
        with pytest.raises(camd.DatabaseHeld):
            async with camd.Engine.open(camd.load_settings()):
                pass
    assert report.campaign_id == campaign


def test_an_unknown_campaign_is_the_apis_answer(campaign: int) -> None:
    with pytest.raises(ApiError, match="no campaign"):
        camd.run_cycle(campaign + 1)
