"""All fields of a definition: the checks at them, the lists of steps and sources, and what stays as it was."""

from collections.abc import Callable
from decimal import Decimal

import pytest

# ruff: noqa: E402 - what comes below needs Streamlit
streamlit = pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.schema.definition import CampaignBody
from camd.ui.create_new import START
from camd.ui.definition_form import definition_form
from camd.ui.visitor import ConsoleClient

KEY = "try"
RICH = CampaignBody.model_validate(
    {
        "name": "Dental clinics",
        "description": "Independent practices",
        "target_niche": "dentists",
        "service_key": "web",
        "target_clients": 10,
        "target_mrr": Decimal("2500.50"),
        "mrr_per_client": 250,
        "currency": "XAF",
        "goal_counts": "won",
        "daily_email_limit": 33,
        "timezone": "Europe/Vienna",
        "language": "de-AT",
        "channels": ["email", "task"],
        "mailboxes": ["sales", "gone"],
        "dry_run": False,
        "first_touch_spread_hours": 1.5,
        "no_reply_days": 7,
        "icp": {"titles": ["Owner"], "seniorities": ["founder"], "employee_max": 60, "countries": ["AT", "DE"]},
        "window": {"days": ["mon", "sun"], "start": "09:15", "end": "24:00", "holidays": False},
        "sources": [
            {"type": "csv", "path": "/lists/a.csv", "map": {"Mail": "email"}, "max_candidates": 5},
            {"type": "of-an-older-camd", "region": ["north"]},
        ],
        "enrichment": {"providers": ["nobody"], "credits_per_day": Decimal("2.5"), "facts": ["title"]},
        "scoring": {"weights": {"address": 1 / 3}, "min_score": 0.35},
        "steps": [
            {"subject": "Hello {{ company }}", "body": "One\n"},
            {"channel": "task", "wait_days": Decimal("0.0001"), "subject": "Call", "body": ""},
            {"wait_days": 3, "body": "Three"},
        ],
        "pause_rules": {"loss_rate": 0.07, "complaint_rate": 0.003},
        "autonomy": {"mode": "full", "approve_first": 0},
    }
)

Form = Callable[..., AppTest]


@pytest.fixture
def bodies() -> list[CampaignBody | None]:
    """What the form gave, the last run last."""
    return []


@pytest.fixture
def form(opened: Callable[..., AppTest], bodies: list[CampaignBody | None]) -> Form:
    def show(client: ConsoleClient, start: CampaignBody) -> None:
        bodies.append(definition_form(client, start, key=KEY))

    return lambda start=RICH: opened(show, start)


def told(page: AppTest) -> str:
    return "\n".join(item.value for item in (*page.warning, *page.markdown, *page.caption))


def test_a_form_that_nobody_touched_gives_what_it_began_with(form: Form, bodies: list[CampaignBody | None]) -> None:
    page = form(RICH)
    assert not page.exception
    assert bodies == [RICH]


def test_a_new_form_names_what_is_still_needed_and_calls_none_of_it_wrong(
    form: Form, bodies: list[CampaignBody | None]
) -> None:
    page = form(START)
    assert bodies == [None]
    assert "**Name** is still needed" in told(page)
    assert "**Step 1: text** is still needed" in told(page)
    assert ":red" not in told(page)


def test_a_name_and_a_mail_are_enough(form: Form, bodies: list[CampaignBody | None]) -> None:
    page = form(START)
    page.text_input(key="try.name").set_value(" Clinics ")
    page.text_input(key="try.steps.0.subject").set_value("Hello")
    page.text_area(key="try.steps.0.body").set_value("Hi {{ first_name }}")
    page.run()
    assert bodies[-1] == CampaignBody.model_validate(
        {"name": "Clinics", "steps": [{"subject": "Hello", "body": "Hi {{ first_name }}"}]}
    )
    assert not page.warning


def test_what_is_wrong_is_told_at_its_field_and_at_the_end(form: Form, bodies: list[CampaignBody | None]) -> None:
    page = form(RICH)
    page.selectbox(key="try.window.end").set_value("09:00")
    page.run()
    assert bodies[-1] is None
    at_field = [item.value for item in page.markdown if item.value.startswith(":red")]
    assert len(at_field) == 1
    assert "**Until**" in page.warning[0].value


def test_a_wrong_value_cannot_draw_pictures(form: Form) -> None:
    window = RICH.window.model_copy(update={"start": "![x](http://evil.example/x.png)"})
    page = form(RICH.model_copy(update={"window": window}))
    assert page.warning
    assert "![" not in told(page)


def test_what_was_typed_stays_while_the_form_is_not_shown(
    opened: Callable[..., AppTest], bodies: list[CampaignBody | None]
) -> None:
    def show(client: ConsoleClient) -> None:
        if streamlit.checkbox("open", value=True, key="open"):
            bodies.append(definition_form(client, RICH, key=KEY))

    page = opened(show)
    page.number_input(key="try.daily_email_limit").set_value(44)
    page.selectbox(key="try.language").set_value("fr")
    page.multiselect(key="try.mailboxes").set_value(["sales"])
    page.button(key="try.steps.1.remove").click()
    page.run()
    page.checkbox(key="open").uncheck().run()
    page.checkbox(key="open").check().run()
    last = bodies[-1]
    assert last is not None
    assert (last.daily_email_limit, last.language, last.mailboxes, len(last.steps)) == (44, "fr", ("sales",), 2)


def test_steps_are_added_moved_and_removed_with_what_was_typed_in_them(
    form: Form, bodies: list[CampaignBody | None]
) -> None:
    page = form(RICH)
    page.button(key="try.steps.add").click().run()
    page.text_area(key="try.steps.3.body").set_value("Four").run()
    page.button(key="try.steps.3.up").click().run()
    page.button(key="try.steps.1.remove").click().run()
    last = bodies[-1]
    assert last is not None
    assert [step.body for step in last.steps] == ["One\n", "Four", "Three"]


def test_a_source_takes_the_fields_that_its_provider_names(form: Form, bodies: list[CampaignBody | None]) -> None:
    page = form(RICH)
    page.button(key="try.sources.add").click().run()
    page.selectbox(key="try.sources.2.type").set_value("hook").run()
    page.text_input(key="try.sources.2.hook.name").set_value("website")
    page.text_area(key="try.sources.2.hook.map").set_value("Your = mail = email\nsize = 10\n").run()
    last = bodies[-1]
    assert last is not None
    assert last.sources[2].model_dump() == {
        "type": "hook",
        "name": "website",
        "map": {"Your = mail": "email", "size": 10},
    }


def test_a_share_is_typed_in_percent(form: Form, bodies: list[CampaignBody | None]) -> None:
    page = form(RICH)
    assert page.number_input(key="try.pause_rules.complaint_rate").value == 0.3
    page.number_input(key="try.pause_rules.loss_rate").set_value(29.0).run()
    last = bodies[-1]
    assert last is not None
    assert last.pause_rules.loss_rate == 0.29


def test_no_mailbox_chosen_means_all_and_each_says_how_much_it_may_send(form: Form) -> None:
    page = form(START)
    assert any(caption.value.startswith("sales: ") for caption in page.caption)
