"""The vendors that this version knows. They stand apart from the wiring, so that a command that only reads settings
begins at once.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from camd.ports.clock import Clock
from camd.ports.lookups import Enricher
from camd.ports.providers import LeadSource
from camd.providers.apollo import ApolloSource
from camd.providers.apollo_api import ApolloApi, ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.http import Http
from camd.providers.hunter import HunterSource
from camd.providers.hunter_api import HunterApi, HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInApi, LinkedInSettings
from camd.providers.millionverifier import MillionVerifier, MillionVerifierSettings
from camd.providers.zerobounce import ZeroBounce, ZeroBounceSettings

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Vendor(Generic[M]):
    """What a vendor is made of: the model of `[providers.<name>]`, and what finds people and answers questions with
    it. `check_key` tries the key in the way that costs nothing, and raises what came of it; `key` is where it stands,
    and a vendor without one is not configured."""

    settings: type[M]
    check_key: Callable[[M, Clock], Awaitable[None]]
    source: Callable[[M, Clock], LeadSource] | None = None
    enricher: Callable[[M, Clock], Enricher] | None = None
    key: str = "api_key"


_BRIEF = Http(total_seconds=15.0)
"""For a question that a person waits for."""

VENDORS: Mapping[str, Vendor[Any]] = {
    "apollo": Vendor(
        ApolloSettings, lambda own, clock: ApolloApi(own, clock, _BRIEF).check_key(), ApolloSource, ApolloEnricher
    ),
    "dropcontact": Vendor(
        DropcontactSettings, lambda own, clock: Dropcontact(own, clock, _BRIEF).check_key(), enricher=Dropcontact
    ),
    "hunter": Vendor(
        HunterSettings, lambda own, clock: HunterApi(own, clock, _BRIEF).check_key(), HunterSource, HunterLookups
    ),
    "linkedin": Vendor(
        LinkedInSettings,
        lambda own, clock: LinkedInApi(own, clock, _BRIEF).check_key(),
        LinkedInSource,
        key="access_token",
    ),
    "millionverifier": Vendor(
        MillionVerifierSettings,
        lambda own, clock: MillionVerifier(own, clock, _BRIEF).check_key(),
        enricher=MillionVerifier,
    ),
    "zerobounce": Vendor(
        ZeroBounceSettings, lambda own, clock: ZeroBounce(own, clock, _BRIEF).check_key(), enricher=ZeroBounce
    ),
}
"""`Any`: each is whole in itself, with a model of its own."""

PROVIDER_MODELS: Mapping[str, type[BaseModel]] = {name: vendor.settings for name, vendor in VENDORS.items()}
"""The settings model of each provider, for `camd.config`."""
