"""The key of a lead of whom only the keyed hash of the address is left, as after an older database was restored."""

_PREFIX = "hash:"


def placeholder_key(address_hash: str) -> str:
    return f"{_PREFIX}{address_hash}"


def placeholder_hash(key: str) -> str | None:
    """The hash in such a key; none for the key of anybody else."""
    return key.removeprefix(_PREFIX) if key.startswith(_PREFIX) else None
