"""Which addresses an outgoing call may reach: the guard against calls into the network this server stands in.

Addresses are judged after the name was resolved, and the connection goes to the judged address: a name that
answers differently a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from bridge.errors import BridgeError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host name, as text; the port is for the lookup only. Raises OSError when there is none."""

REMEMBERED_SECONDS = 15.0
REMEMBERED_NAMES = 1000


class HttpError(BridgeError):
    """Root of what an outgoing call raises. Texts name the host, never the path, the query or the body."""


class AddressRefused(HttpError):
    """The call was not made: Moodbridge does not go there."""


class Unreachable(HttpError):
    """No usable answer: no such name, refused, broken off, or a certificate that does not fit."""


class TimedOut(HttpError):
    """No whole answer within the time given."""


class TooLarge(HttpError):
    """The answer is larger than the caller takes."""


class Reach(Enum):
    PUBLIC = "public"
    PRIVATE = "private"
    """Reached only where a setting allows it."""
    NEVER = "never"
    """Cloud metadata, link-local and addresses that no host has."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


METADATA = _networks(
    "169.254.169.254/32",
    "fd00:ec2::254/128",  # AWS
    "fd20:ce::254/128",  # Google Cloud
    "100.100.100.200/32",  # Alibaba Cloud
    "192.0.0.192/32",  # Oracle Cloud
    "168.63.129.16/32",  # Azure's host, a public address
    "fd00:42::42/128",  # Scaleway
)
PRIVATE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "::1/128",
    "fc00::/7",
)
NEVER_V4 = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
)
NEVER_V6 = _networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def reach_of(address: Address) -> Reach:
    """How far an address may be reached, by IANA's special-purpose address registries (RFC 6890).

    IPv4-mapped and NAT64 (RFC 6052) addresses are judged by the IPv4 address inside; 6to4 and Teredo are refused.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return reach_of(inner)
    if _within(address, METADATA):
        return Reach.NEVER
    if _within(address, PRIVATE):
        return Reach.PRIVATE
    if isinstance(address, ipaddress.IPv4Address):
        return Reach.NEVER if _within(address, NEVER_V4) else Reach.PUBLIC
    return Reach.NEVER if address not in GLOBAL_V6 or _within(address, NEVER_V6) else Reach.PUBLIC


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


@dataclass(frozen=True, slots=True)
class Policy:
    """Where outgoing calls may go beside public addresses over https."""

    allow_private: bool = False
    """Every private and loopback address, and plain http."""
    allow_hosts: tuple[str, ...] = ()
    """Names (plain http too), addresses and networks in CIDR form that may be private."""


def plain_host(host: str) -> str:
    """A host as it is compared: lower case, no brackets, no dot at the end."""
    return host.lower().removeprefix("[").removesuffix("]").rstrip(".")


def system_resolver(host: str, port: int) -> Sequence[str]:
    """What the operating system says of a name. Its time-out is the system's (resolv.conf)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Resolves and judges hosts. One guard serves all threads of a process; names are remembered for 15 s."""

    def __init__(self, policy: Policy, resolver: Resolver = system_resolver) -> None:
        self._allow_private = policy.allow_private
        self._resolver = resolver
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for entry in policy.allow_hosts:
            try:
                self._networks.append(ipaddress.ip_network(entry))
            except ValueError:
                self._names.add(plain_host(entry))
        self._remembered: dict[tuple[str, int], tuple[float, tuple[Address, ...]]] = {}
        self._lock = threading.Lock()

    def addresses(self, host: str, port: int, encrypted: bool) -> tuple[Address, ...]:
        """The addresses that a connection to the host may use, in the resolver's order.

        Raises AddressRefused when one of them may not be reached, or when plain http may not be used;
        Unreachable when the name has no address.
        """
        name = plain_host(host)
        found = self._resolved(name, port)
        for address in found:
            reach = reach_of(address)
            if reach is Reach.NEVER:
                raise AddressRefused(f"{name} leads to an address that Moodbridge never calls")
            if reach is Reach.PRIVATE and not self._allows(name, address):
                raise AddressRefused(
                    f"{name} leads to a private address: if that is meant, add it to MOODBRIDGE_ALLOW_HOSTS"
                )
        if not encrypted and not all(self._allows(name, address) for address in found):
            raise AddressRefused(f"{name} must be called by https: plain http would send keys and messages unprotected")
        return found

    def _allows(self, name: str, address: Address) -> bool:
        return self._allow_private or name in self._names or _within(address, self._networks)

    def _resolved(self, name: str, port: int) -> tuple[Address, ...]:
        with self._lock:
            until, found = self._remembered.get((name, port), (0.0, ()))
        if until > time.monotonic():
            return found
        try:
            found = tuple(ipaddress.ip_address(text.partition("%")[0]) for text in self._resolver(name, port))
        except (OSError, UnicodeError):
            found = ()
        if not found:
            raise Unreachable(f"{name} has no address: check the name, or the network of this server")
        with self._lock:
            if len(self._remembered) >= REMEMBERED_NAMES:
                self._remembered.clear()
            self._remembered[name, port] = (time.monotonic() + REMEMBERED_SECONDS, found)
        return found
