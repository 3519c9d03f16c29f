"""Who somebody is, of whom more is known than before."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.lead import Lead, LostReason
from camd.operations import leads as operations
from camd.operations.errors import Conflict
from camd.pipeline.recognise import believable, recognised, usable
from camd.ports.providers import Found
from camd.schema.lead import LeadPatch
from camd.sim.world import OPERATOR, World, people, simulate

NAMELESS = Found("row 7", Facts(first_name="Ann", last_name="Lee", company="Acme"))
PROFILE = "https://www.linkedin.com/in/ann-lee"


def test_a_line_break_in_a_name_is_refused_and_a_profile_gets_its_one_form() -> None:
    with pytest.raises(Invalid):
        usable(Facts(company="Acme\r\nBcc: x"))
    with pytest.raises(Invalid):
        usable(Facts(email="nobody"))
    assert usable(Facts(linkedin_url="de.linkedin.com/in/Ann-Lee/")).linkedin_url == PROFILE


def test_of_what_a_provider_says_only_what_cannot_be_used_is_left_out() -> None:
    told = Facts(email="n/a", first_name="Ann", last_name="Lee\n", title="CEO", company="A\0", phone="+1")
    assert believable(told) == Facts(first_name="Ann", title="CEO", phone="+1")
    assert believable(Facts(email="ann@acme.example")) == Facts(email="ann@acme.example")


def judged(tmp_path: Path, learned: Callable[[Facts], Facts], *others: Found, suppress: str | None = None) -> object:
    """What becomes of the nameless lead, which learns that."""

    async def scenario(world: World) -> object:
        campaign = await world.campaign(NAMELESS, *others)
        await world.cycle(campaign)
        if suppress:
            await world.suppress(suppress)
        lead = next(each for each in await world.leads(campaign) if each.facts.source_ref == "row 7")
        after = replace(lead, facts=learned(lead.facts))
        return await world.store.write(lambda tx: recognised(tx, lead, after))

    return simulate(tmp_path, scenario)


def test_who_learned_an_address_is_known_by_it_from_then_on(tmp_path: Path) -> None:
    found = judged(tmp_path, lambda facts: replace(facts, email="Ann@acme.example"))
    assert isinstance(found, Lead)
    assert found.key == "address:ann@acme.example"


def test_who_learned_nothing_is_not_looked_for(tmp_path: Path) -> None:
    found = judged(tmp_path, lambda facts: facts)
    assert isinstance(found, Lead)
    assert found.key == "source:list:row 7"


def test_who_learned_the_address_of_another_lead_is_that_one(tmp_path: Path) -> None:
    """By its own reference it finds itself first."""
    found = judged(tmp_path, lambda facts: replace(facts, email="p1@c1.example"), *people(2))
    assert found is LostReason.DUPLICATE


def test_who_learned_the_profile_of_another_lead_is_that_one(tmp_path: Path) -> None:
    other = Found("row 8", Facts(email="a@acme.example", linkedin_url=PROFILE))
    found = judged(tmp_path, lambda facts: replace(facts, linkedin_url=PROFILE), other)
    assert found is LostReason.DUPLICATE


def test_who_learned_a_suppressed_address_is_not_worked_on(tmp_path: Path) -> None:
    found = judged(tmp_path, lambda facts: replace(facts, email="ann@acme.example"), suppress="acme.example")
    assert found is LostReason.DO_NOT_CONTACT


def test_nobody_is_corrected_into_another_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2))
        await world.cycle(campaign)
        first, second = await world.leads(campaign)
        patch = LeadPatch.model_validate({"email": first.facts.email})
        with pytest.raises(Conflict, match="is this person"):
            await operations.change(world.desk, second.id, patch, actor=OPERATOR)

    simulate(tmp_path, scenario)
