"""The mails of a campaign that does not exist yet, as one real person would get them."""

import streamlit as st
from pydantic import ValidationError

from camd.domain.campaign import Channel
from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.schema.draft import DraftMail
from camd.schema.lead import LeadBody
from camd.schema.problem import field_problems
from camd.ui.csv_upload import CsvFile, name_of
from camd.ui.words import plain

BY_HAND = "somebody typed by hand"
_TYPED = ("email", "first_name", "last_name", "title", "company", "city")


def ask_for_person(file: CsvFile | None, *, key: str) -> LeadBody | None:
    """One of the list's first people, or one who is typed; none while nothing is typed."""
    sample = file.check.sample if file else []
    known = {f"{number}. {_called(lead)}": lead for number, lead in enumerate(sample, 1)}
    # Another list is another question, or what was chosen before it would stay.
    of = file.name if file else ""
    chosen = st.selectbox("For whom", [*known, BY_HAND], key=f"{key}.person.{of}", persist_state="session")
    return known[chosen] if chosen in known else _typed(key)


def _called(lead: LeadBody) -> str:
    return ", ".join(filter(None, (name_of(lead), lead.company, lead.email)))


def _typed(key: str) -> LeadBody | None:
    facts = {}
    for sides in (_TYPED[:3], _TYPED[3:]):
        for side, name in zip(st.columns(3), sides, strict=True):
            label = name.replace("_", " ").capitalize()
            facts[name] = side.text_input(label, key=f"{key}.{name}", persist_state="session").strip()
    given = {name: value for name, value in facts.items() if value}
    try:
        if email := given.get("email"):
            parse_address(email)
        return LeadBody.model_validate(given) if given else None
    except Invalid as error:
        st.warning(f"**Email**: {plain(str(error))}")
    except ValidationError as error:
        for problem in field_problems(error):
            st.warning(f"**{plain(problem.field)}**: {plain(problem.message)}")
    return None


def show_mails(mails: list[DraftMail]) -> None:
    for mail in mails:
        what = "mail" if mail.channel is Channel.EMAIL else "task"
        with st.container(border=True):
            st.caption(f"Step {mail.step}, {what}")
            if mail.problem is not None:
                st.warning(plain(mail.problem))
                continue
            if mail.subject:
                st.markdown(f"**{plain(mail.subject)}**")
            st.code(mail.body or "", language=None, wrap_lines=True)
