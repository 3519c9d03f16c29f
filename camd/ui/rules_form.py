"""How leads are judged, when a campaign pauses by itself, and what waits for a click."""

from typing import Any

import streamlit as st

from camd.domain.campaign import AutonomyMode
from camd.ui.sheet import Sheet

MODES = {
    AutonomyMode.APPROVE: "the first mails wait for your click",
    AutonomyMode.FULL: "nothing waits",
}


def fine_tuning(sheet: Sheet) -> None:
    """Behind expanders: the defaults are right for most."""
    with st.expander("Approval: which mails wait for you", key=f"{sheet.key}.approval"):
        _autonomy(sheet.part("autonomy"))
    with st.expander("Score: which leads come first, and which are good enough", key=f"{sheet.key}.score"):
        _scoring(sheet.part("scoring"))
    with st.expander("Pause rules: when it stops by itself", key=f"{sheet.key}.rules"):
        _pause_rules(sheet.part("pause_rules"))


def _autonomy(autonomy: Sheet) -> None:
    autonomy.choice("mode", "Before mails go out", list(AutonomyMode), format_func=MODES.__getitem__)
    autonomy.whole(
        "approve_first",
        "Mails that wait for approval",
        0,
        100_000,
        help="The first ones of the campaign. Each goes exactly as you approved it.",
    )


def _scoring(scoring: Sheet) -> None:
    with st.container(horizontal=True):
        _score(scoring, "min_score", "Least score (0 to 1)", help="Leads below are not written to.")
        _score(scoring, "auto_qualify_score", "Score for qualifying (0 to 1)")
    scoring.flag("auto_qualify", "Qualify who answers that they are interested and has that score")
    st.caption("Weights: how much each part counts, compared with the others.")
    weights = scoring.part("weights")
    with st.container(horizontal=True):
        weights.share("address", "Address", help="That it works.")
        weights.share("role_fit", "Role", help="Title or seniority, where the campaign asks for them.")
        weights.share("company_fit", "Company", help="Industry, size and country, where the campaign asks for them.")
        weights.share("completeness", "Known facts")
        weights.share("intent", "Interest", help="Tags hot and warm, buying signals, positive answers.")
    scoring.place_for("weights", "Weights")


def _score(scoring: Sheet, name: str, label: str, **how: Any) -> None:
    scoring.amount(name, label, most=1.0, step=0.05, format="%g", **how)


def _pause_rules(rules: Sheet) -> None:
    with st.container(horizontal=True):
        rules.share(
            "loss_rate", "Lost leads that pause it", help="Lost after contact: no, opt-out, complaint or bounce."
        )
        rules.whole("loss_min_contacted", "Once so many were contacted", 1, 100_000)
    rules.flag("loss_counts_no_reply", "Who does not answer counts as lost, too")
    with st.container(horizontal=True):
        rules.share("bounce_slow", "Bounces that stop first mails")
        rules.share("bounce_pause", "Bounces that pause it")
        rules.whole("bounce_min_sent", "Once so many were sent", 1, 100_000, help="In 28 days.")
    with st.container(horizontal=True):
        rules.share("complaint_rate", "Complaints that pause it", help="In 28 days.")
        rules.whole("age_days", "Days without a qualified lead that pause it", 1, 3650)
