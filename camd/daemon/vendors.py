"""The vendors that this version knows. They stand apart from the wiring, so that a command that only reads settings
begins at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from camd.ports.clock import Clock
from camd.ports.lookups import Enricher
from camd.ports.providers import LeadSource
from camd.providers.apollo import ApolloSource
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.hunter import HunterSource
from camd.providers.hunter_api import HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInSettings
from camd.providers.millionverifier import MillionVerifier, MillionVerifierSettings
from camd.providers.zerobounce import ZeroBounce, ZeroBounceSettings

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Vendor(Generic[M]):
    """What a vendor is made of: the model of `[providers.<name>]`, and what finds people and answers questions with
    it."""

    settings: type[M]
    source: Callable[[M, Clock], LeadSource] | None = None
    enricher: Callable[[M, Clock], Enricher] | None = None


VENDORS: Mapping[str, Vendor[Any]] = {
    "apollo": Vendor(ApolloSettings, ApolloSource, ApolloEnricher),
    "dropcontact": Vendor(DropcontactSettings, enricher=Dropcontact),
    "hunter": Vendor(HunterSettings, HunterSource, HunterLookups),
    "linkedin": Vendor(LinkedInSettings, LinkedInSource),
    "millionverifier": Vendor(MillionVerifierSettings, enricher=MillionVerifier),
    "zerobounce": Vendor(ZeroBounceSettings, enricher=ZeroBounce),
}
"""`Any`: each is whole in itself, with a model of its own."""

PROVIDER_MODELS: Mapping[str, type[BaseModel]] = {name: vendor.settings for name, vendor in VENDORS.items()}
"""The settings model of each provider, for `camd.config`."""
