"""Tokens of the API. A revoked one stays, so that whoever still sends it can be told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from camd.domain.access import Scope, TokenId
from camd.ports.records import Listing, Token
from camd.ports.store import NameTaken
from camd.store.rows import NEWEST_NUMBER, columns_of
from camd.store.tables import tokens

_row = tokens.c
_ALL = select(*columns_of(tokens, Token))
_is_standing = _row.revoked_at.is_(None)
_of_id = _row.id == bindparam("token_id")

ADD = insert(tokens)
ALL = _ALL.order_by(_row.id)
GET = _ALL.where(_of_id, _is_standing)
NAMED = select(_row.id).where(_row.name == bindparam("name"), _is_standing)
PAGE = _ALL.where(_is_standing, _row.id < bindparam("before")).order_by(_row.id.desc()).limit(bindparam("limit"))
REVOKE = update(tokens).where(_of_id).values(revoked_at=bindparam("at"))
SET_LAST_USED = update(tokens).where(_of_id).values(last_used=bindparam("at"))


class Tokens:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, name: str, scope: Scope, text_hash: str, *, at: datetime, by: str, expires: datetime | None) -> Token:
        taken = self._connection.execute(NAMED, {"name": name}).scalar()
        if taken is not None:
            raise NameTaken(f"token {taken} is already called {name!r}")
        made = {"name": name, "scope": scope, "hash": text_hash, "created_at": at, "by": by, "expires": expires}
        inserted = self._connection.execute(ADD, made).inserted_primary_key
        assert inserted is not None, "an insert of one row answers its key"
        return Token(TokenId(inserted[0]), name, scope, text_hash, at, by, expires)

    def get(self, token_id: TokenId) -> Token | None:
        row = self._connection.execute(GET, {"token_id": token_id}).first()
        return None if row is None else Token(*row)

    def all(self) -> Sequence[Token]:
        return [Token(*row) for row in self._connection.execute(ALL)]

    def page(self, listing: Listing) -> Sequence[Token]:
        before = int(listing.before) if listing.before else NEWEST_NUMBER
        rows = self._connection.execute(PAGE, {"before": before, "limit": listing.limit})
        return [Token(*row) for row in rows]

    def revoke(self, token_id: TokenId, at: datetime) -> None:
        self._connection.execute(REVOKE, {"token_id": token_id, "at": at})

    def set_last_used(self, token_id: TokenId, at: datetime) -> None:
        self._connection.execute(SET_LAST_USED, {"token_id": token_id, "at": at})
