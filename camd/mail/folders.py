"""Which folders of a mailbox are read: by special use (RFC 6154), then by their usual names in ten languages.

A folder that is configured and does not exist raises `Misconfigured` of scope `mailbox`.
"""

import base64
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from camd.domain.errors import Misconfigured, Scope
from camd.ports.inbox import Folder, FolderRole
from camd.ports.settings import MailboxSettings

INBOX = "INBOX"
_SHOWN = 30
"""Names of folders in an error."""
_PERIODS = 2
_PERIOD = re.compile(r"\d{4}(-\d\d)?")
_ENCODED = re.compile(r"&([^-&]*)-")
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]+|&")


class Use(StrEnum):
    """What a folder is for, as its attribute says it."""

    ALL = "all"
    ARCHIVE = "archive"
    JUNK = "junk"
    TRASH = "trash"
    SENT = "sent"


_OTHERWISE = {"allmail": Use.ALL, "spam": Use.JUNK}
"""How XLIST, older than RFC 6154, calls them."""

_USUAL = {
    Use.ALL: [],
    Use.ARCHIVE: [
        *("archive", "archives", "archiv", "archivio", "archivo", "archivados", "archief", "arkiv", "archiwum"),
        *("arquivo", "アーカイブ"),
    ],
    Use.JUNK: [
        *("junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk", "bulk mail", "junk-e-mail", "spamverdacht"),
        *("werbung", "unerwünscht", "courrier indésirable", "indésirables", "pourriel", "correo no deseado"),
        *("no deseado", "posta indesiderata", "indesiderata", "lixo eletrônico", "lixo eletrónico", "ongewenst"),
        *("ongewenste e-mail", "ongewenste e-mails", "skräppost", "skräp", "wiadomości-śmieci", "śmieci", "niechciane"),
        *("迷惑メール", "迷惑メール フォルダー"),
    ],
    Use.TRASH: [
        *("trash", "deleted", "deleted items", "deleted messages", "bin", "papierkorb", "gelöscht"),
        *("gelöschte elemente", "gelöschte objekte", "corbeille", "éléments supprimés", "messages supprimés"),
        *("papelera", "elementos eliminados", "eliminados", "cestino", "posta eliminata", "elementi eliminati"),
        *("lixeira", "lixo", "itens eliminados", "itens excluídos", "prullenbak", "verwijderd", "verwijderde items"),
        *("papperskorg", "papperskorgen", "borttaget", "borttagna objekt", "kosz", "usunięte", "elementy usunięte"),
        *("ゴミ箱", "ごみ箱", "削除済みアイテム"),
    ],
    Use.SENT: [
        *("sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete elemente", "gesendete objekte"),
        *("envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "itens enviados"),
        *("enviadas", "inviati", "inviata", "posta inviata", "elementi inviati", "verzonden", "verzonden items"),
        *("skickat", "skickade", "skickade objekt", "wysłane", "elementy wysłane", "送信済み", "送信済みアイテム"),
        "送信済みメール",
    ],
}
_ROOTS = frozenset({(), ("inbox",), ("[gmail]",), ("[google mail]",)})
"""Below which a folder of the account itself stands; further down it is a person's own."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder that can be read. `attributes` are in lower case and without the backslash."""

    name: str
    delimiter: str | None = None
    attributes: frozenset[str] = frozenset()

    @property
    def path(self) -> tuple[str, ...]:
        plain = _plain(self.name)
        return tuple(plain.split(self.delimiter.casefold())) if self.delimiter else (plain,)

    @property
    def uses(self) -> set[str]:
        return {_OTHERWISE.get(each, each) for each in self.attributes}


def choose(listed: Sequence[Listed], box: MailboxSettings) -> list[Folder]:
    """The folders of answers, the one most worth watching first, then those of sent mail."""
    sent = _used_for(Use.SENT, listed)
    answers = _configured(listed, box) if box.folders else _usual(listed)
    names = dict.fromkeys(each.name for each in answers if each not in sent)
    return [
        *(Folder(name, FolderRole.ANSWERS) for name in names),
        *(Folder(each.name, FolderRole.SENT) for each in sent),
    ]


def _usual(listed: Sequence[Listed]) -> list[Listed]:
    thrown_away = [*_used_for(Use.JUNK, listed), *_used_for(Use.TRASH, listed)]
    everything = _used_for(Use.ALL, listed)
    if everything:
        return [*everything, *thrown_away]
    inbox = next((each for each in listed if each.path == ("inbox",)), Listed(INBOX))
    archives = _used_for(Use.ARCHIVE, listed)
    return [inbox, *archives, *_newest_periods(archives, listed), *thrown_away]


def _newest_periods(archives: Sequence[Listed], listed: Sequence[Listed]) -> list[Listed]:
    """Thunderbird archives into a folder of the year or the month, below the archive."""
    roots = [each.path for each in archives]
    periods = [
        each
        for each in listed
        if _PERIOD.fullmatch(each.path[-1]) and any(each.path[: len(root)] == root for root in roots)
    ]
    return sorted(periods, key=lambda each: each.path[-1], reverse=True)[:_PERIODS]


def _configured(listed: Sequence[Listed], box: MailboxSettings) -> list[Listed]:
    known = {_exact(each.name): each for each in listed}
    missing = next((name for name in box.folders if _exact(name) not in known), None)
    if missing is not None:
        names = sorted(each.name for each in listed)
        there = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        mend = f"correct folders under [mailboxes.{box.name}]"
        raise Misconfigured(f"there is no folder {missing}, there are {there}; {mend}", scope=Scope.MAILBOX)
    return [known[_exact(name)] for name in box.folders]


def _used_for(use: Use, listed: Sequence[Listed]) -> list[Listed]:
    marked = [each for each in listed if use in each.uses]
    names = [_plain(name) for name in _USUAL[use]]
    return marked or [each for each in listed if each.path[-1] in names and each.path[:-1] in _ROOTS]


def _exact(name: str) -> str:
    """RFC 3501, 5.1: of all names, INBOX alone is the same in any case."""
    return INBOX if name.upper() == INBOX else unicodedata.normalize("NFC", name)


# Each look at an inbox asks for it of each folder's name, and of each usual one.
@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def decoded(name: bytes) -> str:
    """From modified UTF-7 (RFC 3501, 5.1.3). What is none is read as the UTF-8 that some servers write."""
    return _ENCODED.sub(_from_base64, name.decode("utf-8", "replace"))


def encoded(name: str) -> bytes:
    return _NOT_PRINTABLE_ASCII.sub(_to_base64, name).encode("ascii")


def _from_base64(found: re.Match[str]) -> str:
    letters = found[1].replace(",", "/")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True).decode("utf-16-be") or "&"
    except ValueError:
        return found[0]


def _to_base64(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    letters = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass")).decode()
    return f"&{letters.rstrip('=').replace('/', ',')}-"
