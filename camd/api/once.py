"""`Idempotency-Key`: the same request again gets the answer of the first one for a day, and creates nothing."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

import anyio
from aiohttp import web

from camd.api.keys import DESK, UNDER_WAY
from camd.api.security import actor_of
from camd.operations import once
from camd.operations.errors import invalid
from camd.operations.once import HEADER, Keep, Order, no_keeping
from camd.ports.answer_store import KeptAnswer
from camd.ports.store import Tx

V = TypeVar("V")

_PIECE_BYTES = 1 << 18
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def created_once(
    request: web.Request,
    create: Callable[[Keep[V]], Awaitable[V]],
    show: Callable[[V], web.Response],
    *,
    file: BinaryIO | None = None,
    is_personal: bool = False,
    is_shown_again: bool = True,
) -> web.Response:
    """`create` gives what it creates to its argument, within its transaction; `show` makes the answer of it.

    `file` is the body where it was taken as one. `is_personal`: people stand in the answer. Raises `Conflict` while the
    first one is under way.
    """
    given = request.headers.getall(HEADER, [])
    if not given:
        return show(await create(no_keeping))
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise invalid(HEADER, "give one key of 1 to 255 visible ASCII characters")
    desk = request.app[DESK]
    order = Order(actor_of(request), given[0], request.method, request.path_qs, await _body_hash(request, file))
    with _under_way(request.app[UNDER_WAY], (order.caller, order.key)):
        if kept := await once.answered_before(desk, order):
            return _again(kept)

        def keep(tx: Tx, made: V) -> None:
            answer = show(made)
            location, body = answer.headers.get("Location"), _bytes_of(answer) if is_shown_again else None
            once.keep(tx, desk, order, answer.status, location, body, is_personal=is_personal)

        return show(await create(keep))


@contextmanager
def _under_way(keys: set[tuple[str, str]], key: tuple[str, str]) -> Iterator[None]:
    if key in keys:
        raise once.in_use()
    keys.add(key)
    try:
        yield
    finally:
        keys.remove(key)


async def _body_hash(request: web.Request, file: BinaryIO | None) -> bytes:
    if file is None:
        return hashlib.sha256(await request.read()).digest()
    with request.app[DESK].context.clock.real_work():
        return await anyio.to_thread.run_sync(_hash_of, file)


def _hash_of(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    file.seek(0)
    return digest.digest()


def _bytes_of(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes), "answers of creates are whole"
    return answer.body


def _again(kept: KeptAnswer) -> web.Response:
    answer = web.Response(status=kept.status, body=kept.body, content_type="application/json")
    if kept.location is not None:
        answer.headers["Location"] = kept.location
    return answer
