"""What a mail says as a whole, over the real renderer."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Channel, Definition, Step
from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.domain.opt_out import make_token, read_token
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.pipeline.context import Context
from camd.pipeline.mail_text import compose, opt_out_url
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.settings import PublicSettings, SenderSettings, Settings
from camd.sim.clock import START
from camd.sim.world import World, plain_settings, simulate

KEY = bytes(range(32))
FIRST = Step(1, "For {{ company }}", "Hello {{ first_name }}")
SECOND = Step(2, "Again {{ gone }}", "Still there, {{ first_name }}?", wait_days=Decimal(3))
TASK = Step(3, "Call", "Call {{ first_name }}", Channel.TASK)
PAGE = "https://mail.acme.example/u/x"
SENDER = SenderSettings("Ann", "Acme", "1 High Street")


def composed(
    folder: Path, step: Step, *, sender: SenderSettings = SENDER, language: str = "en", **how: Any
) -> Rendered | Missing | TemplateProblem:
    """`Any`: the keywords of `compose`."""

    async def scenario(world: World) -> Rendered | Missing | TemplateProblem:
        facts = Facts(email="bob@firm.example", first_name="Bob", company="Firm")
        lead = Lead(LeadId("ld_1"), CampaignId(1), "k", LeadState(LeadStatus.ENRICHED), facts, START, START)
        ctx: Context = replace(world.context, settings=replace(world.settings, sender=sender))
        given: Mapping[str, Any] = {"thread": None, "opt_out_url": None} | how
        return compose(ctx, Definition("Q1", language=language), lead, step, **given)

    return simulate(folder, scenario)


def test_a_mail_ends_with_who_writes_and_the_way_out(tmp_path: Path) -> None:
    assert composed(tmp_path, FIRST, opt_out_url=PAGE) == Rendered(
        "For Firm",
        f"Hello Bob\n\n-- \nAnn, Acme\n1 High Street\n\nIf you would rather not hear from us again: {PAGE}\n",
    )


def test_without_a_page_the_way_out_is_a_reply_in_the_campaigns_language(tmp_path: Path) -> None:
    text = composed(tmp_path, FIRST, language="de")
    assert isinstance(text, Rendered)
    assert text.body.endswith("Wenn Sie nichts mehr von uns hören möchten: antworten Sie mit dem Wort „abmelden“\n")


@pytest.mark.parametrize(
    ("thread", "subject"), [("For Firm", "Re: For Firm"), ("RE: For Firm", "RE: For Firm"), ("Reply", "Re: Reply")]
)
def test_a_follow_up_answers_in_its_thread_and_needs_no_subject_of_its_own(
    tmp_path: Path, thread: str, subject: str
) -> None:
    text = composed(tmp_path, SECOND, thread=thread)
    assert isinstance(text, Rendered)
    assert text.subject == subject
    assert text.body.startswith("Still there, Bob?\n\n-- \n")


def test_a_task_has_no_footer_and_no_thread(tmp_path: Path) -> None:
    assert composed(tmp_path, TASK, thread="For Firm", opt_out_url=PAGE) == Rendered("Call", "Call Bob\n")


def test_a_missing_fact_of_the_lead_is_named(tmp_path: Path) -> None:
    assert composed(tmp_path, SECOND) == Missing("gone")


def test_a_missing_sender_makes_no_mail_and_is_marked_in_a_preview(tmp_path: Path) -> None:
    nobody = SenderSettings("Ann")
    assert composed(tmp_path, FIRST, sender=nobody) == Missing("sender.company")
    text = composed(tmp_path, FIRST, sender=nobody, preview=True)
    assert isinstance(text, Rendered)
    assert "Ann, [sender.company]\n[sender.postal_address]\n" in text.body


def test_a_footer_of_the_operators_own_that_does_not_render_is_told(tmp_path: Path) -> None:
    sender = replace(SENDER, footers={"en": "{{ 1 // 0 }}"})
    problem = composed(tmp_path, FIRST, sender=sender)
    assert isinstance(problem, TemplateProblem)
    assert problem.step == 0


def reachable(folder: Path, public: PublicSettings) -> Settings:
    return replace(plain_settings(folder), public=public)


def test_the_address_of_the_page_names_the_person_however_the_address_is_written(tmp_path: Path) -> None:
    settings = reachable(tmp_path, PublicSettings(enabled=True, base_url="https://mail.acme.example"))
    url = opt_out_url(settings, KEY, "Bob+x@Firm.example")
    assert url == f"https://mail.acme.example/u/{make_token(KEY, parse_address('bob@firm.example').key)}"
    hashed = keyed_hash(KEY, SuppressionKind.ADDRESS, "bob@firm.example")
    assert read_token(KEY, url.rpartition("/")[2]) == hashed


@pytest.mark.parametrize(
    "public",
    [
        PublicSettings(),
        PublicSettings(enabled=False, base_url="https://mail.acme.example"),
        PublicSettings(enabled=True, base_url="http://mail.acme.example"),
    ],
)
def test_there_is_no_page_but_by_https(tmp_path: Path, public: PublicSettings) -> None:
    assert opt_out_url(reachable(tmp_path, public), KEY, "bob@firm.example") is None


def test_what_is_no_address_has_no_page(tmp_path: Path) -> None:
    settings = reachable(tmp_path, PublicSettings(enabled=True, base_url="https://mail.acme.example"))
    with pytest.raises(Invalid):
        opt_out_url(settings, KEY, "bob")
