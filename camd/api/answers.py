"""Answers as JSON, and files that are written while they are read."""

from collections.abc import AsyncIterator

from aiohttp import web
from pydantic import BaseModel

from camd.api.routes import PREFIX

STARTED = web.RequestKey("STARTED", web.StreamResponse)
"""The answer whose head was sent before its body was known: nothing else can be answered any more."""

_BUFFER_BYTES = 1 << 16


def answer(view: BaseModel, status: int = 200, *, location: str | None = None) -> web.Response:
    """`location` is a path under `/api/cam`."""
    response = web.Response(status=status, body=view.model_dump_json().encode(), content_type="application/json")
    if location is not None:
        response.headers["Location"] = f"{PREFIX}{location}"
    return response


async def stream_csv(request: web.Request, lines: AsyncIterator[str], file_name: str) -> web.StreamResponse:
    """Sends the lines as they come; a failure in between cuts the connection, so that no half file looks whole."""
    response = web.StreamResponse()
    response.content_type, response.charset = "text/csv", "utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    request[STARTED] = response
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    buffer = bytearray()
    async for line in lines:
        buffer += line.encode()
        if len(buffer) >= _BUFFER_BYTES:
            await response.write(bytes(buffer))
            buffer.clear()
    await response.write(bytes(buffer))
    await response.write_eof()
    return response
