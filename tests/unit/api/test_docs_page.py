"""The page of the document."""

import re
from html.parser import HTMLParser

import pytest

from camd.api import docs, public
from camd.api.app import TABLE
from camd.api.docs_page import CONTENT_SECURITY_POLICY, page

VOID = {"meta"}


class Tags(HTMLParser):
    """What a browser would build: every start tag, every id and link, and what was left open."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        given = dict(attrs)
        self.ids += [name] if (name := given.get("id")) else []
        self.links |= {link} if (link := given.get("href") or given.get("src")) else set()
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def documents() -> docs.Documents:
    return docs.Documents(TABLE, public.ROUTES, version="1.2.3")


@pytest.fixture(scope="module")
def tags(documents: docs.Documents) -> Tags:
    tags = Tags()
    tags.feed(documents.page.decode())
    tags.close()
    return tags


def test_the_page_is_whole(tags: Tags) -> None:
    assert tags.open == []


def test_the_page_runs_no_script_and_asks_for_nothing_elsewhere(tags: Tags) -> None:
    assert tags.names.isdisjoint({"script", "link", "img", "iframe", "form"})
    assert {link for link in tags.links if not link.startswith("#")} == {"/api/openapi.json"}


def test_every_place_is_there_once_and_every_link_leads_to_one(tags: Tags) -> None:
    assert len(tags.ids) == len(set(tags.ids))
    assert {link.removeprefix("#") for link in tags.links if link.startswith("#")} <= set(tags.ids)


def test_every_route_stands_on_the_page(tags: Tags) -> None:
    assert {route.doc.name for route in (*TABLE, *public.ROUTES)} <= set(tags.ids)


def test_what_the_document_says_cannot_become_markup(documents: docs.Documents) -> None:
    told = documents.told | {"info": {"version": "<b>", "description": "<script>`<i>`"}}
    text = page(told).decode()
    assert "&lt;script&gt;<code>&lt;i&gt;</code>" in text
    assert not re.search("<(script|i|b)>", text)


def test_the_policy_allows_the_page_s_own_style_alone() -> None:
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in CONTENT_SECURITY_POLICY
