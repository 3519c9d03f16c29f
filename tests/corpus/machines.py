"""What programs send: delivery reports, failures in words alone, complaints, challenges, bulk mail and our own copies.

An entry says what stands in the message (`text`, `html`, machine-readable `status`, `feedback`, `receipt`, `calendar`)
and how it must be read. `{TO}` is the recipient it is about, `{ID}` our Message-ID, `{RETURNED}` our mail,
`{HEADERS}` its headers alone and `{OURS}` its text.
"""

import tomllib
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from camd.domain.inbound import BounceKind, InboundClass
from tests.corpus import mime
from tests.corpus.case import OUR_ADDRESS, OUR_ID, Bounced, Case
from tests.corpus.languages import DATA, languages

_USUAL_KIND = {
    InboundClass.HARD_BOUNCE: BounceKind.HARD,
    InboundClass.SOFT_BOUNCE: BounceKind.SOFT,
    InboundClass.COMPLAINT: None,
}
_HAVE_A_SENDER = {"robots", "lookalikes"}
"""The files whose messages are no reports of non-delivery, which have none in the envelope."""
_REPORTS = {
    "status": ("delivery-status", "message/delivery-status"),
    "feedback": ("feedback-report", "message/feedback-report"),
    "receipt": ("disposition-notification", "message/disposition-notification"),
}


def machines(folder: Path = DATA) -> Iterator[Case]:
    for path in sorted((folder / "machines").glob("*.toml")):
        sheet = tomllib.loads(path.read_text(encoding="utf-8"))
        for section, rows in sheet.items():
            for name, entry in rows.items():
                yield _case(f"{path.stem}/{section}/{name}", path.stem, entry)


def _case(name: str, file: str, entry: Mapping[str, Any]) -> Case:
    kind = InboundClass(entry["class"])
    also = [InboundClass(value) for value in entry.get("also", [])]
    is_reported = kind in _USUAL_KIND and entry.get("bounced", True)
    return Case(
        name,
        _message(file, entry),
        (kind, *also),
        has_left=entry.get("left", False),
        is_open=entry.get("open", False),
        bounced=_bounced(kind, entry) if is_reported else None,
    )


def _bounced(kind: InboundClass, entry: Mapping[str, Any]) -> Bounced:
    about = entry.get("about")
    names_ours = entry.get("returned") != "nothing" and entry.get("bounced_id", True)
    return Bounced(
        recipient=_recipient(entry) or None,
        kind=BounceKind(about) if about else _USUAL_KIND[kind],
        code=entry.get("code"),
        message_id=OUR_ID if names_ours else None,
    )


def _recipient(entry: Mapping[str, Any]) -> str:
    return str(entry.get("recipient", "nobody@clinic.example"))


def _message(file: str, entry: Mapping[str, Any]) -> bytes:
    headers = {
        "Return-Path": f"<{parseaddr(entry['from'])[1]}>" if file in _HAVE_A_SENDER else "<>",
        "From": entry.get("from", "MAILER-DAEMON@relay.us.example (Mail Delivery System)"),
        "To": entry.get("to", OUR_ADDRESS),
        "Date": "Tue, 10 Mar 2026 10:59:41 +0100",
        "Message-ID": f"<{entry.get('id', 'k3.{FROM}')}>".replace("{FROM}", "20260310@mx.test"),
        "Subject": entry.get("subject", "Undelivered Mail Returned to Sender"),
    }
    if entry.get("answers"):
        headers |= {"In-Reply-To": "<{ID}>", "References": "<{ID}>"}
    if "status" in entry:
        headers |= {"Auto-Submitted": "auto-replied"}
    headers |= entry.get("headers", {})
    charset = entry.get("charset", "utf-8")
    filled = [(name, _filled(value, entry)) for name, value in headers.items()]
    return mime.message(filled, _content(entry, charset), charset=charset)


def _content(entry: Mapping[str, Any], charset: str) -> bytes:
    transfer = entry.get("transfer", "quoted-printable")
    words = [
        mime.text(_filled(entry[key], entry), charset=charset, transfer=transfer, kind=kind)
        for key, kind in (("text", "text/plain"), ("html", "text/html"))
        if key in entry
    ]
    body = words[0] if len(words) == 1 else mime.multipart("alternative", words, boundary="=_w0rds")
    for key, (report, kind) in _REPORTS.items():
        if key in entry:
            return _report(entry, body, key, report, kind)
    if "calendar" in entry:
        method = "REPLY" if "METHOD:REPLY" in entry["calendar"] else "REQUEST"
        invitation = mime.text(entry["calendar"].strip(), kind="text/calendar", more=f"; method={method}")
        return mime.multipart("alternative", [body, invitation])
    if "attached" in entry:
        kind, name = entry["attached"]
        disposition = ("Content-Disposition", f'attachment; filename="{name}"')
        file = [("Content-Type", kind), disposition, ("Content-Transfer-Encoding", "base64")]
        return mime.multipart("mixed", [body, mime.entity(file, b"UEsDBBQAAAAIAA==")])
    return body


def _report(entry: Mapping[str, Any], body: bytes, key: str, report: str, kind: str) -> bytes:
    fields = _filled(entry[key].strip() + "\n\n", entry)
    if entry.get("global"):
        report, kind = "global-delivery-status", "message/global-delivery-status"
    if transfer := entry.get("status_transfer"):
        machine_read = mime.text(fields, transfer=transfer, kind=kind)
    else:
        machine_read = mime.entity([("Content-Type", kind)], fields.replace("\n", mime.CRLF).encode())
    return mime.multipart(
        "report",
        [body, machine_read, *_returned(entry)],
        more=f"; report-type={report}",
    )


def _returned(entry: Mapping[str, Any]) -> list[bytes]:
    match entry.get("returned", "headers"):
        case "message":
            return [mime.entity([("Content-Type", "message/rfc822")], _our_message(entry).encode())]
        case "headers":
            return [mime.entity([("Content-Type", "text/rfc822-headers")], _our_headers(entry).encode())]
        case _:
            return []


def _filled(text: str, entry: Mapping[str, Any]) -> str:
    """Line ends are LF; the values stand for what the message is about."""
    values = {
        "{RETURNED}": _our_message(entry).replace(mime.CRLF, "\n"),
        "{HEADERS}": _our_headers(entry).replace(mime.CRLF, "\n"),
        "{OURS}": _our_text(),
        "{TO}": _recipient(entry),
        "{ID}": OUR_ID,
    }
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text.lstrip("\n")


def _our_text() -> str:
    return languages()["en"].our_mail(0, "Grace Hollis")


def _our_headers(entry: Mapping[str, Any]) -> str:
    rows = [
        ("Received", "from us.example (us.example [198.51.100.4]) by relay.us.example; Mon, 9 Mar 2026 09:14:02 +0100"),
        ("From", f'"Ann Lee" <{OUR_ADDRESS}>'),
        ("To", _recipient(entry) or "redacted"),
        ("Date", "Mon, 09 Mar 2026 09:14:02 +0100"),
        ("Message-ID", f"<{OUR_ID}>"),
        ("Subject", "Fewer no-shows at your practice"),
        ("List-Unsubscribe", "<https://go.us.example/u/9f2c41d07be8>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
    return "".join(f"{name}: {value}{mime.CRLF}" for name, value in rows)


def _our_message(entry: Mapping[str, Any]) -> str:
    text = _our_text().replace("\n", mime.CRLF)
    return f'{_our_headers(entry)}MIME-Version: 1.0\r\nContent-Type: text/plain; charset="utf-8"\r\n\r\n{text}\r\n'
