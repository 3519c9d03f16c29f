"""`camd demo`: what a person on a fresh machine sees first."""

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from camd.domain.lead import LeadStatus


def place_of(demo: Any) -> str:
    found = re.search(r"http://localhost:\d+", demo.wait_for("The API is at"))
    assert found
    return found.group()


def test_every_bundled_lead_is_worked_and_ctrl_c_stops_cleanly(
    start: Callable[..., Any], ask: Callable[..., Any], folder: Path
) -> None:
    demo = start("demo", "--port", "0", "--dir", "kept")
    url = place_of(demo)
    told = re.search(r"All (\d+) leads are worked after", demo.wait_for("leads are worked"))
    assert told
    assert int(told.group(1)) >= 200
    assert ask(f"{url}/readyz").status == 200
    campaigns = ask(f"{url}/api/cam/campaigns").json["items"]
    assert [(each["status"], each["dry_run"], each["contacted_leads"]) for each in campaigns] == [
        ("active", True, 0)
    ] * 3
    leads = [
        lead
        for campaign in campaigns
        for lead in ask(f"{url}/api/cam/campaigns/{campaign['id']}/leads?limit=500").json["items"]
    ]
    assert len(leads) == int(told.group(1))
    assert [lead for lead in leads if lead["status"] != LeadStatus.ENRICHED or lead["verdict"] is None] == []
    assert [lead for lead in leads if lead["score"] is None] == []
    previewed = {
        preview["lead_id"]
        for campaign in campaigns
        for preview in ask(f"{url}/api/cam/campaigns/{campaign['id']}/preview?limit=500").json["items"]
    }
    assert len(previewed) >= 200
    for lead in leads:
        if lead["id"] not in previewed:
            checks = ask(f"{url}/api/cam/leads/{lead['id']}/why").json["checks"]
            failed = {check["name"] for check in checks if not check["passed"]}
            assert failed & {"eligible", "no_hold", "not_suppressed"}, lead["id"]
    assert demo.end(signal.SIGINT) == 0
    assert (folder / "kept" / "camd.db").exists()


def test_a_folder_can_be_used_again_and_nobody_is_doubled(start: Callable[..., Any], camd: Callable[..., Any]) -> None:
    counts = []
    for _ in range(2):
        demo = start("demo", "--port", "0", "--dir", "kept")
        counts.append(demo.wait_for("leads are worked").split()[1])
        assert demo.end() == 0
    assert counts[0] == counts[1]
    assert (
        camd("--config", "kept/camd.toml", "campaigns", "preview", "1", "--limit", "1").stdout.count("step 1 to") == 1
    )


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
