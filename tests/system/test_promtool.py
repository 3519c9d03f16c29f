"""Prometheus' own tool has nothing to say about the figures and the alert rules."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from camd.actors.health import Phase
from camd.actors.watch import Watch
from camd.api.app import build_app
from camd.api.listen import serve
from camd.daemon.wiring import Engine
from camd.sim.world import plain_settings
from tests.unit.telemetry.alert_file import CASES, RULES, alerts

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (package prometheus)"),
]


def promtool(*words: str, data: bytes | None = None, folder: Path | None = None) -> tuple[int, str]:
    ended = subprocess.run(
        ["promtool", *words], input=data, capture_output=True, cwd=folder, check=False, env={"PATH": os.environ["PATH"]}
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode().strip()


async def served(folder: Path) -> bytes:
    """What `/metrics` of a daemon with a mailbox answers once its gauges were set."""
    settings = plain_settings(folder)
    async with Engine.open(settings) as engine:
        engine.health.phase = Phase.RUNNING
        await Watch(engine.context, engine.health, engine.bells, settings.database.path).set_gauges()
        served_by = serve(build_app(engine.desk, engine.health), settings.server)
        async with served_by as url, httpx.AsyncClient(base_url=url) as http:
            await http.get("/livez")
            return (await http.get("/metrics")).content


async def test_promtool_finds_nothing_to_say_about_what_metrics_serves(tmp_path: Path) -> None:
    figures = await served(tmp_path)
    assert b"camd_quota_limit" in figures
    assert promtool("check", "metrics", data=figures) == (0, "")


async def test_promtool_would_speak_of_a_figure_without_a_text(tmp_path: Path) -> None:
    figures = re.sub(rb"# HELP camd_ready .*\n", b"", await served(tmp_path))
    code, said = promtool("check", "metrics", data=figures)
    assert (code, "camd_ready no help text" in said) == (3, True)


def test_the_alert_rules_are_sound() -> None:
    code, said = promtool("check", "rules", str(RULES))
    assert (code, "SUCCESS" in said) == (0, True), said


def test_each_alert_fires_when_it_should_and_not_otherwise() -> None:
    code, said = promtool("test", "rules", CASES.name, folder=CASES.parent)
    assert code == 0, said


@pytest.mark.parametrize("instead", ["vector(0) > 1", "vector(1)"], ids=["never", "always"])
def test_alerts_that_never_fire_or_always_are_found_out(tmp_path: Path, instead: str) -> None:
    shutil.copy(CASES, tmp_path)
    expressions = re.compile(r"^ {8}expr: (?:>-\n(?: {10}.*\n)+|.*\n)", re.MULTILINE)
    broken, count = expressions.subn(f"        expr: {instead}\n", RULES.read_text())
    (tmp_path / RULES.name).write_text(broken)
    assert count == len(alerts())
    code, said = promtool("test", "rules", CASES.name, folder=tmp_path)
    assert code == 1
    assert [alert.name for alert in alerts() if f'alertname=\\"{alert.name}\\"' not in said] == []
