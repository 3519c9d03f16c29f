"""How the database can fail its callers. Only `StoreUnavailable` may pass by itself; the others need a person."""

from camd.domain.errors import CamdError, Scope, Transient


class StoreUnavailable(Transient):
    """The database cannot be used now; nothing of the unit was stored."""

    def __init__(self, message: str) -> None:
        super().__init__(message, scope=Scope.CAMPAIGN)


class DatabaseDamaged(CamdError):
    """The database file is damaged; restore a backup."""


class UnsafeDatabase(CamdError):
    """The database stands where its durability or its lock cannot be relied on."""


class NewerSchema(CamdError):
    """The database was written by a newer camd; run that one, or restore the copy made before it."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"the database has schema {revision}, which this camd does not know")
        self.revision = revision


class NoRoomForCopy(CamdError):
    """There is no room for the copy that is made before a migration, so nothing was migrated."""


class DatabaseHeld(CamdError):
    """Another process holds the database; `holder` says which, for a person to read."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"the database is held by {holder}")
        self.holder = holder
