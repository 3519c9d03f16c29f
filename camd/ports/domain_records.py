"""What the domain of a mailbox says about who may send for it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SenderRecords:
    """Whether each record is published; None where that could not be looked up."""

    spf: bool | None = None
    dkim: bool | None = None
    dmarc: bool | None = None


class DomainRecords(Protocol):
    async def look_up(self, domain: str, smtp_host: str) -> SenderRecords:
        """For mail from `domain` that leaves through `smtp_host`. Never raises: trouble is None."""
        ...
