from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.contact import lead_key
from camd.domain.errors import Invalid, Misconfigured, Scope
from camd.domain.facts import Facts
from camd.ports.hooks import HookReader
from camd.ports.providers import Found
from camd.providers.hook import LATER, HookSource

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ENTRY = {"name": "website"}


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


SOURCE = HookSource(StillClock())


def person(given: Mapping[str, object], **mapping: str) -> Found:
    return SOURCE.person({**ENTRY, "map": mapping}, given)


def facts(**given: object) -> Facts:
    return person({"email": "ann@acme.example", **given}).facts


def test_it_reads_what_hooks_are_told() -> None:
    assert isinstance(SOURCE, HookReader)


async def test_there_is_nothing_to_fetch_and_never_an_end() -> None:
    page = await SOURCE.fetch(ENTRY, None, 1000)
    assert page.until == NOW + LATER


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        {
            **ENTRY,
            "map": {"Your e-mail": "email", "Deal": "mrr", "Step": "action", "Why": "custom.why", "Id": "source_ref"},
        },
        {**ENTRY, "max_candidates": 1},
    ],
)
def test_a_usable_entry_has_no_problems(entry: Mapping[str, object]) -> None:
    assert list(SOURCE.check(entry)) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": 7}, "name"),
        ({"url": "x"}, "url"),
        ({"map": "email"}, "map"),
        ({"map": {"a": "surname"}}, "map"),
        ({"map": {"a": "custom.-"}}, "map"),
        ({"map": {"a": 1}}, "map"),
        ({"max_candidates": 0}, "max_candidates"),
        ({"max_candidates": True}, "max_candidates"),
    ],
)
async def test_a_wrong_entry_is_told_by_its_field_and_fails_for_its_campaign_alone(
    wrong: Mapping[str, object], field: str
) -> None:
    entry = {**ENTRY, **wrong}
    [problem] = SOURCE.check(entry)
    assert problem.startswith(f"{field}: ")
    with pytest.raises(Misconfigured, match=f"^{field}: ") as caught:
        await SOURCE.fetch(entry, None, 1)
    assert caught.value.scope is Scope.CAMPAIGN


def test_values_are_cleaned_as_an_import_s_are() -> None:
    found = facts(
        **{
            "Vorname": " ANN ",
            "Nachname": "o'neil, PhD",
            "Position": "Head of Sales",
            "company_name": "Acme",
            "website": "https://WWW.Acme.example/about",
            "Company Size": "51-200",
            "Land": "germany",
            "tz": "CET",
            "Telefon": "030 901820",
            "linkedIn": "de.linkedin.com/in/Ann-Lee/",
            "Tags": "hot; fair",
            "consent": True,
            "expected mrr": 99.5,
            "city": "n/a",
        }
    )
    assert (found.first_name, found.last_name, found.title, found.seniority) == (
        "Ann",
        "O'Neil",
        "Head of Sales",
        "head",
    )
    assert (found.company, found.domain, found.employee_count) == ("Acme", "acme.example", 51)
    assert (found.country, found.phone, found.city) == ("DE", "+4930901820", None)
    assert found.linkedin_url == "https://www.linkedin.com/in/ann-lee"
    assert (found.tags, found.consent, found.expected_mrr) == (("hot", "fair"), "true", Decimal("99.5"))
    assert not found.custom


def test_a_map_goes_before_names_that_are_known() -> None:
    given = {"email": "office@acme.example", "Your  E-Mail": "ann@acme.example", "role": "Surgeon", "Wish": "more"}
    found = person(given, **{"your e-mail": "email", "role": "custom.team", "wish": "title"}).facts
    assert (found.email, found.title, dict(found.custom)) == ("ann@acme.example", "more", {"team": "Surgeon"})


def test_unknown_fields_are_kept_under_names_that_templates_can_use() -> None:
    given = {
        "Your question?": "Why?\nHow?",
        "custom": {"Plan": "pro", "seats": 7},
        "custom.plan": "free",
        "\u96fb\u8a71": "later",
        "utm": {"source": ["a", {"b": None}]},
        "url": "https://acme.example/form",
        "nothing": None,
    }
    assert dict(facts(**given).custom) == {
        "your_question": "Why?\nHow?",
        "plan": "pro",
        "seats": "7",
        "plan_5": "free",
        "field_6": "later",
        "utm": '{"source": ["a", {"b": null}]}',
        "url": "https://acme.example/form",
    }


def test_nothing_that_is_kept_holds_a_nul() -> None:
    found = facts(city="Par\0is", tags=["a\0b"], answer="a\0b")
    assert (found.city, found.tags, dict(found.custom)) == ("Paris", ("ab",), {"answer": "ab"})


def test_what_is_kept_is_bounded() -> None:
    found = person({"email": "ann@acme.example", **{f"q{number}": "x" * 2000 for number in range(60)}})
    assert len(found.facts.custom) == 50
    assert {len(text) for text in found.facts.custom.values()} == {1000}
    assert [note.partition(":")[0] for note in found.notes] == ["custom", "custom"]
    assert len(facts(tags=[f"t{number}" for number in range(200)]).tags) == 100
    with pytest.raises(Invalid, match="at most 200 fields"):
        person({f"q{number}": "" for number in range(201)})


@pytest.mark.parametrize(
    ("name", "value"),
    [("employees", "9" * 30), ("employees", "some"), ("expected_mrr", 1e22), ("expected_mrr", "much")],
)
def test_an_amount_that_is_none_is_left_out_and_noted(name: str, value: object) -> None:
    found = person({"email": "ann@acme.example", name: value})
    assert (found.facts.employee_count, found.facts.expected_mrr) == (None, None)
    assert len(found.notes) == 1


@pytest.mark.parametrize("box", [False, "no", "0", "nein"])
def test_a_box_that_was_not_ticked_is_no_consent_and_no_refusal(box: object) -> None:
    found = person({"email": "ann@acme.example", "consent": box, "unsubscribed": box})
    assert (found.facts.consent, found.do_not_contact) == (None, False)


@pytest.mark.parametrize("given", [{"unsubscribed": "2026-01-01"}, {"tags": ["x"] * 150 + ["Do not contact"]}])
def test_a_refusal_is_heard(given: Mapping[str, object]) -> None:
    assert person({"email": "ann@acme.example", **given}).do_not_contact


def test_a_number_of_the_form_makes_nobody_the_same_person() -> None:
    first, second = (person({"email": f"{name}@acme.example", "id": 7}) for name in ("ann", "bob"))
    assert (first.source_ref, second.source_ref, dict(first.facts.custom)) == ("", "", {"id": "7"})
    assert person({"email": "ann@acme.example", "id": 7}, id="source_ref").source_ref == "website:7"


@pytest.mark.parametrize(
    "given",
    [
        {"email": "Ann@Acme.example"},
        {"linkedin": "https://www.linkedin.com/in/ann"},
        {"name": "Ann Lee", "company": "Acme"},
        {"source_ref": 7},
    ],
)
def test_whoever_is_told_can_become_a_lead(given: Mapping[str, object]) -> None:
    found = person(given)
    key = lead_key(
        Facts(found.facts.email, linkedin_url=found.facts.linkedin_url, source="hook", source_ref=found.source_ref)
    )
    assert key.partition(":")[2]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "email"),
        ({"name": "Ann Lee"}, "email"),
        ({"email": "ann"}, "email"),
        ({"email": "ann@acme.example\nbcc"}, "email"),
        ({"email": "ann@acme.example", "company": "A\x0bB"}, "company"),
        ({"email": "ann@acme.example", "city": "x" * 1001}, "city"),
    ],
)
def test_what_cannot_be_a_person_is_refused_by_its_field(given: Mapping[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        person(given)
    assert caught.value.field == field


def test_of_an_outcome_only_what_it_says_is_read() -> None:
    given = {"E-Mail": "mailto:Ann@Acme.example", "Action": " Won ", "mrr": 290, "currency": "EUR", "company": "A\nB"}
    told = {"action": "won", "email": "Ann@acme.example", "mrr": "290", "currency": "EUR"}
    assert SOURCE.told(ENTRY, given) == told
    assert SOURCE.told({**ENTRY, "map": {"Deal": "mrr", "Step": "action"}}, {"Step": "LOST", "deal": 7}) == {
        "action": "lost",
        "mrr": "7",
    }


def test_of_a_lead_an_amount_is_expected_and_a_reason_is_an_answer() -> None:
    given = {"email": "ann@acme.example", "mrr": "290", "reason": "Too slow", "action": "lead"}
    assert SOURCE.told(ENTRY, given) == {"email": "ann@acme.example", "action": "lead"}
    found = person(given).facts
    assert (found.expected_mrr, dict(found.custom)) == (Decimal(290), {"reason": "Too slow"})


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=3)


@given(st.dictionaries(st.sampled_from(["email", "name", "company", "mrr", "tags", "size"]) | st.text(), _VALUES))
def test_whatever_is_told_is_a_person_or_refused(given: Mapping[str, object]) -> None:
    try:
        found = person(given)
    except Invalid:
        return
    assert len(found.facts.custom) <= 50
    assert all(len(text) <= 1000 for text in (*found.facts.custom.values(), *found.facts.tags))
