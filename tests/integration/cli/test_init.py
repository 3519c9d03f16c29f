"""`camd init` where nobody can be asked: every answer is an option."""

import json
import stat
import string
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.cli.app import root
from camd.cli.init import SECRET
from camd.cli.questions import QUESTIONS
from camd.config import load_settings
from camd.daemon.carried import carried
from camd.daemon.vendors import PROVIDER_MODELS

Run = Callable[..., Result]
Ask = Callable[..., Any]
ANSWERS = {
    "--sender-name": "Ada Example",
    "--sender-company": "Example Studio",
    "--postal-address": "1 Example Street, 12345 Example, Germany",
    "--mailbox-address": "ada@example.com",
    "--hosted-by": "google",
    "--notify-email": "boss@example.com",
}


def line(**changes: str | None) -> list[str]:
    changed = ANSWERS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [
        "init",
        "--dir",
        "site",
        *(word for flag, value in changed.items() if value is not None for word in (flag, value)),
    ]


def test_what_it_writes_is_a_valid_configuration(run: Run, ask: Ask, tmp_path: Path) -> None:
    run(*line())
    shown = ask("--config", "site/camd.toml", "check-config")
    assert shown["sender"] | {"footers": {}} == {
        "name": "Ada Example",
        "company": "Example Studio",
        "postal_address": "1 Example Street, 12345 Example, Germany",
        "reply_opt_out": True,
        "footers": {},
    }
    assert (shown["engine"]["dry_run"], shown["notify"]["email"]) == (True, ["boss@example.com"])
    box = shown["mailboxes"]["sales"]
    assert (box["address"], box["smtp_host"], box["password"]) == ("ada@example.com", "smtp.gmail.com", None)
    assert "password =" not in (tmp_path / "site" / "camd.toml").read_text()


def test_the_password_given_where_it_says_logs_in_as_the_address(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SECRET in run(*line()).output
    monkeypatch.setenv(SECRET, "canary")
    made = load_settings(tmp_path / "site" / "camd.toml", provider_models=PROVIDER_MODELS)
    assert made.mailboxes["sales"].username == "ada@example.com"


def test_a_mailbox_elsewhere_has_the_hosts_that_were_given(run: Run, ask: Ask) -> None:
    run(*line(hosted_by="other", smtp_host="out.example.com", imap_host="in.example.com"))
    box = ask("--config", "site/camd.toml", "check-config")["mailboxes"]["sales"]
    assert (box["smtp_host"], box["imap_host"]) == ("out.example.com", "in.example.com")


def test_the_example_campaign_can_be_applied_and_its_list_be_filled(run: Run, ask: Ask, tmp_path: Path) -> None:
    run(*line())
    run("campaigns", "apply", "site/campaigns/example.toml")
    assert ask("campaigns", "show", "Example")["status"] == "draft"
    people = tmp_path / "site" / "campaigns" / "people.csv"
    people.write_text(f"{people.read_text()}ann@firm.example,Ann,Smith,Firm,France\n")
    report = ask("leads", "import", "Example", str(people), "--dry-run")
    assert (report["added"], report["rejected"]) == (1, [])


def test_everything_the_wheel_carries_is_there(run: Run, tmp_path: Path) -> None:
    run(*line())
    folder = tmp_path / "site" / "systemd"
    assert {name: (folder / name).read_bytes() for name in carried()} == dict(carried())


def test_it_ends_with_the_next_three_commands(run: Run) -> None:
    output = run(*line()).output.splitlines()
    assert output[output.index("Next:") + 1 :] == [
        "  cd site",
        "  camd doctor",
        "  camd campaigns apply campaigns/example.toml",
        "  camd run",
    ]


def test_a_file_that_is_there_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    run(*line())
    config, unit = tmp_path / "site" / "camd.toml", tmp_path / "site" / "systemd" / "camd.service"
    for file in (config, unit):
        file.write_text("# mine\n")
    again = json.loads(run("--json", *line()).output)
    assert (config.read_text(), unit.read_text()) == ("# mine\n", "# mine\n")
    assert (again["written"], again["kept"]) == ([], ["camd.toml", "systemd/camd.service"])


def test_what_is_missing_or_wrong_is_told_at_once_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    wrong = run(*line(mailbox_address="no address", notify_email=None, hosted_by="yahoo"), code=2)
    assert "--mailbox-address: give one e-mail address such as ada@example.com" in wrong.output
    assert "--notify-email: give one e-mail address" in wrong.output
    assert "--hosted-by: give google, microsoft, other" in wrong.output
    assert "--sender-name" not in wrong.output
    assert not (tmp_path / "site").exists()


def test_every_question_has_its_option() -> None:
    shown = CliRunner().invoke(root, ["init", "--help"]).output
    assert [question.flag for question in QUESTIONS if question.flag not in shown] == []


def test_others_may_read_the_configuration_since_no_secret_is_in_it(run: Run, tmp_path: Path) -> None:
    run(*line())
    assert stat.S_IMODE((tmp_path / "site" / "camd.toml").stat().st_mode) & stat.S_IWOTH == 0


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(name=TEXT, company=st.sampled_from(["@postal_address@", 'a"b\\c', "'''", "# x"]), address=TEXT)
@settings(max_examples=60, deadline=None)
def test_whatever_was_answered_the_file_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, company: str, address: str
) -> None:
    folder = tmp_path_factory.mktemp("init")
    changed = {"sender_name": name, "sender_company": company, "postal_address": address}
    options = [
        f"{flag}={value}"
        for flag, value in (ANSWERS | {f"--{key.replace('_', '-')}": value for key, value in changed.items()}).items()
    ]
    said = CliRunner().invoke(root, ["init", "--dir", str(folder), *options])
    if said.exit_code == 2:
        refused = name + address
        assert any(not letter.isprintable() or letter in string.whitespace for letter in refused)
        return
    assert said.exit_code == 0, said.output
    sender = tomllib.loads((folder / "camd.toml").read_text())["sender"]
    assert sender == {
        "name": name.strip(),
        "company": company,
        "postal_address": address.strip(),
        "reply_opt_out": True,
    }
    made = load_settings(folder / "camd.toml", provider_models=PROVIDER_MODELS, environ={"TMPDIR": str(folder)})
    assert made.sender.company == company
