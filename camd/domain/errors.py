"""The three ways weather fails, and how much each one affects. Anything else is a bug and crashes its actor."""

from datetime import timedelta
from enum import StrEnum


class Scope(StrEnum):
    """How far a failure reaches: one lead or message, one host, one account, one campaign."""

    ITEM = "item"
    DESTINATION = "destination"
    PROVIDER = "provider"
    MAILBOX = "mailbox"
    CAMPAIGN = "campaign"


class CamdError(Exception):
    """A failure that camd expects and names."""


class Failure(CamdError):
    """A classified failure of something outside the engine."""

    def __init__(self, message: str, *, scope: Scope) -> None:
        super().__init__(message)
        self.scope = scope


class Transient(Failure):
    """It may work later."""

    def __init__(self, message: str, *, scope: Scope, retry_after: timedelta | None = None) -> None:
        super().__init__(message, scope=scope)
        self.retry_after = retry_after


class RateLimited(Transient):
    """Too much was asked in a time; without `retry_after` nobody knows how long to wait."""


class BudgetExhausted(Transient):
    """What was paid for is used up."""


class Permanent(Failure):
    """It will not work, however often it is tried."""


class Uncertain(Failure):
    """It was asked for and no answer came back that can be believed: nobody knows whether it was done."""


class Misconfigured(Failure):
    """A person has to change something before it can work."""


class KeyRefused(Misconfigured):
    """An account's key is wrong, or was taken back."""


class PlanRefused(Misconfigured):
    """An account's plan, role or version does not include this."""


class Invalid(CamdError):
    """An input that a person can mend: `field` names it, the message says how."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownCampaign(CamdError):
    """There is no such campaign."""
