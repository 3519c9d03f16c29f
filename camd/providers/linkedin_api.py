"""LinkedIn's Lead Sync API: reads of form responses, and what its answers mean.

Every failure comes out as `Misconfigured`, `Transient` or `Permanent` with a mend; none repeats what the answer said.
Source: learn.microsoft.com/en-us/linkedin/marketing/lead-sync/leadsync, and .../marketing/versioning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, BeforeValidator

from camd.domain.errors import Failure, Misconfigured, Permanent, Scope, Transient
from camd.ports.clock import Clock
from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent, Unreadable

PAGE = 100
OLD_AFTER_MONTHS = 9
"""A version lives 12 months at least."""
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""LinkedIn's 429 says nothing of when to come back; after these, its daily quotas begin anew."""
QUOTAS_BEGIN = time(0, 5)
"""UTC; they are reset at midnight."""
FIELDS = (
    "id,submittedAt,testLead,leadType,owner,versionedLeadGenFormUrn,leadMetadataInfo,associatedEntityInfo,"
    "formResponse,form:(hiddenFields,creationLocale,name,id,content)"
)
_OWNER = re.compile(r"urn:li:(sponsoredAccount|organization):\d{1,20}")
_LEAD_TYPES = {
    "sponsoredAccount": ("SPONSORED",),
    "organization": ("COMPANY", "EVENT", "ORGANIZATION_PRODUCT"),
}


def _version(text: str) -> str:
    if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", text):
        raise ValueError("must be a version of the API: year and month in six digits")
    return text


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class LinkedInSettings(BaseModel):
    """`[providers.linkedin]`."""

    access_token: HeaderSecret | None = None
    version: Annotated[str, BeforeValidator(_text), AfterValidator(_version)] | None = None
    base_url: BaseUrl = "https://api.linkedin.com/rest"


@dataclass(frozen=True, slots=True)
class Owner:
    """Of the forms: an ad account or a page."""

    kind: str
    urn: str

    @classmethod
    def read(cls, text: object) -> "Owner | None":
        match = _OWNER.fullmatch(text) if isinstance(text, str) else None
        return cls(match[1], match[0]) if match else None

    @property
    def lead_types(self) -> Sequence[str]:
        """An answer holds leads of one type; only an ad account has sponsored ones."""
        return _LEAD_TYPES[self.kind]

    @property
    def query(self) -> str:
        # Rest.li 2.0: the parentheses and colons of its own stay as they are, those inside a URN are encoded.
        return f"({self.kind}:{quote(self.urn, safe='')})"


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer to a list; `total` counts what there is behind all of them, if it says so."""

    elements: Sequence[object]
    total: int | None

    def is_last(self, reached: int) -> bool:
        """Whether nothing comes behind the `reached` ones that were asked for so far."""
        return reached >= self.total if self.total is not None else len(self.elements) < PAGE


class LinkedInApi:
    """The calls that the source makes, all of them reads."""

    def __init__(self, settings: LinkedInSettings, clock: Clock, http: Http) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http
        self._refusals = 0

    def problems(self) -> list[str]:
        """What keeps it from being asked at all."""
        problems = []
        if self._settings.access_token is None:
            problems.append("set providers.linkedin.access_token to a token with r_marketing_leadgen_automation")
        if self._settings.version is None:
            problems.append("set providers.linkedin.version to a current version of the API, such as 202607")
        return problems

    def warnings(self) -> list[str]:
        """What will keep it from being asked in some months."""
        version, now = self._settings.version, self._clock.now()
        if version is None:
            return []
        months = (now.year - int(version[:4])) * 12 + now.month - int(version[4:])
        if months <= OLD_AFTER_MONTHS:
            return []
        mend = "set providers.linkedin.version to a newer one before LinkedIn ends it"
        return [f"version {version} of the API is {months} months old; {mend}"]

    async def check_key(self) -> None:
        """Asks for a response that nobody gave. Raises what the answer means; that there is none is what is hoped."""
        try:
            await self.exists("0")
        except Misconfigured as refusal:
            # Of scope campaign: LinkedIn took the token and does not know what was asked for.
            if refusal.scope is not Scope.CAMPAIGN:
                raise

    async def responses(self, owner: Owner, lead_type: str, start: int, end: int, offset: int) -> Batch:
        """Up to PAGE responses submitted in [start, end), in milliseconds of the epoch, from the `offset`-th on."""
        query = (
            f"q=owner&owner={owner.query}&leadType=(leadType:{lead_type})&limitedToTestLeads=false"
            f"&submittedAtTimeRange=(start:{start},end:{end})&fields={FIELDS}&count={PAGE}&start={offset}"
        )
        return await self._list(f"leadFormResponses?{query}")

    async def forms(self, owner: Owner, offset: int) -> Batch:
        """Up to PAGE forms with their questions, from the `offset`-th on."""
        return await self._list(f"leadForms?q=owner&owner={owner.query}&count={PAGE}&start={offset}")

    async def exists(self, response_id: str) -> bool:
        """False where LinkedIn says that it knows no such response (any more)."""
        try:
            await self._get(f"leadFormResponses/{quote(response_id, safe='')}")
        except _NotFound:
            return False
        return True

    async def _list(self, target: str) -> Batch:
        match await self._get(target):
            case {"elements": list(elements), "paging": {"total": int(total)}}:
                return Batch(elements, total)
            case {"elements": list(elements)}:
                return Batch(elements, None)
        raise self._weather("its answer has no list")

    async def _get(self, target: str) -> Any:
        token, version = self._settings.access_token, self._settings.version
        if token is None or version is None:
            raise Misconfigured("; ".join(self.problems()), scope=Scope.PROVIDER)
        headers = {
            "Authorization": f"Bearer {token.get_secret_value()}",
            "LinkedIn-Version": version,
            "X-Restli-Protocol-Version": "2.0.0",
        }
        try:
            answer = await self._http.request("GET", f"{self._settings.base_url}/{target}", headers=headers)
            if answer.status == 200:
                told = answer.json()
                self._refusals = 0
                return told
        except (NotSent, AnswerLost, Unreadable) as error:
            # All calls are reads: one whose answer was lost may be made again.
            raise self._weather(str(error)) from error
        raise self._refused(answer, version)

    def _refused(self, answer: Answer, version: str) -> Failure:
        match answer.status:
            case 401:
                mend = "renew it and set providers.linkedin.access_token"
                return Misconfigured(f"LinkedIn does not accept the access token (401); {mend}", scope=Scope.PROVIDER)
            case 403:
                mend = (
                    "give the token's member a role on the ad account and page of the campaign's owner, and the token "
                    "the scope r_marketing_leadgen_automation"
                )
                return Misconfigured(
                    f"LinkedIn does not let this token read the leads (403); {mend}", scope=Scope.PROVIDER
                )
            case 404:
                mend = "correct the source's owner, or providers.linkedin.base_url"
                return _NotFound(f"LinkedIn knows no such owner (404); {mend}", scope=Scope.CAMPAIGN)
            case 426:
                mend = "set providers.linkedin.version to a newer one (YYYYMM)"
                return Misconfigured(
                    f"LinkedIn has ended version {version} of its API (426); {mend}", scope=Scope.PROVIDER
                )
            case 429:
                wait = answer.retry_after(self._clock.now()) or self._back_off()
                return Transient("LinkedIn's quota is used up (429)", scope=Scope.PROVIDER, retry_after=wait)
            case 400:
                mend = "correct the source's owner, or set providers.linkedin.version to another one"
                return Misconfigured(f"LinkedIn does not understand the request (400); {mend}", scope=Scope.CAMPAIGN)
            case status if status >= 500 or status == 408:
                asked = answer.retry_after(self._clock.now())
                return Transient(f"LinkedIn is in trouble ({status})", scope=Scope.PROVIDER, retry_after=asked)
            case status if status < 400:
                # Most often not LinkedIn: a portal or a firewall before it.
                return self._weather(f"{status} instead of an answer")
            case status:
                return Permanent(f"LinkedIn refuses the request ({status})", scope=Scope.PROVIDER)

    def _back_off(self) -> timedelta:
        self._refusals += 1
        if self._refusals <= len(BACK_OFF):
            return BACK_OFF[self._refusals - 1]
        return _until_quotas_begin(self._clock.now())

    def _weather(self, why: str) -> Transient:
        return Transient(f"LinkedIn gave no usable answer: {why}", scope=Scope.PROVIDER)


class _NotFound(Misconfigured):
    """LinkedIn knows no such thing."""


def _until_quotas_begin(now: datetime) -> timedelta:
    today = datetime.combine(now.date(), QUOTAS_BEGIN, tzinfo=now.tzinfo)
    return (today if today > now else today + timedelta(days=1)) - now
