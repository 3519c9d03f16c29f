"""The demonstration keeps to its folder and this machine, and its campaigns fit its list."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from camd.domain.campaign import AutonomyMode
from camd.domain.errors import Invalid
from camd.domain.preflight import CONSENT_COUNTRIES
from camd.sandbox.demo import definitions, demo_folder
from camd.sandbox.people import NICHES, OTHERS
from camd.sandbox.settings import CONFIG, MAILBOXES, demo_settings, require_this_machine

MAIL_PORT = 2525


def test_everything_lies_in_the_folder(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, port=8123, public_port=0, mail_port=MAIL_PORT)
    assert {settings.database.path.parent, settings.database.journal.parent} == {tmp_path}
    assert all(tmp_path in (box.maildir or Path()).parents for box in settings.mailboxes.values())
    assert settings.file == tmp_path / CONFIG
    assert settings.server.port == 8123


def test_it_is_live_and_no_mailbox_knows_another_server_than_its_own(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, port=0, public_port=0, mail_port=MAIL_PORT)
    assert not settings.engine.dry_run
    assert settings.mailboxes.keys() == MAILBOXES.keys()
    assert {(box.smtp_host, box.smtp_port) for box in settings.mailboxes.values()} == {("127.0.0.1", MAIL_PORT)}
    assert settings.webhooks == {}


@pytest.mark.parametrize("host", ["smtp.example.com", "192.0.2.1", "0.0.0.0", "localhost.example"])
def test_a_mailbox_of_another_machine_is_refused(tmp_path: Path, host: str) -> None:
    settings = demo_settings(tmp_path, port=0, public_port=0, mail_port=MAIL_PORT)
    boxes = dict(settings.mailboxes)
    boxes["hello"] = replace(boxes["hello"], smtp_host=host)
    with pytest.raises(Invalid, match="this machine alone") as refused:
        require_this_machine(replace(settings, mailboxes=boxes))
    assert refused.value.field == "mailboxes.hello.smtp_host"


def test_the_configuration_of_this_machine_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMD_DATABASE__URL", "sqlite:////elsewhere/real.db")
    monkeypatch.setenv("CAMD_MAILBOXES__ADA__SMTP_HOST", "smtp.example.com")
    settings = demo_settings(tmp_path, port=0, public_port=0, mail_port=MAIL_PORT)
    assert settings.database.path == tmp_path / "camd.db"
    assert settings.mailboxes["ada"].smtp_host == "127.0.0.1"


def test_a_folder_with_any_name_makes_a_valid_file(tmp_path: Path) -> None:
    folder = tmp_path / 'a "quoted" back\\slash {brace}'
    folder.mkdir()
    assert demo_settings(folder, port=0, public_port=0, mail_port=MAIL_PORT).database.path == folder / "camd.db"


def test_a_long_path_leaves_the_socket_where_it_fits(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    assert "server.socket" not in (demo_settings(folder, port=0, public_port=0, mail_port=MAIL_PORT).origins)
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


def test_mails_go_at_any_hour_and_follow_ups_within_seconds() -> None:
    for body in definitions():
        assert (len(body.window.days), body.window.start, body.window.end) == (7, "00:00", "24:00")
        assert not body.window.holidays
        assert all(0 < float(step.wait_days or 0) * 86_400 < 30 for step in body.steps[1:])


def test_one_campaign_asks_a_person_and_the_others_do_not() -> None:
    modes = [body.autonomy.mode for body in definitions()]
    assert modes.count(AutonomyMode.APPROVE) == 1
    assert modes.count(AutonomyMode.FULL) == len(modes) - 1


def test_no_country_is_left_undecided(tmp_path: Path) -> None:
    assert set(demo_settings(tmp_path, port=0, public_port=0, mail_port=MAIL_PORT).countries) == CONSENT_COUNTRIES
