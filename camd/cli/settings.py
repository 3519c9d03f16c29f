"""`camd check-config` and `camd migrate`: what the daemon would start with."""

import json

import click

from camd.cli.grammar import Command, session
from camd.cli.output import line, table
from camd.ports.settings import Settings


def read_settings() -> Settings:
    """The settings as the daemon would read them. Raises `ConfigurationError` with every problem."""
    from camd.daemon.public import load_settings

    return load_settings(session().config_file)


@click.command("check-config", cls=Command)
def check_config() -> None:
    """Every setting in force, or every mistake at once.

    Secrets are masked. Exit code 78 where something has to be mended."""
    from camd.config import effective

    settings = read_settings()
    shown = effective(settings)
    if session().as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    line(f"{settings.file or 'no file: defaults and the environment'}")
    rows = [(key, value, _origin(settings, key)) for key, value in _flat(shown)]
    table(("setting", "value", "from"), rows)


def _flat(value: object, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and (value or not path):
        return [row for name, inner in value.items() for row in _flat(inner, f"{path}.{name}" if path else name)]
    return [(path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))]


def _origin(settings: Settings, key: str) -> str:
    """An entry of a list or a table has the origin of the whole."""
    return settings.origins.get(key, "default")


@click.command(cls=Command)
def migrate() -> None:
    """Bring the database's schema to this version."""
    import anyio

    from camd.cli.migration import migrated

    settings = read_settings()
    before, after = anyio.run(migrated, settings)
    if session().as_json:
        click.echo(json.dumps({"before": before, "after": after}))
    elif before == after:
        line(f"{settings.database.path}: revision {after}, nothing to do")
    else:
        line(f"{settings.database.path}: revision {before or 'none'} -> {after}")
