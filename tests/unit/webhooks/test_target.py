import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.ports.webhooks import NotDelivered, TargetRefused
from camd.webhooks.target import Resolve, Target, find_target, forbidden

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
OWN = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "240.0.0.1",
    "192.88.99.1",
    "0.1.2.3",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "3fff::1",
    "2001:db8::1",
    "5f00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2001:0:a:b::1",
    "::127.0.0.1",
]
NEVER = [
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "::",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
]


def resolving(*addresses: str) -> Resolve:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_may_be_spoken_to(address: str) -> None:
    assert forbidden(ipaddress.ip_address(address), allow_private=False) is None


@pytest.mark.parametrize("address", OWN)
def test_an_own_or_reserved_network_only_where_it_is_allowed(address: str) -> None:
    assert forbidden(ipaddress.ip_address(address), allow_private=False) is not None
    assert forbidden(ipaddress.ip_address(address), allow_private=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_many_at_once_nobody_and_a_clouds_keys_never(address: str) -> None:
    assert forbidden(ipaddress.ip_address(address), allow_private=False) is not None
    assert forbidden(ipaddress.ip_address(address), allow_private=True) is not None


@given(st.ip_addresses(v=4))
def test_an_address_of_ipv4_is_judged_alike_within_one_of_ipv6(address: ipaddress.IPv4Address) -> None:
    within = ipaddress.IPv6Address(f"::ffff:{address}")
    assert forbidden(within, allow_private=False) == forbidden(address, allow_private=False)


@given(st.ip_addresses())
def test_what_is_refused_of_the_own_network_is_no_address_of_the_internet(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if forbidden(address, allow_private=False) is None:
        assert address.is_global or getattr(address, "ipv4_mapped", None)
        assert not address.is_multicast


async def test_a_host_is_asked_by_the_address_that_was_judged_and_verified_by_its_name() -> None:
    target = await find_target("https://hook.example/a/b?c=%20d", resolving("8.8.8.8"), allow_private=False)
    assert target == Target("https", "hook.example", "8.8.8.8", 443, "/a/b?c=%20d")
    assert target.url == "https://8.8.8.8:443/a/b?c=%20d"
    assert target.host_header == "hook.example"


async def test_ports_and_addresses_of_ipv6_are_written_as_addresses_write_them() -> None:
    target = await find_target("http://[::1]:8080", resolving("::1"), allow_private=True)
    assert (target.url, target.host_header) == ("http://[::1]:8080/", "[::1]:8080")


async def test_one_bad_address_among_good_ones_is_enough_to_be_refused() -> None:
    with pytest.raises(TargetRefused, match="loopback"):
        await find_target("https://hook.example", resolving("8.8.8.8", "127.0.0.1"), allow_private=False)


@pytest.mark.parametrize(
    "url", ["http://hook.example", "ftp://hook.example", "hook.example", "https://", "https://a:x/"]
)
async def test_anything_but_https_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        await find_target(url, resolving("8.8.8.8"), allow_private=False)


@pytest.mark.parametrize("url", ["https://ann@hook.example", "https://8.8.8.8\\@10.0.0.1/", "ftp://hook.example"])
async def test_an_address_that_two_readers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        await find_target(url, resolving("8.8.8.8"), allow_private=True)


@pytest.mark.parametrize("found", [(), ("no address",)])
async def test_a_host_without_an_address_is_not_reached(found: tuple[str, ...]) -> None:
    with pytest.raises(NotDelivered, match="no address"):
        await find_target("https://hook.example/secret", resolving(*found), allow_private=False)


async def test_a_name_that_means_something_else_a_moment_later_is_not_asked_again() -> None:
    asked = 0

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["8.8.8.8"] if asked == 1 else ["127.0.0.1"]

    target = await find_target("https://hook.example", rebinding, allow_private=False)
    assert (target.address, asked) == ("8.8.8.8", 1)
    with pytest.raises(TargetRefused):
        await find_target("https://hook.example", rebinding, allow_private=False)
