"""The texts of notices to the operator, made from the rows as they are when the notice goes out.

A notice names people, as its reader may: it goes to the operator's own addresses only and is stored nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from camd.domain.inbound import InboundClass
from camd.domain.lead import Lead, LeadStatus
from camd.pipeline.context import Context
from camd.ports.records import Inbound, MailboxReason, Notice, NoticeKind
from camd.ports.store import Tx

TOLD_AT_MOST = 20
"""Of one kind in one mail; the rest is a count."""
LINES = 10
_LONGEST_LINE = 500
_LONGEST_NAME = 100
_LONGEST_SUBJECT = 150
_SUBJECTS: Mapping[NoticeKind, tuple[str, str]] = MappingProxyType(
    {
        NoticeKind.ANSWER: ("An answer: {}", "{} answers"),
        NoticeKind.CAMPAIGN_PAUSED: ("Paused: {}", "{} campaigns were paused"),
        NoticeKind.MAILBOX: ("Mailbox {} needs you", "{} mailboxes need you"),
        NoticeKind.GATE_CLOSED: ("Sending stopped: {}", "Sending stopped, {} times"),
        NoticeKind.RECOVERY_HOLD: ("Recovery hold: nothing is sent", "Recovery hold, {} times: nothing is sent"),
        NoticeKind.WEBHOOK_DEAD: ("Webhook {} needs you", "{} webhooks need you"),
    }
)
_WORDS: Mapping[InboundClass, str] = MappingProxyType(
    {
        InboundClass.HUMAN_POSITIVE: "positive",
        InboundClass.HUMAN_NEGATIVE: "negative",
        InboundClass.HUMAN_NEUTRAL: "neutral",
        InboundClass.OPT_OUT_REQUEST: "asks not to be written to",
    }
)


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    body: str


def compose(tx: Tx, ctx: Context, kind: NoticeKind, notices: Sequence[Notice]) -> Text:
    """One mail about all of them."""
    total = len(notices)
    told = [_told(tx, ctx, notice) for notice in notices[:TOLD_AT_MOST]]
    one, many = _SUBJECTS[kind]
    subject = one.format(told[0].subject) if total == 1 else many.format(total)
    parts = [part.body for part in told]
    if total > len(told):
        parts.append(f"And {total - len(told)} more.")
    return Text(one_line(f"[camd] {subject}", _LONGEST_SUBJECT), "\n\n".join(parts) + "\n")


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """What others wrote, as a header and a terminal can bear it: no line breaks, no control characters, not endless."""
    seen = "".join(char if char.isprintable() else " " for char in text[: 2 * longest])
    return " ".join(seen.split())[:longest]


def _told(tx: Tx, ctx: Context, notice: Notice) -> Text:
    match notice.kind:
        case NoticeKind.ANSWER:
            return _answer(tx, notice)
        case NoticeKind.CAMPAIGN_PAUSED:
            return _paused(tx, notice)
        case NoticeKind.MAILBOX:
            return _mailbox(tx, ctx, notice)
        case NoticeKind.GATE_CLOSED:
            reason = str(notice.data.get("reason"))
            why = "It opens by itself when its cause is gone, or by: camd gate open"
            return Text(reason, f"The send gate closed at {notice.at:%Y-%m-%d %H:%M} UTC: {reason}. {why}")
        case NoticeKind.WEBHOOK_DEAD:
            return _webhook(tx, notice)
        case _:
            figures = "".join(f"\n{name}: {value}" for name, value in notice.data.items())
            return Text("", f"Nothing is sent until somebody has looked: camd recover status{figures}")


def _answer(tx: Tx, notice: Notice) -> Text:
    inbound = tx.inbox.get(notice.inbound_id) if notice.inbound_id else None
    if inbound is None or inbound.text is None:
        return Text("it was erased since", "An answer that was erased since.")
    lead = tx.leads.get(inbound.lead_id) if inbound.lead_id else None
    campaign = tx.campaigns.get(inbound.campaign_id) if inbound.campaign_id else None
    who = _who(lead, inbound)
    of_campaign = f", campaign {one_line(campaign.definition.name)}" if campaign else ""
    lines = inbound.text.strip().splitlines()[:LINES]
    quoted = "\n".join(f"> {one_line(line)}" for line in lines)
    what = _WORDS.get(inbound.kind, inbound.kind)
    head = f"{who}{of_campaign}: {what}"
    return Text(f"{who} ({what})", f"{head}\n{quoted}\n{_done(inbound, lead)}")


def _who(lead: Lead | None, inbound: Inbound) -> str:
    if lead is None:
        return one_line(inbound.sender or "somebody", _LONGEST_NAME)
    facts = lead.facts
    name = " ".join(part for part in (facts.first_name, facts.last_name) if part) or facts.email or "somebody"
    return one_line(f"{name}, {facts.company}" if facts.company else name, _LONGEST_NAME)


def _done(inbound: Inbound, lead: Lead | None) -> str:
    waits = f"It waits for you: camd inbox show {inbound.id}" if inbound.waiting else ""
    if lead is None:
        return f"It belongs to no lead. {waits}".strip()
    reason = f" ({lead.state.lost_reason})" if lead.state.lost_reason else ""
    ended = "" if lead.is_open or lead.status is LeadStatus.NEW else "; its sequence has ended"
    held = f"; it is held ({', '.join(hold.reason for hold in lead.holds)})" if lead.holds else ""
    return f"The lead is {lead.status}{reason}{ended}{held}. {waits}".strip()


def _paused(tx: Tx, notice: Notice) -> Text:
    campaign = tx.campaigns.get(notice.campaign_id) if notice.campaign_id else None
    name = one_line(campaign.definition.name) if campaign else "a campaign"
    reason = str(notice.data.get("reason"))
    figures = ", ".join(f"{key} {value:g}" for key, value in notice.data.items() if isinstance(value, int | float))
    mend = f"camd campaigns show {notice.campaign_id} tells more, camd campaigns resume {notice.campaign_id} goes on."
    return Text(f"{name} ({reason})", f"{name} was paused: {reason}{f' ({figures})' if figures else ''}.\n{mend}")


def _webhook(tx: Tx, notice: Notice) -> Text:
    name, count = str(notice.data.get("endpoint")), notice.data.get("count")
    why = one_line(str(notice.data.get("reason")))
    endpoint = tx.webhooks.endpoint(name)
    waiting = tx.webhooks.backlog(name).count
    if endpoint is not None and endpoint.paused:
        what = f"The webhook {name} is paused ({why}); {waiting} events wait for it and go out once it answers."
    else:
        what = f"The webhook {name} did not take {count} event{'s' if count != 1 else ''}: {why}."
    return Text(name, f"{what}\ncamd webhooks test {name}; camd webhooks list --status dead shows what was given up.")


def _mailbox(tx: Tx, ctx: Context, notice: Notice) -> Text:
    name = notice.mailbox or "a mailbox"
    if notice.data.get("reason") == "deaf":
        why = one_line(ctx.hearing.problem(name) or "it hears again by now")
        return Text(name, f"The inbox of {name} cannot be read; its follow-ups wait. {why}\ncamd mailboxes test {name}")
    state = tx.mailboxes.get(name)
    is_parked = notice.data.get("reason") == MailboxReason.PARKED
    what = "crashed too often and rests" if is_parked else "is disabled: the server refuses its log-in"
    why = f" {one_line(state.detail)}" if state.detail else ""
    return Text(name, f"The mailbox {name} {what}.{why}\ncamd mailboxes enable {name} once it is mended.")
