"""What happened to a lead, oldest first: the ledger's events, the mails as they went and the messages that came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import streamlit as st

from camd.domain.events import EventType
from camd.schema.event import Event
from camd.schema.inbound import Inbound
from camd.schema.touch import Touch
from camd.ui.decisions import TAKEN_FOR
from camd.ui.event_words import by_whom, sentence
from camd.ui.lead_words import touch_words
from camd.ui.words import plain

_TOLD_BY_THE_MAIL = frozenset({EventType.TOUCH_SENT, EventType.TOUCH_DONE, EventType.INBOUND_RECEIVED})

_ERASED = "(its text was erased)"


@dataclass(frozen=True, slots=True)
class Entry:
    """`text` is what somebody wrote, none for an event."""

    at: datetime
    title: str
    text: str | None = None


def show(events: list[Event], touches: list[Touch], messages: list[Inbound], *, zone: str) -> None:
    local = ZoneInfo(zone)
    entries = sorted((*_written(touches, messages), *_events(events, touches, messages)), key=lambda entry: entry.at)
    for date, of_day in groupby(entries, key=lambda entry: entry.at.astimezone(local).date()):
        st.markdown(f"**{date:%a %-d %b %Y}**, {plain(zone)}")
        for is_event, some in groupby(of_day, key=lambda entry: entry.text is None):
            if is_event:
                st.markdown("  \n".join(_title(entry, local) for entry in some))
            else:
                _mails(some, local)


def _mails(entries: Iterator[Entry], local: ZoneInfo) -> None:
    for entry in entries:
        with st.expander(_title(entry, local), icon=":material/mail:"):
            st.code(entry.text, language=None, wrap_lines=True)


def _title(entry: Entry, local: ZoneInfo) -> str:
    return f"{entry.at.astimezone(local):%H:%M} · {plain(entry.title)}"


def _written(touches: list[Touch], messages: list[Inbound]) -> Iterator[Entry]:
    for touch in touches:
        if touch.sent_at is not None:
            yield Entry(touch.sent_at, touch_words(touch), mail_text(touch))
    for message in messages:
        text = "\n\n".join(filter(None, (message.subject and f"Subject: {message.subject}", message.text)))
        note = f", noted: {message.note}" if message.note else ""
        title = f"Came in: {TAKEN_FOR[message.kind]} ({message.evidence}){note}"
        yield Entry(message.received_at, title, text or _ERASED)


def _events(events: list[Event], touches: list[Touch], messages: list[Inbound]) -> Iterator[Entry]:
    """Without those that a mail shown beside them tells."""
    shown = {touch.id for touch in touches if touch.sent_at} | {message.id for message in messages}
    for event in events:
        of = event.data.get("inbound_id") or event.touch_id
        if event.type not in _TOLD_BY_THE_MAIL or of not in shown:
            by = by_whom(event.actor)
            yield Entry(event.at, sentence(event, "the lead") + (f", by {by}" if by else ""))


def mail_text(touch: Touch) -> str:
    """The mail exactly as it goes or went."""
    if touch.body is None:
        return _ERASED
    return f"Subject: {touch.subject}\n\n{touch.body}" if touch.subject else touch.body
