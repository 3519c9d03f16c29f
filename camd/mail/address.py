"""An address as SMTP and headers take it: checked here, because libraries were seen to cut one at a line break."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna

from camd.domain.contact import refuse_header_break
from camd.domain.errors import Invalid

# RFC 5322, 3.2.3 and RFC 6531, 3.3: a dot-atom; quoted local parts are nobody's address in practice.
_LOCAL = re.compile(r"[^\s()<>@,;:\\\".\[\]]+(\.[^\s()<>@,;:\\\".\[\]]+)*")
_UNWRITABLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
_MAX_LOCAL_BYTES, _MAX_BYTES = 64, 254


@dataclass(frozen=True, slots=True)
class Mailable:
    """`domain` is an A-label in lower case (IDNA 2008); only `local` can hold other letters than ASCII."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local.isascii()


@lru_cache(maxsize=4096)  # a mailbox's own address is asked for with every mail
def mailable(text: str, field: str) -> Mailable:
    """Raises `Invalid` for `field` where it is not one bare address (RFC 5321, 4.5.3.1: 64 bytes before the @,
    254 in all). Host names without a dot are taken: a relay on this machine may know them."""
    refuse_header_break(text, field)
    local, at, host = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _UNWRITABLE.isdisjoint(map(unicodedata.category, text)):
        raise Invalid("Give one address such as ann@example.com", field=field)
    try:
        domain = idna.encode(host, uts46=True).decode("ascii").lower()
    except UnicodeError as error:
        raise Invalid(f"Correct the domain of the address: {error}", field=field) from error
    address = Mailable(unicodedata.normalize("NFC", local), domain)
    if len(address.local.encode()) > _MAX_LOCAL_BYTES or len(str(address).encode()) > _MAX_BYTES:
        raise Invalid("Shorten the address: 64 bytes before the @, 254 in all", field=field)
    return address
