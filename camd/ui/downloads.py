"""A file that is made when a visitor asks for it, and not before."""

from collections.abc import Callable

import streamlit as st

from camd.ui.notices import told


def on_request(label: str, read: Callable[[], bytes], *, file_name: str, mime: str, key: str) -> None:
    """A button that reads the file, and then one that saves it: a browser saves nothing that is not there yet."""
    with st.container(horizontal=True):
        if st.button(label, key=key, icon=":material/file_open:"):
            with told():
                data = read()
                st.download_button(
                    f"Save {file_name}",
                    data,
                    file_name,
                    mime,
                    key=f"{key}.save",
                    on_click="ignore",
                    type="primary",
                    icon=":material/download:",
                )
