"""Keys to the API: made, listed, revoked. A token's text is in the answer that makes it and nowhere else."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import anyio

from camd.domain.access import SECRET_BYTES, TokenId, token_hash, token_text
from camd.domain.events import Event, EventType
from camd.operations.desk import Desk
from camd.operations.errors import NotFound, invalid
from camd.operations.once import Keep, no_keeping
from camd.ports.records import Listing, Token
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.schema.page import DEFAULT_LIMIT, Page, as_number, checked_limit, cut, decode_number
from camd.schema.token import NewToken, TokenBody
from camd.schema.token import Token as TokenView

USES_EVERY_SECONDS = 60.0
_PATIENCE_SECONDS = 86_400.0
_KIND = "tokens"


async def load(desk: Desk) -> None:
    """Before anybody may ask."""
    desk.keyring.put(await desk.read(lambda tx: tx.tokens.all()))


async def create(desk: Desk, body: TokenBody, *, actor: str, keep: Keep[NewToken] = no_keeping) -> NewToken:
    """Raises `Conflict` where another token has the name."""
    now = desk.now()
    if body.expires is not None and body.expires <= now:
        raise invalid("expires", "give an instant to come")
    text = token_text(desk.context.entropy.token(SECRET_BYTES))

    def unit(tx: Tx) -> Token:
        hashed = token_hash(text)
        made = tx.tokens.add(body.name, body.scope, hashed, at=now, by=actor, expires=body.expires)
        _record(tx, EventType.TOKEN_CREATED, made, actor, now)
        keep(tx, _shown(desk, made, text))
        return made

    # A caller who leaves must not keep from the keyring what was committed.
    with anyio.CancelScope(shield=True):
        made = await desk.write(unit)
        desk.keyring.put([made])
    return _shown(desk, made, text)


def _shown(desk: Desk, token: Token, text: str) -> NewToken:
    return NewToken(token=text, **dict(_view(desk, token)))


async def page(desk: Desk, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[TokenView]:
    def query(tx: Tx) -> Page[TokenView]:
        before = decode_number(_KIND, cursor) if cursor else None
        found = tx.tokens.page(Listing(checked_limit(limit) + 1, before))
        return cut([(str(token.id), _view(desk, token)) for token in found], limit, _KIND)

    return await desk.read(query)


async def revoke(desk: Desk, ref: str, *, actor: str) -> None:
    """It opens nothing from the answer on. Raises `NotFound`."""

    def unit(tx: Tx) -> Token:
        number = as_number(ref)
        standing = None if number is None else tx.tokens.get(TokenId(number))
        if standing is None:
            raise NotFound("token", ref)
        now = desk.now()
        tx.tokens.revoke(standing.id, now)
        _record(tx, EventType.TOKEN_REVOKED, standing, actor, now)
        return replace(standing, revoked_at=now)

    with anyio.CancelScope(shield=True):
        desk.keyring.put([await desk.write(unit)])


async def keep_uses(desk: Desk) -> None:
    """Stores when tokens were used last, each at most once a minute, until cancelled."""
    while True:
        if await desk.keyring.used.wait(_PATIENCE_SECONDS):
            with suppress(StoreUnavailable):
                await store_uses(desk)
            await anyio.sleep(USES_EVERY_SECONDS)


async def store_uses(desk: Desk) -> None:
    uses = desk.keyring.take_uses()

    def unit(tx: Tx) -> None:
        for token_id, at in uses.items():
            tx.tokens.set_last_used(token_id, at)

    await desk.write(unit)


def _record(tx: Tx, kind: EventType, token: Token, actor: str, at: datetime) -> None:
    tx.ledger.append(Event(kind, at, actor, data={"token_id": token.id, "scope": token.scope.value}))


def _view(desk: Desk, token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        scope=token.scope,
        created_at=token.created_at,
        expires=token.expires,
        last_used=desk.keyring.last_used(token),
    )
