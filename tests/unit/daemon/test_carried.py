from pathlib import Path

from camd.daemon.carried import carried

SYSTEMD = Path(__file__).parents[3] / "systemd"


def test_every_file_of_the_folder_is_carried_under_its_name() -> None:
    there = {str(file.relative_to(SYSTEMD)): file.read_bytes() for file in SYSTEMD.rglob("*") if file.is_file()}
    assert carried() == there
    assert b"Type=notify" in carried()["camd.service"]
