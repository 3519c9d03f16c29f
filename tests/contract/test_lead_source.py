"""One suite for every source of people: a file, the vendors' simulators, and the lists of a simulation.

A reader here is as forgetful as a daemon that is killed after each page: only the cursor is left, as JSON.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from camd.domain.contact import lead_key
from camd.domain.errors import Misconfigured, Scope
from camd.ports.providers import Cursor, Found, LeadSource, NotYet, Page
from camd.providers.apollo import ApolloSource
from camd.providers.apollo_api import ApolloSettings
from camd.providers.csv_file import CsvSource
from camd.providers.hunter import HunterSource
from camd.providers.hunter_api import HunterSettings
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInSettings
from camd.schema.status import FieldKind
from camd.sim.fakes import ListSource
from camd.sim.world import people
from tests.simulators.apollo import KEY as APOLLO_KEY
from tests.simulators.apollo import Apollo
from tests.simulators.hunter import KEY as HUNTER_KEY
from tests.simulators.hunter import Hunter
from tests.simulators.linkedin import ACCOUNT, TOKEN, LinkedIn, response
from tests.simulators.people import population

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
COUNT = 7
EVERYBODY = sorted(f"p{number}@c{number}.example" for number in range(COUNT))


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Kind:
    """A source over COUNT people: how a process makes it, a usable entry, and an unusable one with its bad field."""

    make: Callable[[], LeadSource]
    entry: Mapping[str, object]
    wrong: Mapping[str, object]
    bad_field: str
    everybody: Sequence[str] = field(default_factory=lambda: EVERYBODY)
    """Addresses, or of stubs, which have none, references."""


@pytest.fixture(params=["apollo", "csv", "hunter", "linkedin", "list"])
async def kind(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kind]:
    known = population(COUNT)
    match request.param:
        case "apollo":
            async with Apollo(people=list(known)).serving() as server:
                apollo = ApolloSettings(api_key=SecretStr(APOLLO_KEY), base_url=server.base_url)
                yield Kind(
                    lambda: ApolloSource(apollo, StillClock()),
                    {"person_locations": ["france"]},
                    {"person_locations": 1},
                    "person_locations",
                    sorted(each.apollo_id for each in known),
                )
        case "hunter":
            async with Hunter(people=list(known)).serving() as server:
                hunter = HunterSettings(api_key=SecretStr(HUNTER_KEY), base_url=server.base_url)
                yield Kind(
                    lambda: HunterSource(hunter, StillClock()),
                    {"domains": [each.domain for each in known]},
                    {"domains": "nordwind"},
                    "domains",
                    sorted(each.email for each in known),
                )
        case "csv":
            file = tmp_path / "people.csv"
            rows = [f"p{number}@c{number}.example,P{number}" for number in range(COUNT)]
            file.write_text("\n".join(["email,first_name", *rows, ""]), encoding="utf-8")
            yield Kind(lambda: CsvSource(StillClock()), {"path": str(file)}, {"path": 1}, "path")
        case "linkedin":
            # All at one instant: a cursor that only remembers an instant would skip or repeat.
            planted = [response(number, NOW - timedelta(hours=1)) for number in range(COUNT)]
            async with LinkedIn(planted).serving() as server:
                settings = LinkedInSettings(access_token=SecretStr(TOKEN), version="202610", base_url=server.base_url)
                make = lambda: LinkedInSource(settings, StillClock())  # noqa: E731
                yield Kind(make, {"owner": ACCOUNT}, {"owner": "me"}, "owner")
        case _:
            source = ListSource({"people": people(COUNT)})
            yield Kind(lambda: source, {"list": "people"}, {"list": "nobody"}, "list")


def kept(cursor: Cursor) -> Cursor:
    restored: Cursor = json.loads(json.dumps(dict(cursor)))
    assert restored == dict(cursor)
    return restored


async def pages(kind: Kind, limit: int, entry: Mapping[str, object] | None = None) -> AsyncIterator[Page]:
    """Until the source has no more for now."""
    cursor: Cursor | None = None
    for _ in range(10 * COUNT):
        page = await kind.make().fetch(entry or kind.entry, cursor, limit)
        if isinstance(page, NotYet):
            assert page.until > NOW
            return
        yield page
        if page.exhausted:
            return
        cursor = kept(page.cursor)
    raise AssertionError("the source never comes to rest")


async def everybody(kind: Kind, limit: int, entry: Mapping[str, object] | None = None) -> list[Found]:
    return [found async for page in pages(kind, limit, entry) for found in page.found]


@pytest.mark.parametrize("limit", [1, 2, 3, COUNT, 1000])
async def test_each_person_is_found_once_whatever_the_size_of_a_page(kind: Kind, limit: int) -> None:
    found = await everybody(kind, limit)
    assert sorted(each.facts.email or each.source_ref for each in found) == kind.everybody
    assert len({each.source_ref for each in found}) == COUNT


@pytest.mark.parametrize("limit", [1, 3])
async def test_a_page_is_never_longer_than_asked_for(kind: Kind, limit: int) -> None:
    assert max([len(page.found) + len(page.rejected) async for page in pages(kind, limit)]) <= limit


async def test_a_page_that_was_lost_before_it_was_stored_comes_again(kind: Kind) -> None:
    first = await kind.make().fetch(kind.entry, None, 2)
    assert isinstance(first, Page)
    twice = [await kind.make().fetch(kind.entry, kept(first.cursor), 2) for _ in range(2)]
    given = [[each.source_ref for each in page.found] for page in twice if isinstance(page, Page)]
    assert len(given) == 2
    assert given[0] == given[1]
    assert not set(given[0]) & {each.source_ref for each in first.found}


async def test_references_are_the_same_in_another_reading(kind: Kind) -> None:
    first, second = [{each.source_ref for each in await everybody(kind, limit)} for limit in (2, 1000)]
    assert first == second


@pytest.mark.parametrize("limit", [2, 1000])
async def test_max_candidates_is_the_most_that_a_source_gives(kind: Kind, limit: int) -> None:
    assert len(await everybody(kind, limit, {**kind.entry, "max_candidates": 5})) == 5


async def test_whoever_is_found_can_become_a_lead(kind: Kind) -> None:
    found = await everybody(kind, 1000)
    named = [replace(each.facts, source=kind.make().name, source_ref=each.source_ref) for each in found]
    assert len({lead_key(facts) for facts in named}) == COUNT


async def test_a_usable_entry_has_no_problems(kind: Kind) -> None:
    assert list(kind.make().check(kind.entry)) == []


async def test_a_form_can_be_made_of_the_fields_that_a_source_declares(kind: Kind) -> None:
    source = kind.make()
    known = {declared.name: declared for declared in source.fields}
    assert len(known) == len(source.fields)
    assert {declared.name for declared in source.fields if declared.required} <= kind.entry.keys() <= known.keys()
    assert known["max_candidates"].kind is FieldKind.NUMBER
    assert all(declared.about and not declared.about.endswith(".") for declared in source.fields)
    for value in (object(), "", 0, [], {}, True):
        told = [problem.partition(":")[0] for problem in source.check(dict.fromkeys(known, value))]
        assert set(told) <= known.keys()


async def test_a_wrong_entry_is_told_by_its_field_and_fails_for_its_campaign_alone(kind: Kind) -> None:
    [problem] = kind.make().check(kind.wrong)
    assert problem.startswith(f"{kind.bad_field}: ")
    with pytest.raises(Misconfigured, match=f"^{kind.bad_field}: ") as caught:
        await kind.make().fetch(kind.wrong, None, 1000)
    assert caught.value.scope is Scope.CAMPAIGN
