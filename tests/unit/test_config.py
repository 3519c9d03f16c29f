import json
import os
import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest
from pydantic import BaseModel, SecretStr, field_validator

from camd.config import ConfigurationError, Settings, effective, load_settings
from camd.config.sections import Document, Mailbox, Section, Webhook
from camd.daemon.vendors import PROVIDER_MODELS

CANARY = "canary-5f1c"


class Hunter(BaseModel):
    api_key: SecretStr | None = None
    base_url: str = "https://api.hunter.example"
    credits_per_day: int = 100

    @field_validator("base_url")
    @classmethod
    def _https(cls, value: str) -> str:
        if not value.startswith("https://"):
            raise ValueError(f"{value} is not https")
        return value


def load(
    directory: Path,
    text: str | None = None,
    environ: dict[str, str] | None = None,
    models: Mapping[str, type[BaseModel]] = MappingProxyType({"hunter": Hunter}),
    **file: Path,
) -> Settings:
    if text is not None:
        (directory / "camd.toml").write_text(text)
    environment = {"XDG_RUNTIME_DIR": "/run/user/7", **(environ or {})}
    return load_settings(file.get("path"), provider_models=models, environ=environment, cwd=directory)


def problems(directory: Path, text: str | None = None, environ: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        load(directory, text, environ)
    return {problem.key: problem.message for problem in caught.value.problems}


def test_no_file_at_all_is_a_valid_configuration_in_dry_run(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.file is None
    assert settings.engine.dry_run
    assert settings.database.path == tmp_path / "camd.db"
    assert settings.database.journal == tmp_path / "camd.journal"
    assert settings.database.url == f"sqlite:///{tmp_path}/camd.db"


def test_every_mistake_is_reported_in_one_run(tmp_path: Path) -> None:
    text = """
        [server]
        port = "many"
        hots = "127.0.0.1"
        [serve]
        port = 1
        [database]
        url = "postgresql://localhost/camd"
        [engine]
        timezone = "Mars/Olympus"
        currency = "euro"
        [countries]
        DE = "maybe"
        GER = "allow"
        [notify]
        mailbox = "nobody"
        digest = "25:00"
        [mailboxes.sales]
        address = "not an address"
        smtp_port = 0
        pasword = "x"
        [mailboxes."Not A Name"]
        address = "a@example.com"
        [providers.nope]
        api_key = "x"
        [providers.hunter]
        credits_per_day = "a lot"
        [webhooks.make]
        flavour = "teapot"
        [sender.footers]
        de = "no way out"
    """

    found = problems(tmp_path, text, {"CAMD_SERVER_PORT": "1", "CAMD_LIMITS__COMPANY_DAILY": "none"})

    assert set(found) == {
        "server.port",
        "server.hots",
        "serve",
        "database.url",
        "engine.timezone",
        "engine.currency",
        "countries.de",
        "countries.ger",
        "notify.mailbox",
        "notify.digest",
        "mailboxes.sales.address",
        "mailboxes.sales.smtp_port",
        "mailboxes.sales.pasword",
        "mailboxes.sales.smtp_host",
        "mailboxes.Not A Name",
        "providers.nope",
        "providers.hunter.credits_per_day",
        "webhooks.make.flavour",
        "webhooks.make.url",
        "sender.footers.de",
        "variable CAMD_SERVER_PORT",
        "limits.company_daily",
    }


@pytest.mark.parametrize(
    ("key", "text", "mend"),
    [
        ("server.hots", "[server]\nhots = 1", "did you mean host?"),
        ("mailboxes.sales.pasword", "[mailboxes.sales]\npasword = 1", "did you mean password?"),
        ("providers.nope", "[providers.nope]\na = 1", "known here: hunter"),
        ("database.url", '[database]\nurl = "postgresql://h/d"', "only SQLite is supported"),
        ("server", "server = 5", "must be a table of keys"),
        ("notify.email", "notify.email = 3", "must be a list"),
        ("limits.company_daily", "[limits]\ncompany_daily = 0", "greater than or equal to 1"),
        ("mailboxes.sales.smtp_host", '[mailboxes.sales]\naddress = "a@example.com"', "set preset"),
    ],
)
def test_a_problem_says_how_to_mend_it(tmp_path: Path, key: str, text: str, mend: str) -> None:
    assert mend in problems(tmp_path, text)[key]


def test_a_problem_of_a_variable_names_the_variable(tmp_path: Path) -> None:
    found = problems(tmp_path, None, {"CAMD_SERVER__PORT": "many"})

    assert found == {"server.port": "must be a valid integer (variable CAMD_SERVER__PORT)"}


@pytest.mark.parametrize("text", ["[server", "server = {", '[server]\nport = 1\nport = "2"'])
def test_a_file_that_is_not_toml_is_a_problem_of_that_file(tmp_path: Path, text: str) -> None:
    assert "is not TOML" in problems(tmp_path, text)[str(tmp_path / "camd.toml")]


def test_a_file_named_by_hand_must_exist(tmp_path: Path) -> None:
    assert problems(tmp_path, None, {"CAMD_CONFIG": "gone.toml"}) == {"gone.toml": "no such file"}


def test_the_file_given_outranks_the_variable_and_the_working_directory(tmp_path: Path) -> None:
    for name, port in (("camd.toml", 1), ("variable.toml", 2), ("given.toml", 3)):
        (tmp_path / name).write_text(f"[server]\nport = {port}")
    environ = {"CAMD_CONFIG": "variable.toml"}

    assert load(tmp_path).server.port == 1
    assert load(tmp_path, environ=environ).server.port == 2
    assert load(tmp_path, environ=environ, path=Path("given.toml")).server.port == 3


def test_credentials_outrank_variables_and_variables_outrank_the_file(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "camd_CAMD_SERVER__PORT").write_text("3\n")
    (credentials / "camd_hardware_id").write_text("4c4c4544\n")
    (credentials / "another_CAMD_SERVER__PORT").write_text("4")
    text = "[server]\nport = 1"
    environ = {"CAMD_SERVER__PORT": "2"}

    assert load(tmp_path, text).server.port == 1
    assert load(tmp_path, text, environ).server.port == 2
    settings = load(tmp_path, text, {**environ, "CREDENTIALS_DIRECTORY": str(credentials)})
    assert settings.server.port == 3
    assert settings.origins["server.port"] == "credential camd_CAMD_SERVER__PORT"


def test_plain_names_set_the_keys_of_providers_that_exist(tmp_path: Path) -> None:
    environ = {"HUNTER_API_KEY": "h", "APOLLO_API_KEY": "a", "MAKE_WEBHOOK_URL": "https://hook.example"}

    settings = load(tmp_path, environ=environ)

    hunter = settings.providers["hunter"]
    assert isinstance(hunter, Hunter)
    assert hunter.api_key == SecretStr("h")
    assert settings.webhooks["make"].url == SecretStr("https://hook.example")
    assert settings.webhooks["make"].flavour == "make"


@pytest.mark.parametrize(
    ("key", "text", "mend"),
    [
        ("events", 'events = ["lead.wonn"]', "did you mean lead.won?"),
        ("events", 'events = ["zzz"]', "there is no such event"),
        ("secret", 'secret = "short"', "whsec_ and the base64 of 24 to 64 random bytes"),
        ("secret", 'flavour = "make"\nsecret = "whsec_short"', "24 to 64 random bytes"),
        ("secret", 'flavour = "make"\nsecret = "Schlüssel"', "ASCII"),
    ],
)
def test_a_webhook_that_could_not_work_is_refused(tmp_path: Path, key: str, text: str, mend: str) -> None:
    found = problems(tmp_path, f'[webhooks.crm]\nurl = "https://hook.example"\n{text}')
    assert mend in found[f"webhooks.crm.{key}"]
    assert "Schlüssel" not in str(found)


def test_a_webhook_may_have_two_secrets_and_makes_any_key(tmp_path: Path) -> None:
    secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
    settings = load(
        tmp_path,
        f"""
        [webhooks.crm]
        url = "https://hook.example"
        secret = "{secret} {secret}"
        events = ["*"]
        [webhooks.make]
        url = "https://hook.example"
        secret = "shared-key"
        """,
    )
    assert [hook.flavour for hook in settings.webhooks.values()] == ["standard", "make"]


def test_a_section_variable_outranks_a_plain_name(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"HUNTER_API_KEY": "a", "CAMD_PROVIDERS__HUNTER__API_KEY": "b"})

    hunter = settings.providers["hunter"]
    assert isinstance(hunter, Hunter)
    assert hunter.api_key == SecretStr("b")


def test_variables_of_a_container_platform_are_no_settings(tmp_path: Path) -> None:
    load(tmp_path, environ={"CAMD_PORT": "tcp://10.0.0.1:8000", "CAMD_SERVICE_HOST": "10.0.0.1"})


def test_one_variable_can_hold_a_list(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"CAMD_NOTIFY__EMAIL": "a@example.com, b@example.com"})

    assert settings.notify.email == ("a@example.com", "b@example.com")


def test_a_country_of_the_file_and_of_a_variable_is_one_key(tmp_path: Path) -> None:
    settings = load(tmp_path, '[countries]\nDE = "allow"\nFr = "block"', {"CAMD_COUNTRIES__DE": "consent"})

    assert settings.countries == {"DE": "consent", "FR": "block"}


@pytest.mark.parametrize(
    "text",
    [
        "password = 'p'\nsmtp_security = 'none'\nsmtp_host = 'mail.example.com'",
        "username = 'u'\nsmtp_host = 'mail.example.com'",
        "auth = 'xoauth2'\npreset = 'google'",
    ],
)
def test_a_mailbox_that_cannot_log_in_safely_is_a_problem(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, f"[mailboxes.sales]\naddress = 'a@example.com'\n{text}")


@pytest.mark.parametrize("secret", ["oauth_refresh_token", "oauth_client_secret"])
def test_a_token_is_asked_for_with_a_refresh_token_or_the_clients_own_secret(tmp_path: Path, secret: str) -> None:
    text = f"""
        [mailboxes.sales]
        address = "a@example.com"
        preset = "microsoft"
        auth = "xoauth2"
        oauth_client_id = "id"
        {secret} = "s"
    """

    assert load(tmp_path, text).mailboxes["sales"].username == "a@example.com"


def test_a_preset_fills_the_hosts_that_are_not_given(tmp_path: Path) -> None:
    text = """
        [engine]
        timezone = "Europe/Berlin"
        [sender]
        name = "Ada"
        [mailboxes.sales]
        address = "a@example.com"
        preset = "google"
        password = "p"
        imap_host = "imap.example.com"
    """

    sales = load(tmp_path, text).mailboxes["sales"]

    assert (sales.smtp_host, sales.smtp_port, sales.imap_host) == ("smtp.gmail.com", 587, "imap.example.com")
    assert (sales.username, sales.from_name, sales.timezone) == ("a@example.com", "Ada", "Europe/Berlin")


def test_the_socket_lies_in_the_first_directory_that_the_system_offers(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/camd:/run/other", "XDG_RUNTIME_DIR": "/run/user/7"}

    def socket(**environ: str) -> Path:
        return load_settings(provider_models={}, environ=environ, cwd=tmp_path).server.socket

    assert socket(**environ) == Path("/run/camd/api.sock")
    assert socket(XDG_RUNTIME_DIR="/run/user/7").parent == Path("/run/user/7")
    with TemporaryDirectory() as temporary:
        own = socket(TMPDIR=temporary).parent
        assert own == Path(temporary) / f"camd-{os.getuid()}"
        assert own.stat().st_mode & 0o777 == 0o700


def test_the_socket_is_named_by_the_database_and_not_by_the_way_to_it(tmp_path: Path) -> None:
    real, other = tmp_path / "real", tmp_path / "other"
    real.mkdir()
    other.symlink_to(real)

    def name(url: str) -> str:
        return load(tmp_path, environ={"CAMD_DATABASE__URL": url}).server.socket.name

    assert name(f"sqlite:///{real}/camd.db") == name(f"sqlite:///{other}/camd.db")
    assert name(f"sqlite:///{real}/camd.db") != name(f"sqlite:///{real}/b.db")


def test_a_directory_that_others_can_enter_is_refused_for_the_socket(tmp_path: Path) -> None:
    (tmp_path / f"camd-{os.getuid()}").mkdir()
    (tmp_path / f"camd-{os.getuid()}").chmod(0o755)

    with pytest.raises(ConfigurationError, match="mode 0700"):
        load_settings(provider_models={}, environ={"TMPDIR": str(tmp_path)}, cwd=tmp_path)


def test_a_socket_path_may_have_100_bytes_and_no_more(tmp_path: Path) -> None:
    fits = "/" + "s" * 99

    assert load(tmp_path, environ={"CAMD_SERVER__SOCKET": fits}).server.socket == Path(fits)
    assert "100 bytes" in problems(tmp_path, None, {"CAMD_SERVER__SOCKET": fits + "s"})["server.socket"]


def test_three_slashes_mean_the_root_only_where_nothing_else_can_be_meant(tmp_path: Path) -> None:
    target = tmp_path / "state"
    target.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environ = {"CAMD_DATABASE__URL": f"sqlite:///{target.relative_to('/')}/camd.db"}

    assert load(elsewhere, environ=environ).database.path == target / "camd.db"
    below = elsewhere / target.relative_to("/")
    below.mkdir(parents=True)
    assert load(elsewhere, environ=environ).database.path == below / "camd.db"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("camd.example.com", False)],
)
def test_only_addresses_of_this_machine_are_loopback(tmp_path: Path, host: str, loopback: bool) -> None:
    assert load(tmp_path, environ={"CAMD_SERVER__HOST": host}).server.is_loopback is loopback


SECRETS = f"""
    [mailboxes.sales]
    address = "a@example.com"
    preset = "microsoft"
    auth = "xoauth2"
    oauth_client_id = "id"
    password = "{CANARY}"
    oauth_client_secret = "{CANARY}"
    oauth_refresh_token = "{CANARY}"
    [providers.hunter]
    api_key = "{CANARY}"
    [webhooks.make]
    url = "https://hook.example/{CANARY}"
    secret = "{CANARY}"
"""


def test_a_secret_is_in_no_output_of_valid_settings(tmp_path: Path) -> None:
    settings = load(tmp_path, SECRETS)

    shown = json.dumps(effective(settings))
    assert shown.count("********") == 6
    assert CANARY not in shown + repr(settings) + str(settings)
    assert CANARY not in settings.providers["hunter"].model_dump_json()


def test_a_secret_beside_a_mistake_is_in_no_error(tmp_path: Path) -> None:
    broken = (
        SECRETS
        + f"""
        hunter2 = "{CANARY}"
        [mailboxes.info]
        address = "{CANARY}"
        password = ["{CANARY}"]
        smtp_prot = "{CANARY}"
        [providers.apollo]
        api_key = "{CANARY}"
        [database]
        url = "postgresql://u:{CANARY}@h/d"
    """
    )
    environ = {"CAMD_PROVIDERS__HUNTER__BASE_URL": f"http://{CANARY}", "CAMD_SERVER_PORT": CANARY}

    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, broken, environ)

    assert len(caught.value.problems) == 9
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert CANARY not in repr(caught.value) + repr(caught.value.problems)


def test_the_effective_settings_are_plain_json_by_section(tmp_path: Path) -> None:
    shown = effective(load(tmp_path, '[notify]\ndigest = "07:30"'))

    assert json.loads(json.dumps(shown)) == shown
    assert shown["notify"] == {"email": [], "mailbox": None, "digest": "07:30", "timezone": "UTC"}
    assert "file" not in shown


EXAMPLE = Path(__file__).parents[2] / "config" / "camd.toml"
SECTIONS: dict[str, type[BaseModel]] = {
    **{
        name: type(field.default) for name, field in Document.model_fields.items() if isinstance(field.default, Section)
    },
    "mailboxes.sales": Mailbox,
    "webhooks.make": Webhook,
}


def test_the_annotated_example_changes_no_default(tmp_path: Path) -> None:
    assert effective(load(tmp_path, path=EXAMPLE)) == effective(load(tmp_path))


def test_every_line_of_the_annotated_example_is_valid(tmp_path: Path) -> None:
    every_line = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)

    settings = load(tmp_path, every_line, models=PROVIDER_MODELS)

    assert set(settings.mailboxes) == {"sales"}
    assert settings.countries == {"DE": "consent", "unknown": "allow"}


def test_the_annotated_example_explains_every_key() -> None:
    explained = set()
    section = ""
    for line in EXAMPLE.read_text().splitlines():
        if opened := re.match(r"(?:# )?\[([\w.]+)\]", line):
            section = opened[1]
            explained.add(section)
        elif (key := re.match(r"(?:# )?(\w+) = ", line)) and "#" in line[2:]:
            explained.add(f"{section}.{key[1]}")
    sections = SECTIONS | {f"providers.{name}": model for name, model in PROVIDER_MODELS.items()}
    keys = {f"{name}.{key}" for name, model in sections.items() for key in model.model_fields}
    assert keys - explained == set()
