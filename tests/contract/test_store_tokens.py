"""What every store promises of tokens."""

from datetime import UTC, datetime, timedelta

import pytest

from camd.domain.access import Scope, TokenId
from camd.ports.records import Listing, Token
from camd.ports.store import NameTaken, Store

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def added(store: Store, name: str, text_hash: str | None = None) -> Token:
    hashed = text_hash or f"hash of {name}"
    return await store.write(
        lambda tx: tx.tokens.add(name, Scope.OPERATE, hashed, at=NOW, by="os:ann", expires=NOW + HOUR)
    )


async def test_a_token_is_read_as_it_was_added(store: Store) -> None:
    token = await added(store, "crm")
    assert token == Token(TokenId(1), "crm", Scope.OPERATE, "hash of crm", NOW, "os:ann", NOW + HOUR)
    assert await store.read(lambda tx: tx.tokens.get(token.id)) == token
    assert await store.read(lambda tx: tx.tokens.all()) == [token]


async def test_a_revoked_token_is_kept_and_is_in_no_list(store: Store) -> None:
    token = await added(store, "crm")
    await store.write(lambda tx: tx.tokens.revoke(token.id, NOW))
    assert await store.read(lambda tx: tx.tokens.get(token.id)) is None
    assert await store.read(lambda tx: tx.tokens.page(Listing())) == []
    [kept] = await store.read(lambda tx: tx.tokens.all())
    assert (kept.hash, kept.revoked_at) == (token.hash, NOW)


async def test_a_name_is_free_again_once_its_token_is_revoked_and_an_id_never(store: Store) -> None:
    token = await added(store, "crm")
    with pytest.raises(NameTaken):
        await added(store, "crm", "another")
    await store.write(lambda tx: tx.tokens.revoke(token.id, NOW))
    assert (await added(store, "crm", "another")).id == 2


async def test_tokens_are_listed_newest_first_and_go_on(store: Store) -> None:
    for name in ("a", "b", "c"):
        await added(store, name)
    first = await store.read(lambda tx: tx.tokens.page(Listing(2)))
    assert [token.name for token in first] == ["c", "b"]
    rest = await store.read(lambda tx: tx.tokens.page(Listing(2, str(first[-1].id))))
    assert [token.name for token in rest] == ["a"]


async def test_the_last_use_is_kept(store: Store) -> None:
    token = await added(store, "crm")
    await store.write(lambda tx: tx.tokens.set_last_used(token.id, NOW + HOUR))
    found = await store.read(lambda tx: tx.tokens.get(token.id))
    assert found is not None
    assert found.last_used == NOW + HOUR
