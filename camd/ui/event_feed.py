"""The last events as they happen, newest first; what happens to every lead is told as one line with its number."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from zoneinfo import ZoneInfo

import streamlit as st

from camd.client.errors import ApiError
from camd.domain.events import EventType
from camd.schema.event import Event
from camd.ui.campaign_choice import every_campaign
from camd.ui.event_words import ROUTINE, by_whom, routine, sentence
from camd.ui.lead_words import name_of
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import clock, day, plain

REFRESH = "5s"
READ = 200
LINES = 30
UNNAMED = "a lead"
_LEADS = "feed.leads"
_CAMPAIGNS = "feed.campaigns"


@dataclass(frozen=True, slots=True)
class Line:
    """An event, and how many of its kind it stands for."""

    event: Event
    number: int


@st.fragment(run_every=REFRESH)
def show(client: ConsoleClient) -> None:
    with told():
        lines = list(islice(_lines(client.event_page(newest=True, limit=READ).items), LINES))
        if not lines:
            st.caption("Nothing has happened yet. Create a campaign under *Create New*, and it shows here.")
            return
        with st.container(height=560, key="feed"):
            st.markdown(_told(lines, _leads(client, lines), _campaigns(client, lines)))


def _lines(events: Sequence[Event]) -> Iterator[Line]:
    """Newest first, each kind of routine once for each campaign."""
    numbers = Counter((event.type, event.campaign_id) for event in events)
    told_of = set()
    for event in reversed(events):
        kind = (event.type, event.campaign_id)
        if event.type not in ROUTINE:
            yield Line(event, 1)
        elif kind not in told_of:
            told_of.add(kind)
            yield Line(event, numbers[kind])


def _told(lines: Sequence[Line], leads: Mapping[str, str], campaigns: Mapping[int, str]) -> str:
    zone = st.context.timezone or "UTC"
    parts = []
    for date, of_day in groupby(lines, lambda line: line.event.at.astimezone(ZoneInfo(zone)).date()):
        parts.append(f"**{day(date)}** :gray[({plain(zone)})]")
        parts += [f":gray[{clock(line.event.at, zone)}] {_sentence(line, leads, campaigns)}" for line in of_day]
    return "\n\n".join(parts)


def _sentence(line: Line, leads: Mapping[str, str], campaigns: Mapping[int, str]) -> str:
    event = line.event
    is_one = line.number == 1
    text = sentence(event, leads.get(event.lead_id or "")) if is_one else routine(event.type, line.number)
    notes = (campaigns.get(event.campaign_id or 0), by_whom(event.actor))
    about = " · ".join(plain(note) for note in notes if note)
    return plain(text) + (f" :gray[{about}]" if about else "")


def _leads(client: ConsoleClient, lines: Sequence[Line]) -> Mapping[str, str]:
    """The names of the leads of the lines, each asked for once. Who was erased has none, also where it was known."""
    known: dict[str, str] = st.session_state.get(_LEADS, {})
    single = [line.event for line in lines if line.number == 1]
    erased = {event.lead_id for event in single if event.type is EventType.LEAD_ERASED}
    wanted = {event.lead_id for event in single if event.lead_id is not None} - erased
    names = {lead_id: known.get(lead_id) or _name(client, lead_id) for lead_id in wanted}
    st.session_state[_LEADS] = names
    return names


def _name(client: ConsoleClient, lead_id: str) -> str:
    try:
        lead = client.lead(lead_id)
    except ApiError:  # an import taken back removes its leads, their events stay
        return UNNAMED
    name = name_of(lead)
    if name == lead.id:
        return UNNAMED
    return f"{name} ({lead.company})" if lead.company and lead.company != name else name


def _campaigns(client: ConsoleClient, lines: Sequence[Line]) -> Mapping[int, str]:
    """The names of all campaigns, read again where a line is of one that is not known yet."""
    known: dict[int, str] = st.session_state.get(_CAMPAIGNS, {})
    if not {line.event.campaign_id for line in lines} - {None} <= known.keys():
        known = {campaign.id: campaign.name for campaign in every_campaign(client)}
        st.session_state[_CAMPAIGNS] = known
    return known
