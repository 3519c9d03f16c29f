"""What people and their machines write back, as the usual mail programs make it, our mail quoted below."""

import textwrap
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from html import escape

from camd.sandbox.received import Received
from camd.sandbox.words import Words

_QUOTE_AT = 72
_NOBODY = "<>"
Program = Callable[[EmailMessage, Received, Words, str], None]
"""Writes a text and the mail that it answers into a message, as one mail program does."""


def answer(mail: Received, words: Words, text: str, program: Program, *, message_id: str, now: datetime) -> bytes:
    message = _addressed(mail, message_id, now, return_path=f"<{mail.recipient}>")
    message["Subject"] = _answering(mail.subject, "Re:")
    program(message, mail, words, text)
    return message.as_bytes()


def note(mail: Received, subject: str, text: str, *, message_id: str, now: datetime) -> bytes:
    """By a machine, which says so (RFC 3834, 3.1)."""
    message = _addressed(mail, message_id, now, return_path=_NOBODY)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(f"{text}\n")
    return message.as_bytes()


def gmail(message: EmailMessage, mail: Received, words: Words, text: str) -> None:
    intro = words.leads_over(words.gmail, mail.sent_at, mail.sender_name, mail.sender)
    shown_intro = "\n".join(textwrap.wrap(intro, _QUOTE_AT, break_long_words=False))
    message.set_content(f"{text}\n\n{shown_intro}\n\n{_cited(mail.text)}\n")
    message.add_alternative(
        f'<div dir="ltr">{_lines(text)}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{escape(intro)}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);'
        f'padding-left:1ex">{_lines(mail.text)}</blockquote></div>\n',
        subtype="html",
    )


def outlook(message: EmailMessage, mail: Received, words: Words, text: str) -> None:
    """It quotes without any mark but a rule and the headers of the mail."""
    message.replace_header("Subject", _answering(mail.subject, words.answer_to))
    values = (
        f"{mail.sender_name} <{mail.sender}>",
        f"{words.day(mail.sent_at)} {mail.sent_at:%H:%M}",
        f"{mail.recipient_name} <{mail.recipient}>",
        mail.subject,
    )
    block = list(zip(words.outlook, values, strict=True))
    headers = "\n".join(f"{name} {value}" for name, value in block)
    message.set_content(f"{text}\n\n{'_' * 32}\n{headers}\n\n{mail.text}\n")
    shown = "<br>\n".join(f"<b>{escape(name)}</b> {escape(value)}" for name, value in block)
    message.add_alternative(
        '<html><head><style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head>\n'
        f'<body dir="ltr"><div class="elementToProof">{_lines(text)}</div><div id="appendonsend"></div>\n'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">\n'
        f'<font face="Calibri, sans-serif">{shown}</font></div>\n<div>{_lines(mail.text)}</div></body></html>\n',
        subtype="html",
    )


def iphone(message: EmailMessage, mail: Received, words: Words, text: str) -> None:
    intro = words.leads_over(words.apple, mail.sent_at, mail.sender_name, mail.sender)
    message["X-Mailer"] = "iPhone Mail (22D72)"
    message.set_content(f"{text}\n\n{words.phone}\n\n> {intro}\n> \n{_cited(mail.text)}\n")


PROGRAMS: tuple[Program, ...] = (gmail, outlook, iphone)


def _addressed(mail: Received, message_id: str, now: datetime, *, return_path: str) -> EmailMessage:
    message = EmailMessage(policy=SMTPUTF8)
    message["Return-Path"] = return_path
    message["From"] = f'"{mail.recipient_name}" <{mail.recipient}>'
    message["To"] = f"<{mail.sender}>"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_id}>"
    message["In-Reply-To"] = mail.message_id
    message["References"] = " ".join((*mail.references, mail.message_id))
    return message


def _answering(subject: str, prefix: str) -> str:
    return subject if subject.lower().startswith("re:") else f"{prefix} {subject}"


def _cited(text: str) -> str:
    rows = (row for line in text.strip().split("\n") for row in textwrap.wrap(line, _QUOTE_AT) or [""])
    return "\n".join(f"> {row}".rstrip() for row in rows)


def _lines(text: str) -> str:
    return "".join(f"<div>{escape(line) or '<br>'}</div>\n" for line in text.strip().split("\n"))
