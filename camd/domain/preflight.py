"""What stands against sending live, each finding with its mend, and how fast a campaign can go.

The caller gathers plain values (settings, log-ins, DNS answers, counts over the leads); nothing here looks them up.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from camd.domain.token_bucket import QuotaScope, ramp_limit

CONSENT_COUNTRIES = frozenset({"AT", "CA", "DE", "DK", "ES", "IT", "PL"})
"""Where the law asks for consent before a first mail; the operator's counsel decides what that means."""

UNKNOWN_COUNTRY = "unknown"

HORIZON_DAYS = 2_600
"""Working days that `capacity` looks ahead, ten years; what is not done by then has no end worth naming."""


class CountryPolicy(StrEnum):
    ALLOW = "allow"
    CONSENT = "consent"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Leads there may be written to."""


@dataclass(frozen=True, slots=True)
class NeedsConsent:
    """Only with the lead's consent, and there is none."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nobody there is written to."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The law there asks for consent and nobody has decided yet."""


CountryVerdict = Allowed | NeedsConsent | Blocked | Undecided


def country_verdict(country: str | None, decisions: Mapping[str, CountryPolicy], has_consent: bool) -> CountryVerdict:
    """Whether a lead there may be written to; `country` and the keys are alpha-2 in capitals, or `unknown`."""
    code = country or UNKNOWN_COUNTRY
    match decisions.get(code):
        case CountryPolicy.BLOCK:
            return Blocked()
        case CountryPolicy.CONSENT:
            return Allowed() if has_consent else NeedsConsent()
        case CountryPolicy.ALLOW:
            return Allowed()
        case _:
            return Undecided() if code in CONSENT_COUNTRIES else Allowed()


class Level(StrEnum):
    STOP = "stop"
    WARN = "warn"


class FindingName(StrEnum):
    NO_STEPS = "no_steps"
    NO_MAILBOX = "no_mailbox"
    INSTANCE_DRY_RUN = "instance_dry_run"
    SENDER_NAME = "sender_name"
    SENDER_COMPANY = "sender_company"
    SENDER_POSTAL_ADDRESS = "sender_postal_address"
    LOGIN_FAILED = "login_failed"
    MAILBOX_DISABLED = "mailbox_disabled"
    NO_WAY_OUT = "no_way_out"
    NO_INBOX = "no_inbox"
    INBOX_FAILED = "inbox_failed"
    FOOTER = "footer"
    STEP_RENDERS_FOR_NOBODY = "step_renders_for_nobody"
    COUNTRY_UNDECIDED = "country_undecided"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MISSING_VARIABLE = "missing_variable"
    NO_NOTIFY_EMAIL = "no_notify_email"
    NO_TEST_MAIL = "no_test_mail"
    OTHER_LANGUAGE = "other_language"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True)
class Finding:
    """A `stop` forbids going live; `mend` says what a person has to do."""

    level: Level
    name: FindingName
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class MailboxPace:
    """What one mailbox may do: `gap` is the mean time between two mails, half of the jitter included.

    With `ramp`, its volume grows from the `clean_days` it has had.
    """

    daily_limit: int
    gap: timedelta
    ramp: bool = True
    clean_days: int = 0


@dataclass(frozen=True, slots=True)
class Capacity:
    """Mails of all steps on the first working day and in the first week, and the working days until the last lead
    has its first mail, None if that takes more than ten years. `binding` is the limit that left first mails over
    on most of those days, None where none did."""

    day_1: int
    week_1: int
    working_days: int | None
    binding: QuotaScope | None


class LogIn(StrEnum):
    """`not_tried` where the mailbox is disabled: another refusal could lock the account."""

    OK = "ok"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class MailboxCheck:
    """`detail` is what the server said, or why the mailbox is disabled; `inbox_problem` why its inbox cannot be read,
    None too where that was not tried.

    `spf`, `dkim` and `dmarc`: whether the record was found; None where that could not be looked up.
    """

    name: str
    login: LogIn
    has_inbox: bool
    detail: str | None = None
    spf: bool | None = None
    dkim: bool | None = None
    dmarc: bool | None = None
    inbox_problem: str | None = None


def _nothing() -> Mapping[str, int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PreflightInput:
    """What there is to know. `config_file` is None where no file was read; the maps count leads.

    `footer_problem` is why the footer in the campaign's language cannot be rendered. `recipient_countries` has alpha-2
    codes and `unknown`; `missing_variables` the variables by name, for the leads that would be held;
    `other_language_leads` the countries that do not speak the campaign's `language`.
    `unrenderable_steps` render for no lead (none while there are no leads). `mailboxes` are the campaign's.
    """

    instance_dry_run: bool
    steps: int
    language: str
    mailboxes: tuple[MailboxCheck, ...] = ()
    config_file: str | None = None
    sender_name: str | None = None
    sender_company: str | None = None
    sender_postal_address: str | None = None
    public_enabled: bool = False
    public_base_url: str | None = None
    reply_opt_out: bool = True
    footer_problem: str | None = None
    unrenderable_steps: tuple[int, ...] = ()
    recipient_countries: Mapping[str, int] = field(default_factory=_nothing)
    decisions: Mapping[str, CountryPolicy] = field(default_factory=lambda: MappingProxyType({}))
    missing_variables: Mapping[str, int] = field(default_factory=_nothing)
    other_language_leads: Mapping[str, int] = field(default_factory=_nothing)
    notify_email: tuple[str, ...] = ()
    tested_since_edit: bool = False
    capacity: Capacity | None = None


def preflight(check: PreflightInput) -> tuple[Finding, ...]:
    """Every finding, the stops first."""
    found = (
        *_campaign_stops(check),
        *_instance_stops(check),
        *_mailbox_findings(check),
        *_inbox_stops(check),
        *_unread_inboxes(check),
        *_text_stops(check),
        *_country_stops(check),
        *_dns_warnings(check),
        *_lead_warnings(check),
        *_other_warnings(check),
    )
    return tuple(sorted(found, key=lambda finding: finding.level is not Level.STOP))


def _stop(name: FindingName, message: str, mend: str) -> Finding:
    return Finding(Level.STOP, name, message, mend)


def _warn(name: FindingName, message: str, mend: str) -> Finding:
    return Finding(Level.WARN, name, message, mend)


def _campaign_stops(check: PreflightInput) -> Iterator[Finding]:
    if check.steps == 0:
        yield _stop(FindingName.NO_STEPS, "The campaign has no step", "Add [[steps]] to its definition")
    if not check.mailboxes:
        yield _stop(
            FindingName.NO_MAILBOX,
            "There is no mailbox to send from",
            f"Add a section [mailboxes.<name>] to {_file(check)}",
        )


def _instance_stops(check: PreflightInput) -> Iterator[Finding]:
    file = _file(check)
    if check.instance_dry_run:
        yield _stop(
            FindingName.INSTANCE_DRY_RUN,
            "The whole instance is in dry run",
            f"Set dry_run = false under [engine] in {file}",
        )
    for name, value in (
        (FindingName.SENDER_NAME, check.sender_name),
        (FindingName.SENDER_COMPANY, check.sender_company),
        (FindingName.SENDER_POSTAL_ADDRESS, check.sender_postal_address),
    ):
        if not (value or "").strip():
            key = name.removeprefix("sender_")
            yield _stop(name, f"The sender's {key.replace('_', ' ')} is missing", f"Set {key} under [sender] in {file}")


def _mailbox_findings(check: PreflightInput) -> Iterator[Finding]:
    """One that is disabled stops only where no other can send."""
    disabled = Level.STOP if all(mailbox.login is LogIn.NOT_TRIED for mailbox in check.mailboxes) else Level.WARN
    for mailbox in check.mailboxes:
        detail = f": {mailbox.detail}" if mailbox.detail else ""
        if mailbox.login is LogIn.FAILED:
            yield _stop(
                FindingName.LOGIN_FAILED,
                f"The SMTP log-in of mailbox {mailbox.name} failed{detail}",
                f"Correct host, username and password under [mailboxes.{mailbox.name}] in {_file(check)}, "
                f"then run `camd mailboxes test {mailbox.name}`",
            )
        elif mailbox.login is LogIn.NOT_TRIED:
            yield Finding(
                disabled,
                FindingName.MAILBOX_DISABLED,
                f"The mailbox {mailbox.name} is disabled{detail}",
                f"Mend what disabled it, then run `camd mailboxes enable {mailbox.name}`",
            )


def _inbox_stops(check: PreflightInput) -> Iterator[Finding]:
    deaf = [mailbox.name for mailbox in check.mailboxes if not mailbox.has_inbox]
    by_reply = check.reply_opt_out and check.mailboxes and not deaf
    if not (_has_opt_out_page(check) or by_reply):
        yield _stop(
            FindingName.NO_WAY_OUT,
            "A recipient has no way to opt out",
            "Under [public] set enabled = true and an https base_url, or leave reply_opt_out = true under [sender] "
            f"and give every mailbox an inbox, in {_file(check)}",
        )
    if check.steps > 1 and deaf:
        yield _stop(
            FindingName.NO_INBOX,
            f"Follow-ups would be sent without seeing answers to: {', '.join(deaf)}",
            f"Set imap_host or maildir under [mailboxes.<name>] in {_file(check)} for each of them",
        )


def _unread_inboxes(check: PreflightInput) -> Iterator[Finding]:
    """They stop only where an answer has to be seen before something is sent."""
    is_needed = check.steps > 1 or (check.reply_opt_out and not _has_opt_out_page(check))
    for mailbox in check.mailboxes:
        if mailbox.inbox_problem is not None:
            yield Finding(
                Level.STOP if is_needed else Level.WARN,
                FindingName.INBOX_FAILED,
                f"The inbox of mailbox {mailbox.name} cannot be read: {mailbox.inbox_problem}",
                f"Correct imap_host, username and password, or maildir, under [mailboxes.{mailbox.name}] in "
                f"{_file(check)}, then run `camd mailboxes test {mailbox.name}`",
            )


def _has_opt_out_page(check: PreflightInput) -> bool:
    return check.public_enabled and (check.public_base_url or "").startswith("https://")


def _text_stops(check: PreflightInput) -> Iterator[Finding]:
    if check.footer_problem is not None:
        yield _stop(
            FindingName.FOOTER,
            f"The footer in the language {check.language!r} cannot be rendered: {check.footer_problem}",
            f"Correct it under [sender.footers] in {_file(check)}",
        )
    for number in check.unrenderable_steps:
        yield _stop(
            FindingName.STEP_RENDERS_FOR_NOBODY,
            f"Step {number} renders for no lead",
            f"Correct the text of step {number}, or give the leads the facts that it asks for",
        )


def _country_stops(check: PreflightInput) -> Iterator[Finding]:
    for country, leads in sorted(check.recipient_countries.items()):
        if isinstance(country_verdict(country, check.decisions, has_consent=False), Undecided):
            yield _stop(
                FindingName.COUNTRY_UNDECIDED,
                f"{_leads(leads)} in {country}, where the law asks for consent, and nothing is decided",
                f'Ask your counsel, then set {country} = "allow", "consent" or "block" under [countries] '
                f"in {_file(check)}",
            )


def _dns_warnings(check: PreflightInput) -> Iterator[Finding]:
    for mailbox in check.mailboxes:
        if mailbox.login is LogIn.NOT_TRIED:
            continue
        for name, found in (
            (FindingName.SPF, mailbox.spf),
            (FindingName.DKIM, mailbox.dkim),
            (FindingName.DMARC, mailbox.dmarc),
        ):
            if found:
                continue
            record = name.upper()
            state = "could not be looked up" if found is None else "is missing"
            yield _warn(
                name,
                f"The {record} record for the domain of mailbox {mailbox.name} {state}",
                f"Publish the {record} record that the mail provider names, then look here again",
            )


def _lead_warnings(check: PreflightInput) -> Iterator[Finding]:
    for variable, leads in _most_first(check.missing_variables):
        yield _warn(
            FindingName.MISSING_VARIABLE,
            f"{_leads(leads)} would be held: {variable} is missing",
            f"Add the fact, or write the text with a default: {{{{ {variable} | default('…', true) }}}}",
        )
    for country, leads in _most_first(check.other_language_leads):
        yield _warn(
            FindingName.OTHER_LANGUAGE,
            f"{_leads(leads)} in {country} would get a text in the language {check.language!r}",
            "Write to them from a campaign in their language",
        )


def _other_warnings(check: PreflightInput) -> Iterator[Finding]:
    if not check.notify_email:
        yield _warn(
            FindingName.NO_NOTIFY_EMAIL,
            "Nobody is told of answers and pauses",
            f"Set email under [notify] in {_file(check)}",
        )
    if not check.tested_since_edit:
        yield _warn(
            FindingName.NO_TEST_MAIL,
            "No test mail was sent since the last edit",
            "Run `camd campaigns test-send`",
        )
    if check.capacity is not None:
        yield _warn(
            FindingName.CAPACITY,
            _pace(check.capacity),
            "Raise the limit that binds or add a mailbox, or accept the pace",
        )


def _pace(found: Capacity) -> str:
    last = "in more than ten years" if found.working_days is None else f"on working day {found.working_days}"
    limit = f"the limit {found.binding} binds" if found.binding else "no limit binds"
    return f"{found.day_1} mails on day 1, {found.week_1} in week 1, the last first mail {last}; {limit}"


def _file(check: PreflightInput) -> str:
    return check.config_file or "a new camd.toml"


def _leads(number: int) -> str:
    return f"{number} lead" if number == 1 else f"{number} leads"


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def capacity(
    *,
    leads: int,
    waits: tuple[int, ...],
    campaign_limit: int,
    mailboxes: tuple[MailboxPace, ...],
    window_length: timedelta,
    days_per_week: int = 5,
    instance_limit: int = 0,
) -> Capacity:
    """What the limits let out if every lead gets every step, follow-ups first.

    `waits` are working days before each step after the first, at least one each; `window_length` is a day's sending
    window; an `instance_limit` of 0 is none. Every day counts as clean for the ramp. Ignored: answers, bounces,
    holds, approvals and leads that are discovered later; other campaigns on the same limits; the limits of company
    and person; holidays, recipients' zones and the rolling 24 hours; the hours by which first touches are spread.
    """
    sent = [[0] for _ in range(len(waits) + 1)]
    bound: Counter[QuotaScope] = Counter()
    first_mails = sent[0]
    while len(first_mails) <= days_per_week or (first_mails[-1] < leads and len(first_mails) <= HORIZON_DAYS):
        limits = _limits(len(first_mails) - 1, campaign_limit, mailboxes, window_length, instance_limit)
        scope = min(limits, key=lambda name: limits[name])
        _send_for_a_day(sent, waits, leads, room=limits[scope])
        if first_mails[-1] < leads:
            bound[scope] += 1
    return Capacity(
        day_1=sum(step[1] for step in sent),
        week_1=sum(step[days_per_week] for step in sent),
        working_days=next((day for day, mails in enumerate(first_mails) if mails == leads), None),
        binding=max(bound, key=lambda name: bound[name], default=None),
    )


def _limits(
    days_before: int,
    campaign_limit: int,
    mailboxes: tuple[MailboxPace, ...],
    window_length: timedelta,
    instance_limit: int,
) -> dict[QuotaScope, int]:
    volumes = [
        ramp_limit(mailbox.clean_days + days_before, mailbox.daily_limit) if mailbox.ramp else mailbox.daily_limit
        for mailbox in mailboxes
    ]
    paces = [-(-window_length // max(mailbox.gap, timedelta(seconds=1))) for mailbox in mailboxes]
    slower = QuotaScope.MAILBOX_DAY if sum(volumes) <= sum(paces) else QuotaScope.MAILBOX_PACE
    limits = {QuotaScope.CAMPAIGN: campaign_limit, slower: sum(map(min, volumes, paces))}
    return limits | ({QuotaScope.INSTANCE: instance_limit} if instance_limit else {})


def _send_for_a_day(sent: list[list[int]], waits: tuple[int, ...], leads: int, room: int) -> None:
    """`sent` holds, by step, the mails sent by the end of each working day, nothing before the first."""
    today = len(sent[0])
    for step, wait in enumerate(waits, start=1):
        due_by_now = sent[step - 1][max(0, today - max(1, wait))]
        mails = min(room, due_by_now - sent[step][-1])
        sent[step].append(sent[step][-1] + mails)
        room -= mails
    sent[0].append(min(leads, sent[0][-1] + room))
