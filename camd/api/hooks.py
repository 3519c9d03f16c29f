"""`POST /hooks/{source}/{token}`: what forms and Make tell a campaign, as JSON or as a form.

A stranger gets the same 404 whatever is wrong, before the body is looked at. Neither log nor metric holds anything of
the body, the name or the token.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, unquote

import anyio
from aiohttp import web
from pydantic_core import from_json

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.problems import Failed
from camd.api.reading import refuse_encoded
from camd.api.routes import Doc, Route
from camd.operations import hooks
from camd.operations.errors import Unprocessable, invalid
from camd.schema.hooks import MAX_OBJECTS, HookAnswer, HookCall
from camd.schema.problem import FieldProblem

PATH = "/hooks/{source}/{token}"
MAX_BODY_BYTES = 65_536
BODY_SECONDS = 10.0
STORE_SECONDS = 20.0
_MULTIPART = "multipart/form-data"
_FORM = "application/x-www-form-urlencoded"
_BOM = b"\xef\xbb\xbf"
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
# RFC 7578, 4.2: browsers write a quote in a name as %22.
_NAME = re.compile(r';\s*name=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)
_FILE = re.compile(r";\s*filename\*?=", re.IGNORECASE)

Given = Mapping[str, object]


def is_hook(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical == PATH


async def receive(request: web.Request) -> web.Response:
    """200 once everything is stored, 202 where something of it waits for a person."""
    desk, name, token = request.app[DESK], request.match_info["source"], request.match_info["token"]
    with anyio.fail_after(STORE_SECONDS):
        hook = await hooks.find(desk, name, token)
    body = await _body(request)
    given = _read(request.headers.get("Content-Type", ""), body)
    with anyio.fail_after(STORE_SECONDS):
        if isinstance(given, list):
            told = await hooks.receive(desk, hook, given, numbered=True)
        else:
            told = await hooks.receive(desk, hook, [given], numbered=False)
    return answer(told, 200 if told.is_settled else 202)


async def _body(request: web.Request) -> bytes:
    """Raises `Failed`. The limit of the application is that of an opt-out."""
    refuse_encoded(request)
    received = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            while piece := await request.content.read(MAX_BODY_BYTES):
                received += piece
                if len(received) > MAX_BODY_BYTES:
                    detail = f"At most {MAX_BODY_BYTES:,} bytes are read."
                    raise Failed(413, "too-large", "The body is too large", detail)
    except TimeoutError as error:
        raise Failed(408, "too-slow", "The body came too slowly", "Send it again, faster.") from error
    return bytes(received)


def _read(content_type: str, body: bytes) -> Given | list[Given]:
    """JSON whatever the content type says, since many a sender leaves it at its default. Raises `Failed`, and
    `Unprocessable` for JSON that is no object."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _MULTIPART:
        return _joined(_parts(content_type, body))
    body = body.removeprefix(_BOM)
    if kind == _FORM and not body.lstrip().startswith((b"{", b"[")):
        return _joined(_form(body))
    try:
        given = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise _unreadable("Send JSON in UTF-8, or a form.") from error
    return _objects(given)


def _objects(given: object) -> Given | list[Given]:
    if isinstance(given, dict):
        return given
    if not isinstance(given, list):
        raise invalid("body", "send an object, or a list of them")
    if not 1 <= len(given) <= MAX_OBJECTS:
        raise invalid("body", f"send 1 to {MAX_OBJECTS} objects at once")
    if wrong := [number for number, each in enumerate(given) if not isinstance(each, dict)]:
        raise Unprocessable([FieldProblem(field=str(number), message="send an object") for number in wrong])
    return given


def _joined(fields: Iterable[tuple[str, str]]) -> Given:
    """A field that is there several times, as ticked boxes are, is a list."""
    given: dict[str, list[str]] = {}
    for name, text in fields:
        given.setdefault(name, []).append(text)
    return given


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise _unreadable("Send the form percent-encoded in UTF-8.") from error


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a form in several parts (RFC 7578); a file box that was left empty is none."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise _unreadable("The form names no boundary between its parts.")
    _, *parts = b"\r\n".join((b"", body)).split(
        b"\r\n--" + (boundary[1] or boundary[2]).encode(errors="surrogateescape")
    )
    for part in parts:
        if part.startswith(b"--"):
            return
        head, blank, content = part.partition(b"\r\n\r\n")
        try:
            heading, text = head.decode(), content.decode()
        except ValueError as error:
            raise _unreadable("Send the form in UTF-8.") from error
        name = _NAME.search(heading)
        if not blank or name is None:
            raise _unreadable("A part of the form has no name.")
        field = unquote(name[1] or name[2] or "")
        if not _FILE.search(heading):
            yield field, text
        elif text:
            raise invalid(field, "leave the file out: none are taken")
    raise _unreadable("The form ends too early.")


def _unreadable(detail: str) -> Failed:
    return Failed(400, "not-readable", "The body cannot be read", detail)


ROUTE = Route(
    "POST",
    PATH,
    receive,
    Doc(
        "hook",
        "Tell a campaign of a person, or of what became of them",
        {200: HookAnswer, 202: HookAnswer},
        may=(400, 404, 408, 413, 415, 422, 429, 503),
    ),
    "hooks",
    body=HookCall,
)
