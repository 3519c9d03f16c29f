"""What becomes of the answers to a form."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.providers.linkedin_lead import Response, found
from tests.simulators.linkedin import question, response

AT = datetime(2026, 1, 20, 9, 6, 40, tzinfo=UTC)
MARA = {"FIRST_NAME": "Mara", "LAST_NAME": "Linden", "EMAIL": "mara.linden@nordwind.example"}


def facts(answers: dict[str, str] | None = None, **more: Any) -> Facts:
    return found(Response.model_validate(response(7, AT, answers=MARA if answers is None else answers, **more))).facts


def test_every_predefined_field_becomes_its_fact() -> None:
    read = facts(
        MARA
        | {
            "WORK_PHONE_NUMBER": "030 901820",
            "JOB_TITLE": "Head of Fleet",
            "SENIORITY": "Director",
            "COMPANY_NAME": "Nordwind",
            "COMPANY_SIZE": "51-200",
            "INDUSTRY": "Logistics",
            "CITY": "Berlin",
            "STATE": "Brandenburg",
            "COUNTRY": "Germany",
            "LINKEDIN_PROFILE_LINK": "https://www.linkedin.com/in/mara-linden/?x=1",
        }
    )
    assert read == Facts(
        email="mara.linden@nordwind.example",
        first_name="Mara",
        last_name="Linden",
        title="Head of Fleet",
        seniority="director",
        company="Nordwind",
        domain="nordwind.example",
        industry="Logistics",
        employee_count=51,
        country="DE",
        city="Berlin",
        linkedin_url=read.linkedin_url,
        phone="+4930901820",
        consent="LinkedIn form 7149246 version 1, 2026-01-20T09:06:40Z: agreed to 0",
        custom={
            "region": "Brandenburg",
            "employee_count": "51-200",
            "consent_0": "accepted",
            "form": "7149246",
            "form_name": "Fleet guide",
            "submitted_at": "2026-01-20T09:06:40Z",
            "linkedin_campaign": "urn:li:sponsoredCampaign:198356826",
        },
        source="linkedin",
        source_ref="0b1e6f6e-2a4c-4c55-9d1e-000000000007-2",
    )
    assert read.linkedin_url is not None
    assert read.linkedin_url.endswith("in/mara-linden")


def test_the_address_at_work_goes_before_the_private_one_which_becomes_a_tag() -> None:
    read = facts({"EMAIL": "mara@gmail.com", "WORK_EMAIL": "mara.linden@nordwind.example"})
    assert (read.email, read.tags) == ("mara.linden@nordwind.example", ("mara@gmail.com",))


def test_an_address_at_work_that_cannot_be_read_gives_way_to_the_other() -> None:
    assert facts({"EMAIL": "mara@gmail.com", "WORK_EMAIL": "none"}).email == "mara@gmail.com"


def test_a_free_mail_address_says_nothing_of_the_company() -> None:
    assert facts({"EMAIL": "mara@gmail.com"}).domain is None


def test_the_forms_own_questions_become_custom_facts_with_the_labels_of_what_was_chosen() -> None:
    colours = question(607149246, None, "Which colour?", options=["blue", "red", "green"])
    assert facts(questions=[colours], choices={607149246: [1, 2]}).custom["which_colour"] == "red, green"


def test_an_answer_whose_question_is_not_told_keeps_its_number() -> None:
    assert facts(choices={99: [4]}).custom["question_99"] == "4"


def test_hidden_fields_and_unknown_questions_of_linkedins_become_tags() -> None:
    read = facts(MARA | {"DEGREE": "MSc"}, hidden={"utm_source": "spring"})
    assert read.tags == ("utm_source=spring", "degree=MSc")


@pytest.mark.parametrize("consents", [(False,), (True, False), ()])
def test_consent_is_stated_only_where_everything_was_agreed_to(consents: tuple[bool, ...]) -> None:
    read = facts(consents=consents)
    assert read.consent is None
    assert [read.custom.get(f"consent_{place}") for place in range(len(consents))] == [
        "accepted" if said else "declined" for said in consents
    ]


def test_a_line_break_in_an_answer_cannot_begin_another_header() -> None:
    read = facts(MARA | {"COMPANY_NAME": "Nord\r\nwind\0 AG", "JOB_TITLE": "\u2028Head\u2028"})
    assert (read.company, read.title) == ("Nord wind AG", "Head")


def test_names_are_written_as_names() -> None:
    read = facts(MARA | {"FIRST_NAME": "MARA", "LAST_NAME": "linden, PhD"})
    assert (read.first_name, read.last_name) == ("Mara", "Linden")


def test_the_member_who_submitted_is_not_kept() -> None:
    assert "never-to-be-kept" not in repr(found(Response.model_validate(response(7, AT))))


def test_null_is_as_good_as_left_out() -> None:
    lead = response(7, AT, answers=MARA)
    lead |= {"leadMetadata": None, "testLead": None}
    lead["form"]["hiddenFields"] = None
    lead["form"]["content"]["questions"][0]["questionDetails"] = None
    assert found(Response.model_validate(lead)).facts.first_name == "Mara"


def test_the_attribution_is_read_under_its_other_name_too() -> None:
    lead = response(7, AT, answers=MARA)
    lead["leadMetadataInfo"] = lead.pop("leadMetadata")
    assert "linkedin_campaign" in found(Response.model_validate(lead)).facts.custom


def test_a_form_is_known_by_its_urn_and_else_by_its_number() -> None:
    lead = response(7, AT, form=5)
    assert Response.model_validate(lead).form_id == "5"
    del lead["versionedLeadGenFormUrn"]
    assert Response.model_validate(lead).form_id == "5"


@pytest.mark.parametrize("answers", [{}, {"FIRST_NAME": "Mara"}, {"COMPANY_NAME": "Nordwind"}, {"EMAIL": " "}])
def test_nobody_is_made_of_too_little(answers: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        facts(answers)
    assert caught.value.field == "no_identity"


@pytest.mark.parametrize("key", ["id", "submittedAt"])
def test_a_lead_without_its_identity_is_malformed(key: str) -> None:
    lead = response(7, AT)
    del lead[key]
    with pytest.raises(ValidationError):
        Response.model_validate(lead)


def test_too_many_answers_are_cut_and_told_of() -> None:
    asked = [question(number, None, f"Question {number}") for number in range(60)]
    row = found(Response.model_validate(response(7, AT, questions=asked, choices={n: [1] for n in range(60)})))
    assert len(row.facts.custom) == 50
    assert row.facts.custom["submitted_at"] == "2026-01-20T09:06:40Z"
    assert row.notes == ("custom: more than 50 answers, the first ones are left out",)
