"""Whether a vendor takes a key, asked in the way that costs nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from camd.daemon.vendors import VENDORS
from camd.domain.errors import Failure, KeyRefused, Misconfigured, Transient
from camd.system import SystemClock
from tests.simulators import apollo, dropcontact, hunter, linkedin, millionverifier, zerobounce
from tests.simulators.people import population

PEOPLE = population(3)
SIMULATORS: dict[str, tuple[Callable[[], Any], str]] = {
    "apollo": (lambda: apollo.Apollo(people=list(PEOPLE)), apollo.KEY),
    "dropcontact": (lambda: dropcontact.Dropcontact(people=PEOPLE), dropcontact.KEY),
    "hunter": (lambda: hunter.Hunter(people=PEOPLE), hunter.KEY),
    "linkedin": (linkedin.LinkedIn, linkedin.TOKEN),
    "millionverifier": (lambda: millionverifier.MillionVerifier(people=PEOPLE), millionverifier.KEY),
    "zerobounce": (lambda: zerobounce.ZeroBounce(people=PEOPLE), zerobounce.KEY),
}
"""`Any`: what they have in common is a base class of all but one."""
OTHER = "another-key-that-nobody-knows"


async def check(name: str, server: Any, key: str) -> None:
    vendor = VENDORS[name]
    more = {"version": "202610"} if name == "linkedin" else {}
    base = f"{server.base_url}/rest" if name == "linkedin" else server.base_url
    section = vendor.settings(**{vendor.key: SecretStr(key)}, base_url=base, **more)
    await vendor.check_key(section, SystemClock())


@pytest.mark.parametrize("name", VENDORS)
async def test_a_good_key_is_taken_and_nothing_is_paid(name: str) -> None:
    make, key = SIMULATORS[name]
    async with make().serving() as server:
        await check(name, server, key)
        # LinkedIn's simulator keeps targets, and charges for nothing.
        assert getattr(server, "requests", None) or server.targets
        assert getattr(server, "charges", []) == []


@pytest.mark.parametrize("name", VENDORS)
async def test_another_key_is_refused_with_the_mend_and_without_the_key(name: str) -> None:
    make, _ = SIMULATORS[name]
    async with make().serving() as server:
        with pytest.raises((KeyRefused, Misconfigured)) as refused:
            await check(name, server, OTHER)
    assert f"providers.{name}." in str(refused.value)
    assert OTHER not in str(refused.value)


@pytest.mark.parametrize("name", VENDORS)
async def test_trouble_of_the_vendor_is_no_fault_of_the_key(name: str) -> None:
    make, key = SIMULATORS[name]
    async with make().serving() as server:
        server.always = 503
        with pytest.raises(Failure) as failed:
            await check(name, server, key)
    assert isinstance(failed.value, Transient)
