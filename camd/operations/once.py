"""A create under an `Idempotency-Key` is done once: the transaction that creates keeps its answer, to be given again.

Of key and body only keyed hashes are kept. What was refused or failed has created nothing: the same key may try again.
See draft-ietf-httpapi-idempotency-key-header.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from camd.operations.desk import Desk
from camd.operations.errors import Conflict, invalid
from camd.ports.answer_store import KeptAnswer
from camd.ports.store import Tx

T_contra = TypeVar("T_contra", contravariant=True)

Keep = Callable[[Tx, T_contra], None]
"""Is given what was created, within the transaction that creates it."""
HEADER = "Idempotency-Key"


def no_keeping(_: Tx, __: object) -> None:
    """For a create without a key."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for under a key: `caller` is the actor, to whom the key belongs, `body_hash` tells bodies apart."""

    caller: str
    key: str
    method: str
    target: str
    body_hash: bytes

    def id(self, instance_key: bytes) -> str:
        return _keyed(instance_key, self.caller.encode(), self.key.encode())

    def fingerprint(self, instance_key: bytes) -> str:
        return _keyed(instance_key, self.method.encode(), self.target.encode(), self.body_hash)


def _keyed(instance_key: bytes, *parts: bytes) -> str:
    told = b"".join(len(part).to_bytes(8) + part for part in parts)
    return hmac.digest(instance_key, told, "sha256").hex()


async def answered_before(desk: Desk, order: Order) -> KeptAnswer | None:
    """Raises `Unprocessable` where something else was asked for under the key, and `Conflict` for what is not shown
    twice."""

    def query(tx: Tx) -> tuple[KeptAnswer | None, str]:
        instance_key = tx.instance.key()
        return tx.answers.get(order.id(instance_key), desk.now()), order.fingerprint(instance_key)

    kept, fingerprint = await desk.read(query)
    if kept is None:
        return None
    if kept.fingerprint != fingerprint:
        raise invalid(HEADER, "another request was sent under this key: give each its own")
    if kept.body is None:
        detail = f"It is {kept.location}, and what was shown then is not kept: revoke it and make another."
        raise Conflict("shown-once", "It was made before", detail)
    return kept


def in_use() -> Conflict:
    detail = "The request that was sent first under this key is still under way; repeat this one in a moment."
    return Conflict("idempotency-key-in-use", "The same is being done", detail)


def keep(
    tx: Tx, desk: Desk, order: Order, status: int, location: str | None, body: bytes | None, *, is_personal: bool
) -> None:
    """Raises `Conflict` where another request was answered under the key since it was asked for: what this one creates
    is undone."""
    instance_key, now = tx.instance.key(), desk.now()
    if tx.answers.get(order.id(instance_key), now) is not None:
        raise in_use()
    tx.answers.add(
        KeptAnswer(
            id=order.id(instance_key),
            fingerprint=order.fingerprint(instance_key),
            status=status,
            location=location,
            body=body,
            is_personal=is_personal,
            at=now,
        )
    )
