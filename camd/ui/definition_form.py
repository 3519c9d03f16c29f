"""All fields of a campaign's definition, in groups that can be drawn one by one, with its checks at the fields."""

from zoneinfo import available_timezones

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from camd.domain.campaign import GoalCounts
from camd.domain.countries import COUNTRIES
from camd.domain.facts import SENIORITIES
from camd.schema.definition import CampaignBody
from camd.schema.status import MailboxState
from camd.ui.rules_form import fine_tuning
from camd.ui.sheet import Sheet
from camd.ui.source_form import enrichment, sources
from camd.ui.step_form import steps
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count
from camd.ui.words import told as as_words

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ja")
"""Those in which camd itself says how not to be written to again; others may be typed."""
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "DKK", "NOK", "PLN", "CZK", "CAD", "AUD", "JPY")
DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
GOAL_COUNTS = {
    GoalCounts.QUALIFIED: "a qualified lead or a signed client",
    GoalCounts.WON: "a signed client only",
}


def begin(start: CampaignBody, *, key: str) -> Sheet:
    """A sheet for the groups below; `Sheet.body` is what they give in the end."""
    given = start.model_dump()
    return Sheet(key, given, typed={"dry_run": given["dry_run"], "channels": given["channels"]})


def definition_form(client: ConsoleClient, start: CampaignBody, *, key: str) -> CampaignBody | None:
    """All groups below each other, beginning with the values of `start`; none while something in it is wrong, which is
    told at its field. What was typed stays under `key`: give another one where `start` is another."""
    sheet = begin(start, key=key)
    with part("Who and what"):
        who_and_what(sheet)
    with part("Goal"):
        goal(sheet)
    with part("Limits and window"):
        limits(sheet)
    with part("Mailboxes"):
        mailboxes(sheet, client.mailboxes().items)
    with part("People"):
        people(sheet, client)
    with part("Steps"):
        steps(sheet)
    with part("Fine tuning"):
        fine_tuning(sheet)
    return sheet.body()


def part(title: str) -> DeltaGenerator:
    """In a container of its own, so that what one part shows more or less of moves no field of another: the browser
    would forget what is being typed there."""
    container = st.container()
    container.subheader(title, divider="gray", anchor=False)
    return container


def who_and_what(sheet: Sheet) -> None:
    left, right = st.columns(2)
    with left:
        sheet.line("name", "Name", max_chars=100, placeholder="Dental clinics, spring")
        sheet.line("target_niche", "Niche", placeholder="dental clinics")
    with right:
        sheet.line(
            "service_key",
            "Offer",
            placeholder="web-design",
            help="A word for the service you sell; mails may use it as {{ campaign.service_key }}.",
        )
        sheet.line("description", "Description", placeholder="Independent practices whose site cannot be booked.")


def goal(sheet: Sheet) -> None:
    with st.container(horizontal=True):
        sheet.whole("target_clients", "Target: clients", 1, 100_000, placeholder="none")
        sheet.amount("target_mrr", "Target: revenue a month", step=100.0, placeholder="none")
        sheet.amount(
            "mrr_per_client",
            "Revenue a month per client",
            step=50.0,
            placeholder="not known",
            help="What a client brings where nothing else is said of the lead.",
        )
        sheet.choice(
            "currency",
            "Currency",
            (None, *CURRENCIES),
            format_func=lambda currency: currency or "camd's own",
            accept_new_options=True,
        )
    sheet.choice("goal_counts", "What reaches the goal", list(GoalCounts), format_func=GOAL_COUNTS.__getitem__)
    st.caption(
        "A qualified lead is a person who answered that they are interested; a signed client pays. Both are counted "
        "and shown everywhere; this chooses which of them pauses the campaign once every target is met. Without a "
        "target it goes on until all leads are finished."
    )


def limits(sheet: Sheet) -> None:
    with st.container(horizontal=True):
        sheet.whole("daily_email_limit", "Mails a day, at most", 1, 500)
        sheet.amount(
            "first_touch_spread_hours",
            "First mails spread over (hours)",
            most=720.0,
            format="%g",
            help="The best lead is written to at once, the weakest so many hours later.",
        )
        sheet.whole("no_reply_days", "Lost without an answer after (days)", 1, 3650, help="Counted from the last step.")
        sheet.choice(
            "language",
            "Language",
            LANGUAGES,
            accept_new_options=True,
            help="Of the mails and of the line that says how to be left alone. Others, such as de-AT, may be typed.",
        )
    _window(sheet.part("window"))
    sheet.choice(
        "timezone",
        "Time zone",
        (None, *sorted(available_timezones())),
        format_func=lambda zone: zone or "camd's own",
        help="The campaign's days are counted in it; people whose zone is not known are taken to live there.",
    )


def _window(window: Sheet) -> None:
    days = st.pills(
        "Write on",
        list(DAYS),
        selection_mode="multi",
        default=list(window.start["days"]),
        format_func=DAYS.__getitem__,
        key=f"{window.key}.days",
        persist_state="session",
    )
    window.put("days", "Write on", [day for day in DAYS if day in days])
    hours = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]
    with st.container(horizontal=True):
        window.choice("start", "From", hours, accept_new_options=True, help="On the recipient's clock.")
        window.choice("end", "Until", (*hours[1:], "24:00"), accept_new_options=True)
    window.flag("holidays", "Not on public holidays of the recipient's country")


def mailboxes(sheet: Sheet, known: list[MailboxState]) -> None:
    states = {mailbox.name: mailbox for mailbox in known}
    sheet.names(
        "mailboxes",
        "Mailboxes",
        states,
        is_open=False,
        format_func=lambda name: f"{name} ({states[name].address})" if name in states else name,
        placeholder="all of them",
    )
    if not states:
        st.caption("camd has no mailbox yet: add one under [mailboxes] in camd.toml and restart it.")
    paces = [_pace(states[name]) for name in sheet.typed["mailboxes"] or states if name in states]
    st.caption(" · ".join(paces))


def _pace(mailbox: MailboxState) -> str:
    """Mailbox names come from the configuration file."""
    pace = f"{mailbox.name}: {count(mailbox.limit_today, 'mail')} today"
    if mailbox.limit_today < mailbox.daily_limit:
        pace += f", in ramp up to {mailbox.daily_limit} a day"
    return pace + ("" if mailbox.status == "usable" else f"; it cannot be used now ({mailbox.status})")


def people(sheet: Sheet, client: ConsoleClient) -> None:
    """Whom it is for, and where they come from by themselves."""
    providers = client.providers().items
    with st.expander("Whom it is for: what makes a lead a good one", key=f"{sheet.key}.whom"):
        _profile(sheet.part("icp"))
    sources(sheet, providers)
    with st.expander("Paid look-ups: what to ask providers for", key=f"{sheet.key}.asks"):
        enrichment(sheet.part("enrichment"), providers)


def _profile(icp: Sheet) -> None:
    st.caption("Leads that fit score higher and are written to first; an empty field asks for nothing.")
    icp.names("titles", "Titles", placeholder="Type one and press Enter")
    icp.names("seniorities", "Seniorities", SENIORITIES, format_func=as_words)
    icp.names("industries", "Industries", placeholder="Type one and press Enter")
    icp.names("countries", "Countries", COUNTRIES, is_open=False, format_func=_country)
    with st.container(horizontal=True):
        icp.whole("employee_min", "Employees, at least", 0, 10_000_000, placeholder="any")
        icp.whole("employee_max", "Employees, at most", 0, 10_000_000, placeholder="any")


def _country(code: str) -> str:
    return f"{COUNTRIES[code].names[0]} ({code})" if code in COUNTRIES else code
