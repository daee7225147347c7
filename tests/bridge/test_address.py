"""Which addresses outgoing calls may reach."""

import ipaddress
import threading
from collections.abc import Sequence

import pytest

from bridge.address import AddressRefused, Guard, Policy, Reach, Unreachable, reach_of

PUBLIC_V4 = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def resolving(*addresses: str):
    return lambda host, port: addresses


def reach(text: str) -> Reach:
    return reach_of(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", [PUBLIC_V4, "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.128.0.0", PUBLIC_V6])
def test_an_ordinary_address_is_public(text):
    assert reach(text) is Reach.PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",  # carrier-grade NAT
        "198.18.0.1",
        "::1",
        "fd12:3456:789a::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::c0a8:101",  # NAT64 of 192.168.1.1
    ],
)
def test_a_loopback_or_private_address_needs_a_setting(text):
    assert reach(text) is Reach.PRIVATE


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fec0::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "239.255.255.255",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "203.0.113.9",
        "2001:db8::1",
        "3fff::1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        "::127.0.0.1",  # IPv4-compatible
        "::ffff:0:127.0.0.1",  # IPv4-translated
        "64:ff9b:1::7f00:1",  # local-use NAT64
        "100::1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_metadata_link_local_and_special_addresses_are_never_reached(text):
    assert reach(text) is Reach.NEVER


def test_nat64_of_a_public_address_is_public():
    assert reach("64:ff9b::5db8:d70e") is Reach.PUBLIC


def test_a_public_host_is_reached_in_the_resolvers_order():
    guard = Guard(Policy(), resolving(PUBLIC_V6, PUBLIC_V4))
    assert [str(address) for address in guard.addresses("example.com", 443, encrypted=True)] == [PUBLIC_V6, PUBLIC_V4]


def test_one_private_address_among_public_ones_refuses_the_host():
    guard = Guard(Policy(), resolving(PUBLIC_V4, "10.0.0.1"))
    with pytest.raises(AddressRefused, match=r"example\.com leads to a private address.*MOODBRIDGE_ALLOW_HOSTS"):
        guard.addresses("example.com", 443, encrypted=True)


def test_the_refusal_does_not_tell_the_private_address():
    with pytest.raises(AddressRefused) as caught:
        Guard(Policy(), resolving("10.9.8.7")).addresses("intranet", 443, encrypted=True)
    assert "10.9.8.7" not in str(caught.value)


@pytest.mark.parametrize("host", ["helpdesk.internal", "HelpDesk.Internal", "helpdesk.internal."])
def test_an_allowed_name_may_be_private_and_use_plain_http(host):
    guard = Guard(Policy(allow_hosts=("helpdesk.internal",)), resolving("10.0.0.1"))
    assert guard.addresses(host, 80, encrypted=False) == (ipaddress.ip_address("10.0.0.1"),)


def test_an_allowed_name_does_not_allow_its_subdomains():
    guard = Guard(Policy(allow_hosts=("internal",)), resolving("10.0.0.1"))
    with pytest.raises(AddressRefused):
        guard.addresses("helpdesk.internal", 443, encrypted=True)


@pytest.mark.parametrize("entry", ["10.1.0.0/16", "10.1.2.3"])
def test_an_allowed_network_or_address_may_be_reached(entry):
    guard = Guard(Policy(allow_hosts=(entry,)), resolving("10.1.2.3"))
    assert guard.addresses("helpdesk.internal", 443, encrypted=True) == (ipaddress.ip_address("10.1.2.3"),)


def test_an_allowed_network_leaves_others_refused():
    guard = Guard(Policy(allow_hosts=("10.1.0.0/16",)), resolving("10.2.0.1"))
    with pytest.raises(AddressRefused):
        guard.addresses("helpdesk.internal", 443, encrypted=True)


@pytest.mark.parametrize("policy", [Policy(allow_private=True), Policy(allow_hosts=("cloud", "169.254.0.0/16"))])
def test_cloud_metadata_is_refused_whatever_is_allowed(policy):
    with pytest.raises(AddressRefused, match="never"):
        Guard(policy, resolving("169.254.169.254")).addresses("cloud", 80, encrypted=False)


def test_plain_http_to_a_public_host_is_refused():
    with pytest.raises(AddressRefused, match="https"):
        Guard(Policy(), resolving(PUBLIC_V4)).addresses("example.com", 80, encrypted=False)


def test_an_allowed_network_does_not_open_plain_http_to_public_addresses_beside_it():
    guard = Guard(Policy(allow_hosts=("10.0.0.0/8",)), resolving("10.0.0.1", PUBLIC_V4))
    with pytest.raises(AddressRefused, match="https"):
        guard.addresses("mixed.example", 80, encrypted=False)


def test_all_private_hosts_and_plain_http_open_by_one_switch():
    guard = Guard(Policy(allow_private=True), resolving("127.0.0.1", "::1"))
    assert len(guard.addresses("localhost", 80, encrypted=False)) == 2


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_odd_spellings_of_loopback_are_judged_as_what_they_lead_to(spelling):
    with pytest.raises(AddressRefused):
        Guard(Policy()).addresses(spelling, 443, encrypted=True)


def test_a_scope_on_an_address_does_not_hide_it():
    with pytest.raises(AddressRefused):
        Guard(Policy(allow_private=True), resolving("fe80::1%eth0")).addresses("router", 443, encrypted=True)


def failing_resolver(host: str, port: int) -> Sequence[str]:
    raise OSError("Name or service not known")


@pytest.mark.parametrize("resolver", [failing_resolver, resolving()])
def test_a_name_without_address_is_unreachable(resolver):
    with pytest.raises(Unreachable, match=r"nowhere\.example has no address"):
        Guard(Policy(), resolver).addresses("nowhere.example", 443, encrypted=True)


def test_a_label_too_long_for_dns_is_unreachable():
    with pytest.raises(Unreachable):
        Guard(Policy()).addresses("a" * 70 + ".example", 443, encrypted=True)


def test_a_name_is_looked_up_once_in_a_while():
    lookups = []

    def counting(host: str, port: int) -> Sequence[str]:
        lookups.append(host)
        return (PUBLIC_V4,)

    guard = Guard(Policy(), counting)
    threads = [threading.Thread(target=guard.addresses, args=("example.com", 443, True)) for _ in range(3)]
    guard.addresses("example.com", 443, encrypted=True)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lookups == ["example.com"]


def test_a_failed_lookup_is_not_remembered():
    answers = iter([(), (PUBLIC_V4,)])
    guard = Guard(Policy(), lambda host, port: next(answers))
    with pytest.raises(Unreachable):
        guard.addresses("example.com", 443, encrypted=True)
    assert guard.addresses("example.com", 443, encrypted=True)
