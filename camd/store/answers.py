"""What requests with an `Idempotency-Key` were answered, for a day."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from camd.ports.answer_store import KEPT_FOR, KeptAnswer
from camd.store.rows import columns_of, values
from camd.store.tables import IS_PERSONAL, answers

_row = answers.c

GET = select(*columns_of(answers, KeptAnswer)).where(_row.id == bindparam("answer_id"), _row.at > bindparam("after"))
ADD = insert(answers)
FORGET_OLD = delete(answers).where(_row.at <= bindparam("until"))
FORGET_PERSONAL = delete(answers).where(IS_PERSONAL)


class Answers:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, answer_id: str, now: datetime) -> KeptAnswer | None:
        row = self._connection.execute(GET, {"answer_id": answer_id, "after": now - KEPT_FOR}).first()
        return None if row is None else KeptAnswer(*row)

    def add(self, answer: KeptAnswer) -> None:
        self._connection.execute(FORGET_OLD, {"until": answer.at - KEPT_FOR})
        self._connection.execute(ADD, values(answer))

    def forget_personal(self) -> int:
        return self._connection.execute(FORGET_PERSONAL).rowcount
