"""The tab Create New: tried out on a real person, summed up, created in dry run, and what happens when a part fails."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

# ruff: noqa: E402 - what comes below needs Streamlit
streamlit = pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.client.call import Call
from camd.client.errors import Unreachable
from camd.domain.campaign import CampaignStatus
from camd.schema.definition import CampaignBody
from camd.ui import create_new
from camd.ui.visitor import ConsoleClient

LIST = b"First name,Email,Company\nAnn,ann@one.example,One\nEve,eve@two.example,Two\n"
NAME, SUBJECT, TEXT = "create.0.name", "create.0.steps.0.subject", "create.0.steps.0.body"


@pytest.fixture
def page(opened: Callable[..., AppTest]) -> AppTest:
    return opened(create_new.show)


def told(page: AppTest) -> str:
    texts = (*page.error, *page.warning, *page.success, *page.markdown, *page.caption, *page.code)
    return "\n".join(item.value for item in texts)


def fill(page: AppTest, text: str = "Hi {{ first_name }}", name: str = "Clinics") -> None:
    page.text_input(key=NAME).set_value(name)
    page.text_input(key=SUBJECT).set_value("For {{ company }}")
    page.text_area(key=TEXT).set_value(text)
    page.run()


def upload(page: AppTest) -> None:
    page.file_uploader[0].upload("people.csv", LIST, "text/csv")
    page.run()


def button(page: AppTest, key: str) -> Any:
    return page.button(key=key)


def test_at_first_it_says_what_is_needed_and_cannot_create(page: AppTest) -> None:
    assert "**Name** is still needed" in told(page)
    assert not any(item.key == "create.create" for item in page.button)
    assert not page.exception


def test_the_mails_are_shown_as_a_person_of_the_list_would_get_them(page: AppTest) -> None:
    fill(page)
    upload(page)
    assert "**For One**" in told(page)
    assert "Hi Ann" in told(page)
    page.selectbox(key="create.0.preview.person.people.csv").select_index(1).run()
    assert "Hi Eve" in told(page)


def test_a_person_can_be_typed_by_hand(page: AppTest) -> None:
    fill(page)
    page.text_input(key="create.0.preview.first_name").set_value("Zoe")
    page.text_input(key="create.0.preview.company").set_value("Three").run()
    assert "Hi Zoe" in told(page)


def test_a_wrong_address_typed_for_the_preview_does_not_keep_from_creating(page: AppTest) -> None:
    fill(page)
    page.text_input(key="create.0.preview.email").set_value("no address").run()
    assert "**Email**" in told(page)
    assert not button(page, "create.create").disabled


def test_a_fact_that_the_person_lacks_is_named(page: AppTest) -> None:
    fill(page, "In {{ city }}")
    upload(page)
    assert "city is missing" in told(page)


def test_what_camd_finds_wrong_is_told_at_the_field(page: AppTest) -> None:
    fill(page, "Hi {{ first_name")
    at_field = [item.value for item in page.markdown if item.value.startswith(":red")]
    assert len(at_field) == 1
    assert "**Step 1: text**" in page.warning[0].value
    assert button(page, "create.create").disabled


def test_a_name_that_is_taken_is_told_at_once_and_one_of_an_archived_campaign_is_free(page: AppTest, camd: Any) -> None:
    other = camd.client.create_campaign(CampaignBody(name="Clinics"))
    fill(page)
    assert "another campaign has this name" in told(page)
    camd.client.archive(other.id)
    page.run()
    assert "another campaign has this name" not in told(page)
    assert not button(page, "create.create").disabled


def test_the_arithmetic_stands_in_words(page: AppTest) -> None:
    fill(page)
    page.number_input(key="create.0.daily_email_limit").set_value(1)
    upload(page)
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Mails on day 1"] == "1"
    assert figures["Working days until all are written to"] == "2"
    assert "For 2 people." in told(page)
    assert "the campaign's own limit of mails a day" in told(page)


def test_without_a_list_the_arithmetic_is_an_example(page: AppTest) -> None:
    fill(page)
    assert "For 100 people, as an example." in told(page)


def test_it_is_created_in_dry_run_with_the_people_of_the_list(page: AppTest, camd: Any) -> None:
    fill(page)
    upload(page)
    button(page, "create.create").click().run()
    campaign = camd.client.campaign("Clinics")
    assert (campaign.status, campaign.dry_run, campaign.current_leads) == (CampaignStatus.DRAFT, True, 2)
    assert "**Clinics** was created in dry run" in told(page)
    assert "2 people of 2 lines were added" in told(page)
    assert camd.client.imports(campaign=campaign.id).items[0].file_name == "people.csv"


def test_it_is_activated_from_there(page: AppTest, camd: Any) -> None:
    fill(page)
    button(page, "create.create").click().run()
    button(page, "create.activate").click().run()
    assert camd.client.campaign("Clinics").status is CampaignStatus.ACTIVE
    assert "It is active, in dry run" in told(page)


def test_another_begins_with_an_empty_form(page: AppTest) -> None:
    fill(page)
    upload(page)
    button(page, "create.create").click().run()
    button(page, "create.another").click().run()
    assert page.text_input(key="create.1.name").value == ""
    assert page.file_uploader


class Shaky(ConsoleClient):
    """Loses the answer of the next request to `loses`; the request itself arrives."""

    loses = " "

    def ask(self, call: Call[Any]) -> Any:
        answer = super().ask(call)
        if f"{call.method} {call.path}".endswith(self.loses):
            self.loses = " "
            raise Unreachable("gone")
        return answer


@pytest.fixture
def shaky(camd: Any) -> Iterator[Shaky]:
    with Shaky(socket=camd.world.desk.context.settings.server.socket) as client:
        yield client


@pytest.fixture
def shaky_page(opened: Callable[..., AppTest], shaky: Shaky) -> AppTest:
    return opened(lambda _: create_new.show(shaky))


def test_pressed_again_after_a_lost_answer_it_creates_nothing_twice(
    shaky_page: AppTest, shaky: Shaky, camd: Any
) -> None:
    fill(shaky_page)
    shaky.loses = "POST /api/cam/campaigns"
    button(shaky_page, "create.create").click().run()
    assert "camd does not answer" in told(shaky_page)
    button(shaky_page, "create.create").click().run()
    assert "was created in dry run" in told(shaky_page)
    assert len(camd.client.campaigns().items) == 1


@pytest.mark.parametrize("question", ["/mailboxes", "/providers"])
def test_while_camd_does_not_answer_nothing_is_created_with_half_of_what_was_typed(
    question: str, shaky_page: AppTest, shaky: Shaky, camd: Any
) -> None:
    fill(shaky_page)
    shaky_page.multiselect(key="create.0.mailboxes").set_value(["sales"])
    shaky.loses = question
    button(shaky_page, "create.create").click().run()
    assert "camd does not answer" in told(shaky_page)
    assert camd.client.campaigns().items == []
    shaky_page.run()
    button(shaky_page, "create.create").click().run()
    assert camd.client.campaign("Clinics").mailboxes == ("sales",)


def test_a_list_that_could_not_be_read_keeps_from_creating_without_it(shaky_page: AppTest, shaky: Shaky) -> None:
    fill(shaky_page)
    shaky.loses = "/imports/check"
    upload(shaky_page)
    assert button(shaky_page, "create.create").disabled
    assert "The list of part 5 could not be read" in told(shaky_page)
    shaky_page.run()
    assert not button(shaky_page, "create.create").disabled


def test_an_import_that_fails_after_the_creation_is_told_and_done_again(
    shaky_page: AppTest, shaky: Shaky, camd: Any
) -> None:
    fill(shaky_page)
    upload(shaky_page)
    shaky.loses = "/leads/import"
    button(shaky_page, "create.create").click().run()
    assert "was created in dry run" in told(shaky_page)
    assert "camd does not answer" in told(shaky_page)
    button(shaky_page, "create.import").click().run()
    assert "2 people of 2 lines were added" in told(shaky_page)
    assert len(camd.client.imports().items) == 1
