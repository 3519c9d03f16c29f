"""A list of things on a page that a person adds to, takes from and puts in order, each keeping what was typed in it."""

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True, slots=True)
class Rows:
    """Each row has a number of its own for good; those below `given` stand for what there was at the beginning."""

    key: str
    given: int

    def numbers(self) -> list[int]:
        """In their order now."""
        numbers: list[int] = st.session_state.setdefault(f"{self.key}.rows", list(range(self.given)))
        return numbers

    def is_given(self, number: int) -> bool:
        return number < self.given

    def buttons(self, place: int, what: str) -> None:
        last = len(self.numbers()) - 1
        key = f"{self.key}.{self.numbers()[place]}"
        with st.container(horizontal=True):
            st.button("Move up", key=f"{key}.up", on_click=self._swap, args=(place, place - 1), disabled=place == 0)
            st.button(
                "Move down", key=f"{key}.down", on_click=self._swap, args=(place, place + 1), disabled=place == last
            )
            st.button(f"Remove this {what}", key=f"{key}.remove", on_click=self._remove, args=(place,))

    def adder(self, label: str) -> None:
        st.button(label, key=f"{self.key}.add", icon=":material/add:", on_click=self._add)

    def _add(self) -> None:
        made = f"{self.key}.made"
        number = st.session_state.setdefault(made, self.given)
        st.session_state[made] = number + 1
        self.numbers().append(number)

    def _remove(self, place: int) -> None:
        del self.numbers()[place]

    def _swap(self, one: int, other: int) -> None:
        numbers = self.numbers()
        numbers[one], numbers[other] = numbers[other], numbers[one]
