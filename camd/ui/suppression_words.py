"""Why nobody writes to an address or a domain any more, in words."""

from collections.abc import Mapping
from types import MappingProxyType

from camd.domain.suppression import SuppressionReason

REASONS: Mapping[SuppressionReason, str] = MappingProxyType(
    {
        SuppressionReason.OPERATOR: "a person decided so",
        SuppressionReason.OPTED_OUT: "they asked for no more mail",
        SuppressionReason.COMPLAINED: "they complained",
        SuppressionReason.HARD_BOUNCE: "the address does not exist",
        SuppressionReason.DO_NOT_CONTACT: "they may not be contacted",
        SuppressionReason.OBJECTED: "they objected to the use of their data",
        SuppressionReason.ERASED: "their data were erased",
    }
)
GIVEN = tuple(reason for reason in SuppressionReason if reason is not SuppressionReason.ERASED)
"""Those that a person gives; an erasure's is made by erasing."""
