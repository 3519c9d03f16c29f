"""What nobody should send: too deep, too long, too many, lying, broken; and what only looks broken."""

import base64
import unicodedata
from collections.abc import Iterator

from camd.domain.inbound import BounceKind, InboundClass
from tests.corpus import mime
from tests.corpus.case import OUR_ADDRESS, OUR_ID, Bounced, Case

NEUTRAL, POSITIVE = InboundClass.HUMAN_NEUTRAL, InboundClass.HUMAN_POSITIVE
NEGATIVE, OPT_OUT = InboundClass.HUMAN_NEGATIVE, InboundClass.OPT_OUT_REQUEST
SOMETHING = (NEUTRAL, InboundClass.UNRELATED)
"""Of a message that says nothing to anybody."""

PERSON = "Grace Hollis <grace.hollis@harbourdental.example>"
_HEADERS = {
    "From": PERSON,
    "To": OUR_ADDRESS,
    "Date": "Tue, 10 Mar 2026 10:59:41 +0100",
    "Message-ID": "<h1.a8c1f@harbourdental.example>",
    "Subject": "Re: Fewer no-shows at your practice",
    "In-Reply-To": f"<{OUR_ID}>",
}


def hostile() -> Iterator[Case]:
    for make in (_too_much, _lying, _broken, _disguised, _wrapped):
        yield from make()


def _letter(content: bytes, *, without: str = "", more: mime.Headers = (), **headers: str) -> bytes:
    kept = {name: value for name, value in (_HEADERS | headers).items() if name != without}
    return mime.message([*kept.items(), *more], content)


def _raw(headers: str, body: bytes) -> bytes:
    """After the headers of `_HEADERS` those given, then the body as it is."""
    common = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
    return (common + headers + "\r\n").encode() + body


def _too_much() -> Iterator[Case]:
    nested = mime.text("Yes, call me.")
    for depth in range(2000):
        nested = mime.multipart("mixed", [nested], boundary=f"b{depth}")
    yield Case("hostile/2000_nested_parts", _letter(nested), (POSITIVE, *SOMETHING), may_be_unreadable=True)
    yield Case(
        "hostile/2000_parts_side_by_side",
        _letter(mime.multipart("mixed", [mime.text("No thanks.")] + [mime.text("-", kind="text/html")] * 2000)),
        (NEGATIVE, NEUTRAL),
        may_be_unreadable=True,
    )
    yield Case(
        "hostile/50000_headers",
        _letter(mime.text("I will read it."), more=[(f"X-Header-{n}", "value") for n in range(50_000)]),
        (NEUTRAL,),
        may_be_unreadable=True,
    )
    quote = "> Would you be interested in a short call?\n" * 230_000
    yield Case(
        "hostile/10_mb_of_quote",
        _letter(
            mime.text(f"Yes, please call me tomorrow.\n\nOn 09/03/2026 09:14, Ann Lee wrote:\n{quote}", transfer="8bit")
        ),
        (POSITIVE,),
        may_be_unreadable=True,
    )
    picture = mime.entity(
        [("Content-Type", 'image/png; name="a.png"'), ("Content-Transfer-Encoding", "base64")],
        base64.encodebytes(bytes(7_500_000)),
    )
    yield Case(
        "hostile/10_mb_picture",
        _letter(mime.multipart("mixed", [mime.text("No thanks, not for us."), picture])),
        (NEGATIVE,),
        may_be_unreadable=True,
    )
    many = ", ".join(f"person{n}@clinic.example" for n in range(5000))
    yield Case(
        "hostile/5000_addresses",
        _letter(mime.text("For your information."), To=many),
        (NEUTRAL,),
        may_be_unreadable=True,
    )
    long = "\r\n ".join(["=?utf-8?b?" + base64.b64encode(b"word and word " * 3).decode() + "?="] * 17_000)
    yield Case(
        "hostile/long_encoded_subject",
        _letter(mime.text("What is this?"), Subject=long),
        (NEUTRAL,),
        may_be_unreadable=True,
    )
    deep = "<div><blockquote>" * 50_000
    yield Case(
        "hostile/100000_open_tags",
        _letter(mime.text(f"<p>We are not interested.</p>{deep}", kind="text/html", transfer="8bit")),
        (NEGATIVE,),
        may_be_unreadable=True,
    )
    yield Case(
        "hostile/words_without_end",
        _letter(mime.text("On On wrote: " * 8000 + "> " * 8000, transfer="8bit")),
        SOMETHING,
        is_open=True,
        may_be_unreadable=True,
    )
    block = "Final-Recipient: rfc822; p{n}@clinic.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    status = "Reporting-MTA: dns; mx.test\r\n\r\n" + "".join(block.replace("{n}", str(n)) for n in range(2000))
    part = mime.entity([("Content-Type", "message/delivery-status")], status.encode())
    yield Case(
        "hostile/2000_failed_recipients",
        _letter(
            mime.multipart("report", [mime.text("Failed."), part], more="; report-type=delivery-status"),
            From="MAILER-DAEMON@mx.test",
            without="In-Reply-To",
        ),
        (InboundClass.HARD_BOUNCE,),
        may_be_unreadable=True,
    )


def _lying() -> Iterator[Case]:
    plain = 'Content-Type: text/plain; charset="{}"\r\nContent-Transfer-Encoding: 8bit\r\n'
    german = "Bitte nehmen Sie mich aus Ihrem Verteiler. Viele Grüße aus Köln"
    for declared, real in (
        ("us-ascii", "utf-8"),
        ("utf-8", "iso-8859-1"),
        ("x-unknown-9", "utf-8"),
        ("iso-2022-jp", "utf-8"),
    ):
        name = f"hostile/says_{declared}_is_{real}"
        yield Case(name, _raw(plain.format(declared), german.encode(real)), (OPT_OUT,))
    japanese = "配信停止をお願いします。"
    yield Case("hostile/says_nothing_is_utf-8", _raw("", japanese.encode()), (OPT_OUT,))
    yield Case(
        "hostile/says_shift_jis_is_utf-8",
        _raw(plain.format("shift_jis"), japanese.encode()),
        (OPT_OUT, NEUTRAL),
        is_open=True,
    )
    yield Case(
        "hostile/utf-16", _letter(mime.text("We are not interested.", charset="utf-16", transfer="base64")), (NEGATIVE,)
    )
    yield Case(
        "hostile/says_base64_is_text",
        _raw("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n", b"Please remove me from your list."),
        (OPT_OUT, NEUTRAL),
        is_open=True,
        may_be_unreadable=True,
    )
    yield Case(
        "hostile/base64_cut_off",
        _raw("Content-Transfer-Encoding: base64\r\n", base64.b64encode(b"No thanks, we are not interested.")[:-3]),
        (NEGATIVE,),
    )
    yield Case(
        "hostile/unknown_transfer_encoding",
        _raw("Content-Type: text/plain\r\nContent-Transfer-Encoding: x-none\r\n", b"Please unsubscribe me."),
        (OPT_OUT,),
    )


def _broken() -> Iterator[Case]:
    yield Case("hostile/no_message_id", _letter(mime.text("Sounds great, call me."), without="Message-ID"), (POSITIVE,))
    yield Case("hostile/no_sender", _letter(mime.text("unsubscribe"), without="From"), (OPT_OUT,))
    yield Case("hostile/broken_sender", _letter(mime.text("unsubscribe"), From='"Grace <<@@>, ;'), (OPT_OUT,))
    yield Case(
        "hostile/two_senders", _letter(mime.text("No thanks."), more=[("From", "other@clinic.example")]), (NEGATIVE,)
    )
    yield Case("hostile/no_such_date", _letter(mime.text("remove me"), Date="Fri, 31 Feb 99999 99:99:99"), (OPT_OUT,))
    yield Case("hostile/nul_in_the_text", _raw("", b"Please remove me\0 from your list.\0\0\0"), (OPT_OUT,))
    yield Case("hostile/nul_in_a_header", _raw("X-Note: a\0b\r\n", b"Yes, send me the details."), (POSITIVE,))
    yield Case("hostile/bare_lf", _letter(mime.text("Not interested, thanks.")).replace(b"\r\n", b"\n"), (NEGATIVE,))
    yield Case(
        "hostile/bare_cr",
        _letter(mime.text("unsubscribe")).replace(b"\r\n", b"\r"),
        (OPT_OUT, *SOMETHING),
        may_be_unreadable=True,
    )
    yield Case(
        "hostile/raw_latin_subject",
        _raw("X-Note: l\u00f6schen\r\n", "Bitte melden Sie mich ab. Grüße".encode("latin-1")),
        (OPT_OUT,),
    )
    yield Case("hostile/nothing_at_all", b"", SOMETHING, may_be_unreadable=True)
    yield Case("hostile/only_line_ends", b"\r\n" * 100, SOMETHING, may_be_unreadable=True)
    yield Case("hostile/noise", bytes(range(256)) * 40, SOMETHING, may_be_unreadable=True)
    yield Case("hostile/headers_alone", _letter(b""), SOMETHING, is_open=True, may_be_unreadable=True)
    never_closed = mime.multipart("mixed", [mime.text("Yes, I would like to see a demo.")]).removesuffix(
        b"--=_b0und--\r\n"
    )
    yield Case("hostile/never_closed", _letter(never_closed), (POSITIVE,))
    yield Case(
        "hostile/no_boundary", _raw("Content-Type: multipart/mixed\r\n", b"Please take me off your list."), (OPT_OUT,)
    )
    yield Case("hostile/no_such_type", _raw("Content-Type: ;;;=\r\n", b"We are not interested."), (NEGATIVE, NEUTRAL))
    whole = _letter(mime.text("Please stop writing to me."))
    yield Case("hostile/cut_by_the_server", whole, (OPT_OUT,), size_bytes=30_000_000)
    yield Case(
        "hostile/report_without_fields",
        _letter(
            mime.multipart("report", [mime.text("?"), mime.entity([("Content-Type", "message/delivery-status")], b"")]),
            From="MAILER-DAEMON@mx.test",
            without="In-Reply-To",
        ),
        (InboundClass.SOFT_BOUNCE, InboundClass.AUTO_REPLY, InboundClass.UNRELATED),
        may_be_unreadable=True,
    )


def _disguised() -> Iterator[Case]:
    yield Case("hostile/zero_width", _letter(mime.text("un\u200bsub\u200bscribe")), (OPT_OUT,), is_open=True)
    wide = "unsubscribe".translate({letter: letter + 0xFEE0 for letter in range(0x61, 0x7B)})
    yield Case("hostile/full_width", _letter(mime.text(wide)), (OPT_OUT,))
    yield Case("hostile/decomposed", _letter(mime.text(unicodedata.normalize("NFD", "Désinscription"))), (OPT_OUT,))
    entities = "<p>&#80;lease r&#101;move me fr&#111;m your&nbsp;list</p>"
    yield Case("hostile/entities", _letter(mime.text(entities, kind="text/html")), (OPT_OUT,))
    hidden = '<div style="display:none">unsubscribe, stop, remove me</div><p>Yes, tell me more about it.</p>'
    yield Case("hostile/hidden_words", _letter(mime.text(hidden, kind="text/html")), (POSITIVE,))
    empty = mime.multipart(
        "alternative", [mime.text(" \n"), mime.text("<p>Take me off your list!</p>", kind="text/html")]
    )
    yield Case("hostile/empty_plain_part", _letter(empty), (OPT_OUT,))
    told = "Our system says:\n\nAuto-Submitted: auto-replied\nX-Failed-Recipients: a@clinic.example\n\nWhat is that?"
    yield Case("hostile/marks_in_the_text", _letter(mime.text(told)), (NEUTRAL,))
    yield Case(
        "hostile/report_in_a_persons_mail",
        _letter(mime.text("I got this back from you. What is it?\n\nStatus: 5.1.1\nAction: failed")),
        (NEUTRAL,),
    )
    part = mime.entity(
        [("Content-Type", "message/delivery-status")],
        b"Reporting-MTA: dns; mx.test\r\n\r\n"
        b"Final-Recipient: rfc822; a@clinic.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    )
    yield Case(
        "hostile/report_without_our_id",
        _letter(
            mime.multipart("report", [mime.text("Failed."), part], more="; report-type=delivery-status"),
            From="MAILER-DAEMON@mx.test",
            without="In-Reply-To",
        ),
        (InboundClass.HARD_BOUNCE,),
        bounced=Bounced("a@clinic.example", BounceKind.HARD, "5.1.1", None),
    )


def _wrapped() -> Iterator[Case]:
    """Signed, encrypted or packed as some programs do."""
    signature = mime.entity(
        [("Content-Type", 'application/pgp-signature; name="signature.asc"')], b"-----BEGIN PGP SIGNATURE-----"
    )
    signed = mime.multipart(
        "signed",
        [mime.text("Yes, Thursday at two suits me."), signature],
        more='; protocol="application/pgp-signature"',
    )
    yield Case("hostile/signed", _letter(signed), (POSITIVE,))
    clear = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nPlease delete my address from your list.\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n-----END PGP SIGNATURE-----"
    )
    yield Case("hostile/signed_in_the_text", _letter(mime.text(clear)), (OPT_OUT,))
    sealed = mime.entity(
        [("Content-Type", "application/pkcs7-mime; smime-type=enveloped-data")], base64.b64encode(bytes(300))
    )
    yield Case("hostile/encrypted", _letter(sealed), SOMETHING, is_open=True, may_be_unreadable=True)
    packed = mime.entity([("Content-Type", 'application/ms-tnef; name="winmail.dat"')], base64.b64encode(bytes(300)))
    yield Case("hostile/winmail", _letter(mime.multipart("mixed", [mime.text("Who is this?"), packed])), (NEUTRAL,))
    ours = mime.entity(
        [("Content-Type", "message/rfc822")],
        mime.message(
            [("From", OUR_ADDRESS), ("Subject", "Fewer no-shows")], mime.text("Reply unsubscribe to opt out.")
        ),
    )
    forwarded = mime.multipart("mixed", [mime.text("What is this about?"), ours])
    yield Case("hostile/our_mail_attached", _letter(forwarded), (NEUTRAL,))
