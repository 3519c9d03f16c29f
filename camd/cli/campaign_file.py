"""`camd campaigns apply FILE.toml`: a definition file becomes a campaign, or the campaign of its name."""

import tomllib
from pathlib import Path

import click
from pydantic import ValidationError

from camd.cli.grammar import Command
from camd.cli.output import line, show
from camd.cli.reaching import ask
from camd.client import ApiError, CamdClient
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody
from camd.schema.problem import FieldProblem, field_problems

_NEW = frozenset({"urn:camd:problem:not-found", "urn:camd:problem:archived"})
"""How camd says that there is no campaign to define anew: none of that name, or only an archived one."""


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(file: Path) -> None:
    """Create the campaign of a definition file, or make the one of its name equal to it."""
    body = read_definition(file)
    try:
        done, campaign = ask(lambda client: _applied(client, body))
    except ApiError as error:
        if error.problem.errors:
            raise _broken(file, error.problem.errors) from error
        raise
    show(campaign, lambda view: line(f"{done}: {view.id} {view.name} ({view.status})"))


def read_definition(file: Path) -> CampaignBody:
    """Raises a ClickException that names the file and every field to mend."""
    try:
        return CampaignBody.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is no TOML: {error}") from error
    except ValidationError as error:
        raise _broken(file, field_problems(error)) from error


def _broken(file: Path, wrong: list[FieldProblem]) -> click.ClickException:
    told = "\n".join(f"  {each.field}: {each.message}" for each in wrong)
    return click.ClickException(f"{file} cannot be used as it is:\n{told}")


async def _applied(client: CamdClient, body: CampaignBody) -> tuple[str, CampaignDetail]:
    try:
        return "updated", await client.replace_campaign(body.name, body)
    except ApiError as error:
        if error.problem.type not in _NEW:
            raise
    return "created", await client.create_campaign(body)
