"""Who reads what a hook is told: the source `hook` knows the names of fields, the operation what follows from them."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from camd.ports.providers import Found


@runtime_checkable
class HookReader(Protocol):
    """Reads one object of a request by the `[[sources]]` entry of its hook. `given` are the object's fields as JSON
    values, under whatever names the sender has for them. Both raise `Invalid`, naming the field that is wrong."""

    def told(self, settings: Mapping[str, object], given: Mapping[str, object]) -> Mapping[str, str]:
        """What it asks for: `action` (left out: lead), `email` as a bare address and, for any other action than lead,
        `mrr`, `currency` and `reason`, each as it was written; without those that are not there."""
        ...

    def person(self, settings: Mapping[str, object], given: Mapping[str, object]) -> Found: ...
