"""The tokens of the database in memory, so that no request waits for the store to learn who sends it.

This process alone writes the database, and each change of a token comes by here after its commit.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hmac import compare_digest

from camd.actors.wake import Doorbell
from camd.domain.access import TokenId, token_hash
from camd.ports.records import Token


class Keyring:
    """`used` rings when a token was used whose use is not stored yet."""

    def __init__(self) -> None:
        self._tokens: dict[TokenId, Token] = {}
        self._uses: dict[TokenId, datetime] = {}
        self._unstored: set[TokenId] = set()
        self.used = Doorbell()

    def put(self, tokens: Iterable[Token]) -> None:
        self._tokens |= {token.id: token for token in tokens}

    @property
    def is_empty(self) -> bool:
        """Whether no token exists. One that expired exists: that it ended must open nothing."""
        return all(token.revoked_at for token in self._tokens.values())

    def find(self, text: str) -> Token | None:
        """Also one that was revoked or has expired. Each is compared in the same time, however much of it is right."""
        hashed = token_hash(text)
        found = [token for token in self._tokens.values() if compare_digest(token.hash, hashed)]
        return found[0] if found else None

    def note_use(self, token_id: TokenId, at: datetime) -> None:
        self._uses[token_id] = at
        if token_id not in self._unstored:
            self._unstored.add(token_id)
            self.used.ring()

    def last_used(self, token: Token) -> datetime | None:
        return self._uses.get(token.id, token.last_used)

    def take_uses(self) -> Mapping[TokenId, datetime]:
        """The uses that were not taken before."""
        taken = {token_id: self._uses[token_id] for token_id in self._unstored}
        self._unstored.clear()
        return taken
