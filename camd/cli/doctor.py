"""`camd doctor`: what is wrong with this installation, and how each of it is mended."""

import textwrap

import click

from camd.cli.grammar import Command
from camd.cli.output import console, line, plain, show
from camd.cli.reaching import ask
from camd.domain.errors import CamdError
from camd.schema.doctor import DoctorFinding, DoctorLevel, DoctorReport, fault, report_of

INDENT = " " * 6


@click.command(cls=Command)
def doctor() -> None:
    """Look at database, disk, clock, DNS, mailboxes, providers, backups.

    Logs in where mails go out and come in; sends nothing, pays nothing. Exit code 1 where something has to be
    mended."""
    report = _looked()
    show(report, _tell)
    if report.level is DoctorLevel.STOP:
        click.get_current_context().exit(1)


def _looked() -> DoctorReport:
    """Also of a database that cannot be opened, which is then all that can be said."""
    from camd.ports.store_errors import (
        DatabaseDamaged,
        DatabaseHeld,
        NewerSchema,
        NoRoomForCopy,
        StoreUnavailable,
        UnsafeDatabase,
    )

    mends: dict[type[CamdError], str] = {
        DatabaseHeld: "end that process, or wait for it; a running daemon would answer",
        DatabaseDamaged: "put the newest backup back: camd restore FILE",
        UnsafeDatabase: "move the database to a disk of this machine",
        NewerSchema: "run the newer camd, or put back the copy made before its migration",
        NoRoomForCopy: "make room beside the database",
        StoreUnavailable: "look at the disk and the rights of the folder",
    }
    try:
        return ask(lambda client: client.doctor())
    except tuple(mends) as error:
        mend = next(mend for kind, mend in mends.items() if isinstance(error, kind))
        return report_of([fault("database", str(error), mend)])


def _tell(report: DoctorReport) -> None:
    for finding in report.findings:
        for part in _lines(finding, console().width):
            line(part)
    counts = [sum(finding.level is level for finding in report.findings) for level in DoctorLevel]
    line("{} well, {} to look at, {} to mend".format(*counts))


def _lines(finding: DoctorFinding, width: int) -> list[str]:
    where = f"{finding.check} {finding.subject}" if finding.subject else finding.check
    told = f"{finding.level.value:<5} {plain(where)}: {plain(finding.message)}"
    wrapped = textwrap.wrap(told, width, subsequent_indent=INDENT)
    mend = (
        textwrap.wrap(f"{INDENT}→ {plain(finding.mend)}", width, subsequent_indent=f"{INDENT}  ")
        if finding.mend
        else []
    )
    return wrapped + mend
