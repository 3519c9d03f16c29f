"""Raw bytes of messages, put together by hand: the corpus must be able to be as wrong as what arrives.

An entity is a part with its MIME headers. Whatever a charset cannot say goes out as UTF-8, as mail programs do.
"""

import base64
import quopri
from collections.abc import Sequence
from email.charset import QP, Charset
from email.header import Header

CRLF = "\r\n"
Headers = Sequence[tuple[str, str]]


def text(
    content: str,
    *,
    charset: str = "utf-8",
    transfer: str = "quoted-printable",
    kind: str = "text/plain",
    more: str = "",
) -> bytes:
    used = fitting(charset, content)
    body = _transferred(content.replace("\n", CRLF).encode(used), transfer)
    return entity([("Content-Type", f'{kind}; charset="{used}"{more}'), ("Content-Transfer-Encoding", transfer)], body)


def entity(headers: Headers, body: bytes) -> bytes:
    return "".join(f"{name}: {value}{CRLF}" for name, value in headers).encode() + CRLF.encode() + body


def multipart(kind: str, parts: Sequence[bytes], *, more: str = "", boundary: str = "=_b0und") -> bytes:
    """Inside another multipart a boundary of its own is needed."""
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return entity([("Content-Type", f'multipart/{kind}; boundary="{boundary}"{more}')], body)


def message(headers: Headers, content: bytes, *, charset: str = "utf-8") -> bytes:
    """`content` is an entity; header values with other letters become encoded words (RFC 2047)."""
    lines = [f"{name}: {encoded(value, name, charset)}{CRLF}" for name, value in headers]
    return "".join([*lines, f"MIME-Version: 1.0{CRLF}"]).encode() + content


def encoded(value: str, name: str = "Subject", charset: str = "utf-8") -> str:
    """An address keeps what stands in angle brackets as it is."""
    if value.isascii():
        return value
    words, bracket, rest = value.partition(" <") if name in {"From", "To", "Reply-To"} else (value, "", "")
    used = Charset(fitting(charset, words))
    used.header_encoding = used.header_encoding or QP
    return Header(words, used, header_name=name).encode(linesep=CRLF) + bracket + rest


def fitting(charset: str, content: str) -> str:
    try:
        content.encode(charset)
    except UnicodeEncodeError:
        return "utf-8"
    return charset


def _transferred(raw: bytes, transfer: str) -> bytes:
    match transfer:
        case "base64":
            return base64.encodebytes(raw).replace(b"\n", b"\r\n")
        case "quoted-printable":
            return quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        case _:
            return raw
