"""The demonstration keeps to its folder, and its campaigns fit its list."""

import tomllib
from pathlib import Path

import pytest

from camd.sandbox.demo import CONFIG, definitions, demo_folder, demo_settings
from camd.sandbox.people import NICHES, OTHERS


def test_everything_lies_in_the_folder_and_nothing_is_sent(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, 8123)
    assert {settings.database.path.parent, settings.database.journal.parent} == {tmp_path}
    assert settings.file == tmp_path / CONFIG
    assert settings.engine.dry_run
    assert settings.server.port == 8123


def test_the_configuration_of_this_machine_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMD_DATABASE__URL", "sqlite:////elsewhere/real.db")
    monkeypatch.setenv("CAMD_ENGINE__DRY_RUN", "false")
    settings = demo_settings(tmp_path, 0)
    assert settings.database.path == tmp_path / "camd.db"
    assert settings.engine.dry_run


def test_a_folder_with_any_name_makes_a_valid_file(tmp_path: Path) -> None:
    folder = tmp_path / 'a "quoted" back\\slash'
    folder.mkdir()
    assert demo_settings(folder, 0).database.path == folder / "camd.db"


def test_a_long_path_leaves_the_socket_where_it_fits(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    assert "server.socket" not in (demo_settings(folder, 0).origins)
    assert "socket" not in tomllib.loads((folder / CONFIG).read_text())["server"]


def test_a_chosen_folder_is_kept_and_another_is_not(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "kept") as kept, demo_folder(None) as gone:
        assert kept.is_dir()
        assert gone.is_dir()
    assert kept.is_dir()
    assert not gone.exists()


def test_there_is_a_campaign_for_each_part_of_the_list() -> None:
    assert {body.target_niche for body in definitions()} == {*NICHES.values(), OTHERS}
    assert all(body.steps and body.dry_run for body in definitions())
