import pytest

from camd.cli.campaign_views import details
from camd.domain.campaign import Definition
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import definition_fields

ADDRESS = f"https://in.example.com/hooks/website/{'A' * 120}"


@pytest.mark.parametrize(
    ("url", "hint", "told"),
    [(ADDRESS, None, f"hook website  {ADDRESS}\n"), (None, "Set this.", "hook website  (no address yet)\nSet this.\n")],
)
def test_a_hook_is_shown_with_its_whole_address_or_with_what_to_set(
    capsys: pytest.CaptureFixture[str], url: str | None, hint: str | None, told: str
) -> None:
    fields = definition_fields(Definition("Q1"))
    details(CampaignDetail.of_stored({**fields, "crash": None, "hook_urls": {"website": url}, "hook_hint": hint}))
    assert capsys.readouterr().out.endswith(told)
