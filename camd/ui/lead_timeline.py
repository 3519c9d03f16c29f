"""What happened to a lead, oldest first: the ledger's events, the mails as they went and the messages that came."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from camd.domain.events import EventType
from camd.schema.event import Event
from camd.schema.inbound import Inbound
from camd.schema.touch import Touch
from camd.ui.event_words import MESSAGES, by_whom, sentence
from camd.ui.lead_words import touch_words
from camd.ui.words import moment, plain

_TOLD_BY_THE_MAIL = frozenset({EventType.TOUCH_SENT, EventType.TOUCH_DONE, EventType.INBOUND_RECEIVED})


@dataclass(frozen=True, slots=True)
class Entry:
    """`text` is what somebody wrote, none for an event."""

    at: datetime
    title: str
    text: str | None = None


def show(events: list[Event], touches: list[Touch], messages: list[Inbound], *, name: str, zone: str) -> None:
    entries = sorted(_entries(events, touches, messages, name), key=lambda entry: entry.at)
    for entry in entries:
        title = f"{plain(moment(entry.at, zone))} · {plain(entry.title)}"
        if entry.text is None:
            st.markdown(title)
        else:
            with st.expander(title, icon=":material/mail:"):
                st.code(entry.text, language=None, wrap_lines=True)


def _entries(events: list[Event], touches: list[Touch], messages: list[Inbound], name: str) -> Iterator[Entry]:
    told = {touch.id for touch in touches if touch.sent_at} | {message.id for message in messages}
    for event in events:
        of_mail = event.touch_id or str(event.data.get("inbound_id"))
        if event.type not in _TOLD_BY_THE_MAIL or of_mail not in told:
            by = by_whom(event.actor)
            yield Entry(event.at, sentence(event, name) + (f", by {by}" if by else ""))
    for touch in touches:
        if touch.sent_at is not None:
            yield Entry(touch.sent_at, touch_words(touch), mail_text(touch))
    for message in messages:
        text = "\n\n".join(filter(None, (message.subject and f"Subject: {message.subject}", message.text)))
        what = MESSAGES[message.kind]
        note = f", noted: {message.note}" if message.note else ""
        yield Entry(message.received_at, f"Came in: {what} ({message.evidence}){note}", text or "(its text was erased)")


def mail_text(touch: Touch) -> str:
    """The mail exactly as it goes or went."""
    if touch.body is None:
        return "(its text was erased)"
    return f"Subject: {touch.subject}\n\n{touch.body}" if touch.subject else touch.body
