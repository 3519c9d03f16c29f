"""Reads what a caller sent: query, JSON body, uploaded file, each within its limits.

Raises `Failed` (400, 408, 413, 415, 507) for what cannot be read, `Unprocessable` (422) for what is read and wrong.
"""

import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, ClassVar, TypeVar

import anyio
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from camd.api.keys import BODY_SECONDS, DESK
from camd.api.problems import Failed
from camd.operations.errors import Unprocessable
from camd.schema.problem import field_problems
from camd.schema.values import Body

MAX_JSON_BYTES = 1_000_000
MAX_UPLOAD_BYTES = 1_000_000_000
_PIECE_BYTES = 1 << 18
_NOTHING = b"{}"

M = TypeVar("M", bound=BaseModel)


class Query(BaseModel):
    """Parameters of a route; one that is not `repeated` may be given once."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    repeated: ClassVar[frozenset[str]] = frozenset()


class NoQuery(Query):
    """A route without parameters."""


class NoBody(Body):
    """A route that takes no body, or an empty one."""


Q = TypeVar("Q", bound=Query)


def read_query(request: web.Request, model: type[Q]) -> Q:
    given: dict[str, object] = {}
    for name in request.query:
        values = request.query.getall(name)
        given[name] = values if name in model.repeated or len(values) > 1 else values[0]
    with corrections():
        return model.model_validate(given)


async def read_body(request: web.Request, model: type[M]) -> M:
    """Any content type is read as JSON; an empty body is an empty object."""
    raw = await _raw(request)
    try:
        from_json(raw or _NOTHING, allow_inf_nan=False)
    except ValueError as error:
        raise Failed(400, "not-json", "The body is no JSON", f"Send JSON in UTF-8: {error}.") from error
    with corrections():
        # Strict: a 0 for a false would be taken, where the document says that it is not.
        return model.model_validate_json(raw or _NOTHING, strict=True)


@contextmanager
def corrections() -> Iterator[None]:
    """What does not validate in the block is refused with every field to mend."""
    try:
        yield
    except ValidationError as error:
        raise Unprocessable(field_problems(error)) from error


def refuse_encoded(request: web.Request) -> None:
    """No body is unpacked."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        detail = "Send it as it is, without Content-Encoding."
        raise Failed(415, "encoded", "The body is compressed", detail)


async def _raw(request: web.Request) -> bytes:
    refuse_encoded(request)
    if request.content_length is not None and request.content_length > MAX_JSON_BYTES:
        raise _too_large(MAX_JSON_BYTES)
    try:
        with anyio.fail_after(request.app[BODY_SECONDS]):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large(MAX_JSON_BYTES) from error
    except TimeoutError as error:
        raise _too_slow() from error


@asynccontextmanager
async def uploaded(request: web.Request) -> AsyncIterator[BinaryIO]:
    """The body as a temporary file, at its start; it is gone when the block ends."""
    refuse_encoded(request)
    if request.content_length is not None and request.content_length > MAX_UPLOAD_BYTES:
        raise _too_large(MAX_UPLOAD_BYTES)
    with TemporaryFile() as file:
        await _receive(request, file)
        yield file


async def _receive(request: web.Request, file: BinaryIO) -> None:
    received = 0
    while piece := await _piece(request):
        received += len(piece)
        if received > MAX_UPLOAD_BYTES:
            raise _too_large(MAX_UPLOAD_BYTES)
        with request.app[DESK].context.clock.real_work():
            await anyio.to_thread.run_sync(_write, file, piece)
    file.seek(0)


async def _piece(request: web.Request) -> bytes:
    try:
        with anyio.fail_after(request.app[BODY_SECONDS]):
            return await request.content.read(_PIECE_BYTES)
    except TimeoutError as error:
        raise _too_slow() from error


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        detail = "There is no room to keep the file while it is read; free some and send it again."
        raise Failed(507, "no-room", "No room for the file", detail) from error


def _too_large(limit_bytes: int) -> Failed:
    return Failed(413, "too-large", "The body is too large", f"At most {limit_bytes:,} bytes are read.")


def _too_slow() -> Failed:
    return Failed(408, "too-slow", "The body came too slowly", "Send it again, faster.")
