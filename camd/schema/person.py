"""One person in every campaign."""

from typing import Any

from camd.schema.lead import LeadExport
from camd.schema.suppression import Suppression
from camd.schema.values import View


class PersonExport(View):
    """Everything that is kept of whoever has the address, also where nobody knows it yet.

    `suppression` is what keeps camd from writing to the address. `candidates` are rows of sources that are not yet
    leads, `inbound` messages from the address that belong to none of the leads."""

    address: str
    suppression: Suppression | None
    leads: list[LeadExport]
    candidates: list[dict[str, Any]]
    inbound: list[dict[str, Any]]


class PersonErased(View):
    """What was emptied or removed by this erasure; the suppression that stays keeps a keyed hash alone."""

    leads: int
    candidates: int
    messages: int
