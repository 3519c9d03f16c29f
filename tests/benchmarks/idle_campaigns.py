"""10,000 idle active campaigns in one daemon: memory, CPU, start-up, and cycle lag when 1 % become due each second.

Run: `python tests/benchmarks/idle_campaigns.py [CAMPAIGNS]`. Prints figures and asserts nothing. The CPU share is put
beside that of the same daemon with ten campaigns, measured in the same run.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

QUIET_SECONDS = 20
BURST_SECONDS = 10


async def prepare(path: Path, count: int, burst_at: datetime) -> None:
    """`count` active campaigns: 1 % of them due in each second of the burst, the others in a day."""
    async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal()) as store:
        now = datetime.now(UTC)  # noqa: TID251 - a benchmark runs on the machine's clock
        change = StatusChange(CampaignStatus.ACTIVE, None, "engine", now)
        share = max(count // 100, 1)
        for start in range(0, count, 500):
            numbers = range(start, min(start + 500, count))
            added = await store.write(
                lambda tx, numbers=numbers: [  # type: ignore[misc]
                    tx.campaigns.add(Definition(f"Campaign {number} of many"), change).id for number in numbers
                ]
            )
            for number, campaign_id in zip(numbers, added, strict=True):
                second = number // share
                due = burst_at + timedelta(seconds=second) if second < BURST_SECONDS else now + timedelta(days=1)
                await store.write(lambda tx, it=campaign_id, due=due: tx.campaigns.sleep_until(it, due))  # type: ignore[misc]


def start(folder: Path, port: int) -> tuple[subprocess.Popen[str], float]:
    """The daemon, and the seconds until it answered that it is ready."""
    config = folder / "camd.toml"
    config.write_text(
        f'[server]\nport = {port}\n[logging]\nformat = "json"\nlevel = "warning"\n[engine]\nmax_idle_seconds = 86400\n'
    )
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "camd", "run", "--config", str(config)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
    )
    while time.perf_counter() - begun < 120:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            return process, time.perf_counter() - begun
        except OSError:
            time.sleep(0.05)  # noqa: TID251 - outside of pytest
    raise SystemExit("the daemon did not get ready")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def measure(count: int, port: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quiet_from = 25 + count / 500
        burst_at = datetime.now(UTC) + timedelta(seconds=quiet_from + QUIET_SECONDS + 10 + count / 400)  # noqa: TID251
        asyncio.run(prepare(folder / "camd.db", count, burst_at))
        process, ready = start(folder, port)
        try:
            time.sleep(5)  # noqa: TID251
            before = cpu_seconds(process.pid)
            time.sleep(QUIET_SECONDS)  # noqa: TID251
            share = (cpu_seconds(process.pid) - before) / QUIET_SECONDS
            print(f"{count} campaigns: ready in {ready:.2f} s, RSS {rss_mb(process.pid):.0f} MB, idle CPU {share:.2%}")
            left = (burst_at - datetime.now(UTC)).total_seconds()  # noqa: TID251
            time.sleep(max(left, 0) + BURST_SECONDS + 5)  # noqa: TID251
            lines = [it for it in metrics(port).splitlines() if it.startswith("camd_schedule_lag_seconds")]
            print("\n".join(lines))
            return share
        finally:
            process.send_signal(signal.SIGTERM)
            begun = time.perf_counter()
            process.wait(30)
            print(f"stopped in {time.perf_counter() - begun:.2f} s with {process.returncode}")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    few = measure(10, 18_431)
    many = measure(wanted, 18_432)
    print(f"idle CPU with {wanted} campaigns is {many - few:+.2%} of one core beside ten campaigns")
