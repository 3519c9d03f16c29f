"""A campaign in words before it is created."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

# ruff: noqa: E402 - what comes below needs Streamlit
streamlit = pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.token_bucket import QuotaScope
from camd.schema.definition import CampaignBody
from camd.schema.draft import Capacity
from camd.ui import draft_summary


def shown(show: Callable[..., None], *args: Any, **kwargs: Any) -> str:
    def page(show: "Callable[..., None]", args: "tuple[Any, ...]", kwargs: "dict[str, Any]") -> None:
        show(*args, **kwargs)

    given = {"show": show, "args": args, "kwargs": kwargs}
    page_shown = AppTest.from_function(page, default_timeout=60, kwargs=given).run()
    assert not page_shown.exception
    return "\n".join(item.value for item in (*page_shown.markdown, *page_shown.caption, *page_shown.metric))


def summary(**fields: Any) -> str:
    return shown(draft_summary.show_summary, CampaignBody.model_validate({"name": "A_b"} | fields), None)


def test_with_nothing_but_a_name_it_says_what_is_missing() -> None:
    told = summary()
    assert "**A\\_b** writes at most 20 mails a day, Monday to Friday" in told
    assert "no target" in told
    assert "People: none yet" in told
    assert "nobody is written to" in told


def test_the_steps_stand_with_the_days_between_them() -> None:
    mail, task = {"subject": "Hi", "body": "Hi"}, {"channel": "task", "wait_days": 1}
    assert "Steps: a mail, a task 1 working day later, a mail 6 working days later" in summary(steps=[mail, task, mail])


def test_the_targets_say_what_counts() -> None:
    told = summary(target_clients=10, target_mrr=Decimal(2500), currency="EUR", goal_counts="won")
    assert "10 clients signed and 2,500 EUR a month" in told


@pytest.mark.parametrize(
    ("autonomy", "words"),
    [
        ({"mode": "approve", "approve_first": 1}, "the first mail waits for your approval"),
        ({"mode": "approve", "approve_first": 12}, "the first 12 mails wait for your approval"),
        ({"mode": "approve", "approve_first": 0}, "without waiting for anybody"),
        ({"mode": "full"}, "without waiting for anybody"),
    ],
)
def test_it_says_which_mails_wait(autonomy: dict[str, Any], words: str) -> None:
    assert words in summary(autonomy=autonomy)


@pytest.mark.parametrize("scope", [*QuotaScope, None])
def test_the_limit_that_binds_is_told_in_words(scope: QuotaScope | None) -> None:
    capacity = Capacity(day_1=5, week_1=45, working_days=None, binding=scope)
    told = shown(draft_summary.show_capacity, capacity, 1000, is_example=False)
    assert "For 1,000 people." in told
    assert "over 10 years" in told
    assert "_" not in told
    assert ("The limit that binds" in told) is (scope is not None)


def test_without_arithmetic_it_says_what_it_needs() -> None:
    assert "a mail among the steps, and a mailbox" in shown(draft_summary.show_capacity, None, 0, is_example=False)
