"""Which folders are read, and how their names are written on the wire."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camd.domain.errors import Misconfigured
from camd.mail.folders import Listed, choose, decoded, encoded
from camd.ports.inbox import FolderRole
from camd.sim.world import mailbox

BOX = mailbox("sales")


def listed(*names: str, delimiter: str = "/") -> list[Listed]:
    return [Listed(name, delimiter) for name in names]


def marked(**uses: str) -> list[Listed]:
    return [Listed(name.replace("_", "/"), "/", frozenset(use.split())) for name, use in uses.items()]


def chosen(folders: Sequence[Listed], *configured: str) -> tuple[list[str], list[str]]:
    """Names by role: those of answers, those of sent mail."""
    told = choose(folders, replace(BOX, folders=configured))
    return (
        [each.name for each in told if each.role is FolderRole.ANSWERS],
        [each.name for each in told if each.role is FolderRole.SENT],
    )


def test_with_all_mail_neither_inbox_nor_archive_is_read() -> None:
    folders = marked(INBOX="", Everything="all", Old="archive", Bad="junk", Bin="trash", Mine="sent flagged")
    assert chosen(folders) == (["Everything", "Bad", "Bin"], ["Mine"])


def test_without_it_the_inbox_and_the_archive_are() -> None:
    folders = marked(Old="archive haschildren", Bad="junk", Inbox="", Gone="trash", Mine="sent", Other="")
    assert chosen(folders) == (["Inbox", "Old", "Bad", "Gone"], ["Mine"])


def test_an_attribute_counts_more_than_a_name() -> None:
    assert chosen(marked(INBOX="", Spam="", Bad="junk"))[0] == ["INBOX", "Bad"]


def test_every_folder_of_a_use_is_read() -> None:
    assert chosen([*marked(INBOX="", Sent="sent", Gesendet="sent")])[1] == ["Sent", "Gesendet"]


@pytest.mark.parametrize(
    ("archive", "junk", "trash", "sent"),
    [
        ("Archive", "Junk", "Trash", "Sent"),
        ("Archives", "Junk E-mail", "Deleted Items", "Sent Items"),
        ("Archiv", "Spamverdacht", "Papierkorb", "Gesendet"),
        ("archives", "Courrier indésirable", "Éléments supprimés", "Éléments envoyés"),
        ("Archivo", "Correo no deseado", "Elementos eliminados", "Elementos enviados"),
        ("Archivio", "Posta indesiderata", "Cestino", "Posta inviata"),
        ("Arquivo", "Lixo Eletrônico", "Itens Excluídos", "Itens Enviados"),
        ("Archief", "Ongewenste e-mail", "Verwijderde items", "Verzonden items"),
        ("Arkiv", "Skräppost", "Papperskorgen", "Skickat"),
        ("Archiwum", "Wiadomości-śmieci", "Elementy usunięte", "Elementy wysłane"),
        ("アーカイブ", "迷惑メール", "ゴミ箱", "送信済みアイテム"),
    ],
)
def test_usual_names_are_known_in_ten_languages(archive: str, junk: str, trash: str, sent: str) -> None:
    names = [archive, junk, trash]
    assert chosen(listed("INBOX", *names, sent, "Clients")) == (["INBOX", *names], [sent])
    below = [f"INBOX.{name}" for name in names]
    assert chosen(listed("INBOX", *below, f"INBOX.{sent}", delimiter=".")) == (["INBOX", *below], [f"INBOX.{sent}"])


def test_a_name_in_two_pieces_of_unicode_is_the_same() -> None:
    assert chosen(listed("INBOX", "Skra\u0308ppost"))[0] == ["INBOX", "Skra\u0308ppost"]


def test_a_usual_name_deep_in_a_tree_is_a_folder_like_any_other() -> None:
    assert chosen(listed("INBOX", "Clients/Archive", "Clients/Sent")) == (["INBOX"], [])


def test_the_newest_periods_below_the_archive_are_read_too() -> None:
    names = ["Archives", "Archives/2024", "Archives/2025", "Archives/2026", "Archives/Tax", "Clients/2026"]
    assert chosen(listed("INBOX", *names))[0] == ["INBOX", "Archives", "Archives/2026", "Archives/2025"]


def test_an_inbox_that_is_not_listed_is_read_all_the_same() -> None:
    assert chosen([])[0] == ["INBOX"]


def test_configured_folders_are_taken_by_their_exact_names() -> None:
    folders = listed("INBOX", "Clients", "clients", "Entwürfe")
    assert chosen(folders, "clients", "inbox", "Entwu\u0308rfe")[0] == ["clients", "INBOX", "Entwürfe"]
    with pytest.raises(Misconfigured, match="there is no folder CLIENTS, there are Clients, Entwürfe, INBOX, clients;"):
        chosen(folders, "CLIENTS")


def test_a_long_list_of_folders_is_not_told_whole() -> None:
    with pytest.raises(Misconfigured) as failed:
        chosen(listed(*(f"Folder {number}" for number in range(1000))), "Gone")
    assert len(str(failed.value)) < 1000


def test_the_folder_of_sent_mail_is_never_one_of_answers() -> None:
    assert chosen(marked(INBOX="", Mine="sent"), "INBOX", "Mine") == (["INBOX"], ["Mine"])


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        (b"INBOX", "INBOX"),
        (b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),  # RFC 3501, 5.1.3
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"A &- B", "A & B"),
        (b"&2D3cTA-", "\U0001f44c"),
    ],
)
def test_names_beyond_ascii_are_modified_utf_7(wire: bytes, name: str) -> None:
    assert decoded(wire) == name
    assert encoded(name) == wire


@pytest.mark.parametrize(
    ("wire", "name"),
    [("Entwürfe".encode(), "Entwürfe"), (b"A & B", "A & B"), (b"&!!!-", "&!!!-"), (b"\xff", "\ufffd"), (b"&A-", "&A-")],
)
def test_what_is_no_modified_utf_7_is_a_name_too(wire: bytes, name: str) -> None:
    assert decoded(wire) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("&&-&")
@example("\r\n\0")
def test_every_name_survives_the_wire(name: str) -> None:
    assert decoded(encoded(name)) == name


@given(st.binary())
@example(b"&2D0-")
def test_whatever_a_server_calls_a_folder_has_a_name(wire: bytes) -> None:
    choose([Listed(decoded(wire), decoded(wire[:1]))], BOX)
