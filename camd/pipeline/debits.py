"""What an intent takes from the quotas, and giving exactly that back, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from camd.domain.send_window import local_day
from camd.domain.token_bucket import QuotaScope, Taken, given_back
from camd.ports.records import Debit, Debits
from camd.ports.store import Tx

_ATTEMPTED = frozenset({QuotaScope.MAILBOX_DAY})
"""The provider counted the attempt, whatever its answer."""


def pace_bucket(mailbox: str) -> str:
    return f"{QuotaScope.MAILBOX_PACE}:{mailbox}"


def take(tx: Tx, caps: Sequence[Debit], mailbox: str, pace: Taken, now: datetime) -> Debits:
    tx.quotas.debit_all(caps, now, 1)
    tx.quotas.set_bucket(pace_bucket(mailbox), pace.tat)
    return Debits(now, tuple(caps), pace)


def refund(tx: Tx, debits: Debits, mailbox: str) -> None:
    """All of it: nothing was handed over."""
    _give_back(tx, debits, debits.caps)
    name = pace_bucket(mailbox)
    if tat := tx.quotas.bucket(name):
        tx.quotas.set_bucket(name, given_back(tat, debits.pace))


def refund_refused(tx: Tx, debits: Debits) -> None:
    """All but the mailbox's volume and pace: a server answered, and did not take it."""
    _give_back(tx, debits, [cap for cap in debits.caps if cap.scope not in _ATTEMPTED])


def _give_back(tx: Tx, debits: Debits, caps: Sequence[Debit]) -> None:
    tx.quotas.debit_all(caps, debits.at, -1)


def belong_to_today(debits: Debits, now: datetime) -> bool:
    """Whether each local day that they count in still lasts."""
    return all(cap.zone is None or local_day(debits.at, cap.zone) == local_day(now, cap.zone) for cap in debits.caps)
