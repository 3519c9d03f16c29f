"""Hooks of campaigns: a source that is told of people instead of asking for them, and the address it is told under.

The token of an address names the campaign and proves, by a key derived from the instance key, that this instance gave
it out for that campaign and that name. Nothing of it is stored; whoever has it may tell the campaign what happened.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence

from camd.domain.campaign import Definition
from camd.domain.facts import CampaignId

TYPE = "hook"
"""The type of its `[[sources]]` entry."""
_PURPOSE = b"hook token"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
_ID_BYTES = 6
# 30 bytes fill 40 letters to the last bit: no two texts mean the same token.
_MAC_BYTES = 24
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40}")


def is_name(name: object) -> bool:
    """Whether a hook may have this name: it stands in an address and in the ledger."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def named(definition: Definition) -> Sequence[tuple[int, str]]:
    """The hooks of a definition: their places among its sources, and their names."""
    return [
        (place, str(entry.settings["name"]))
        for place, entry in enumerate(definition.sources)
        if entry.type == TYPE and is_name(entry.settings.get("name"))
    ]


def places(definition: Definition) -> Mapping[str, int]:
    """The place of each name: the first one, in a definition that is still to be refused for a name given twice."""
    return {name: place for place, name in reversed(named(definition))}


def path(instance_key: bytes, campaign_id: CampaignId, name: str) -> str:
    """Of the hook's address, behind the public base URL."""
    return f"/hooks/{name}/{make_token(instance_key, campaign_id, name)}"


def make_token(instance_key: bytes, campaign_id: CampaignId, name: str) -> str:
    """40 URL-safe letters."""
    number = campaign_id.to_bytes(_ID_BYTES)
    return urlsafe_b64encode(number + _mac(instance_key, number, name)).decode()


def read_token(instance_key: bytes, name: str, token: str) -> CampaignId | None:
    """The campaign that the token was made for; None where it was not made with this key for a hook of that name."""
    if not (is_name(name) and _TOKEN.fullmatch(token)):
        return None
    raw = urlsafe_b64decode(token)
    number, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    is_ours = hmac.compare_digest(mac, _mac(instance_key, number, name))
    return CampaignId(int.from_bytes(number)) if is_ours else None


def _mac(instance_key: bytes, number: bytes, name: str) -> bytes:
    """A key of its own, so that no other use of the instance key can be made to sign a token."""
    key = hmac.digest(instance_key, _PURPOSE, "sha256")
    return hmac.digest(key, number + name.encode(), "sha256")[:_MAC_BYTES]
