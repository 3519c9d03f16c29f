"""A look at the whole installation on a person's demand: the machine, the ways out, the mailboxes, who is told.

Mailboxes are logged in to as for a mail, but for those that are disabled: another refusal could lock the account.
"""

from collections.abc import Iterator

import anyio

from camd.domain.preflight import LogIn, MailboxCheck
from camd.operations import mailboxes
from camd.operations.desk import Desk
from camd.ports.domain_records import SenderRecords
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx
from camd.schema.doctor import DoctorFinding, DoctorReport, fault, fine, report_of, worry
from camd.schema.status import MailboxState, MailboxStatus

KNOWN_DOMAIN = "example.com"
"""Which everybody's name servers can tell of (RFC 2606)."""


async def doctor(desk: Desk) -> DoctorReport:
    found: dict[str, list[DoctorFinding]] = {}

    async def look_at_machine() -> None:
        found["machine"] = await desk.examine()

    async def look_at_mailboxes() -> None:
        found["mailboxes"] = await _mailboxes(desk)

    async def look_up() -> None:
        found["dns"] = [await _dns(desk)]

    async with anyio.create_task_group() as tasks:
        for look in (look_at_machine, look_at_mailboxes, look_up):
            tasks.start_soon(look)
    switches = await desk.read(lambda tx: list(_switches(tx, desk)))
    return report_of([*found["machine"], *found["dns"], *found["mailboxes"], *_notices(desk), *switches])


async def _dns(desk: Desk) -> DoctorFinding:
    if await mailboxes.records_of(desk, KNOWN_DOMAIN, smtp_host="") == SenderRecords():
        mend = "look at /etc/resolv.conf; addresses stay unjudged until name servers answer"
        return fault("dns", f"nobody answers for {KNOWN_DOMAIN}", mend)
    return fine("dns", "name servers answer")


async def _mailboxes(desk: Desk) -> list[DoctorFinding]:
    configured = desk.context.settings.mailboxes
    if not configured:
        return [worry("mailbox", "there is none to send from", "add a section [mailboxes.<name>] to the configuration")]
    states = await desk.read(lambda tx: mailboxes.states(tx, desk))
    disabled = {state.name: state for state in states if state.status is MailboxStatus.DISABLED}
    tried = [box for name, box in configured.items() if name not in disabled]
    checks = await mailboxes.checks_of(desk, tried)
    found = [_disabled(state) for state in disabled.values()]
    for check in checks:
        problems = list(_problems(check, configured[check.name]))
        found += problems or [fine("mailbox", _well(check), subject=check.name)]
    return found


def _disabled(state: MailboxState) -> DoctorFinding:
    return fault("mailbox", f"it is disabled: {state.reason}", state.detail or "", subject=state.name)


def _well(check: MailboxCheck) -> str:
    inbox = "its inbox can be read" if check.has_inbox else "it has no inbox"
    published = [name for name, is_published in _records(check) if is_published]
    return f"the log-in works, {inbox}; {', '.join(published)} are published"


def _records(check: MailboxCheck) -> tuple[tuple[str, bool | None], ...]:
    return ("SPF", check.spf), ("DKIM", check.dkim), ("DMARC", check.dmarc)


def _problems(check: MailboxCheck, box: MailboxSettings) -> Iterator[DoctorFinding]:
    name, section = check.name, f"[mailboxes.{check.name}]"
    again = f"then run `camd mailboxes test {name}`"
    if check.login is LogIn.FAILED:
        mend = f"correct host, username and password under {section}, {again}"
        yield fault("mailbox", f"the SMTP log-in at {box.smtp_host} fails: {check.detail}", mend, subject=name)
    if check.inbox_problem is not None:
        mend = f"correct imap_host, username and password, or maildir, under {section}, {again}"
        yield fault("mailbox", f"its inbox cannot be read: {check.inbox_problem}", mend, subject=name)
    elif not check.has_inbox:
        mend = f"set imap_host or maildir under {section}: follow-ups need it"
        yield worry("mailbox", "it has no inbox, so answers are not seen", mend, subject=name)
    domain = box.address.rpartition("@")[2]
    for record, is_published in _records(check):
        if is_published is False:
            mend = f"publish the {record} record that the mail provider of {domain} names"
            yield worry("mailbox", f"the {record} record of {domain} is missing", mend, subject=name)
        # Under which name a DKIM key stands only the provider knows.
        elif is_published is None and record != "DKIM":
            mend = "look again; where it stays so ask who keeps the domain's names"
            yield worry("mailbox", f"the {record} record of {domain} could not be looked up", mend, subject=name)


def _notices(desk: Desk) -> Iterator[DoctorFinding]:
    settings = desk.context.settings
    if not settings.notify.email:
        yield worry("notify", "nobody is told of answers and pauses", "set email under [notify]")
    elif not settings.mailboxes:
        yield fault("notify", "there is no mailbox to tell anybody by", "add a section [mailboxes.<name>]")
    else:
        sender = settings.notify.mailbox or next(iter(settings.mailboxes))
        yield fine("notify", f"{len(settings.notify.email)} told, by the mailbox {sender}")


def _switches(tx: Tx, desk: Desk) -> Iterator[DoctorFinding]:
    """What keeps mails back although all is well."""
    if tx.instance.recovery().hold:
        yield fault("sending", "the recovery hold stands", "`camd recover status`, then `camd recover release`")
    for closure in desk.context.gate.closures():
        told = f"the send gate is closed: {closure.reason}"
        yield fault("sending", told, "mend its cause; `camd gate open` overrides a common cause")
    if tx.instance.kill_switch().on:
        yield worry("sending", "the kill switch is on", "`camd kill-switch off` lets mails go out again")
    if desk.context.settings.engine.dry_run:
        yield fine("sending", "dry run: nobody is written to and nothing is paid for")
    if waiting := desk.machine().waits_for_restart:
        told = f"changed in the configuration, and not in force: {', '.join(waiting)}"
        yield worry("configuration", told, "restart camd: it drains first")
