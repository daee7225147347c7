"""The one way out: every call to a helpdesk, a provider or somebody's webhook is made here.

It goes to judged addresses only (`address`), over https with the certificate checked, follows no redirect,
repeats nothing, keeps no cookie, and ends by a deadline and a size whatever the other side does (`wire`).
"""

import importlib.metadata
import json as json_decoder
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.exceptions
import urllib3.exceptions
from urllib3.connectionpool import HTTPConnectionPool

from bridge.address import (
    AddressRefused,
    Guard,
    HttpError,
    Policy,
    Resolver,
    TimedOut,
    TooLarge,
    Unreachable,
    plain_host,
    system_resolver,
)
from bridge.wire import GuardedPools, deadline, remaining

__all__ = [
    "AddressRefused",
    "GuardedSession",
    "Http",
    "HttpError",
    "Limits",
    "Policy",
    "Reply",
    "TimedOut",
    "TooLarge",
    "Unreachable",
]

CHUNK = 64 * 1024
UNKNOWN_ISSUER = (18, 19, 20, 21)
"""OpenSSL's codes for a certificate that leads to no trusted authority (openssl-verification-options(1))."""
FAILURES = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take: seconds, and bytes of the answer's body after decompression."""

    connect_timeout: float = 5
    """For the connection, the TLS handshake and the sending of the request, each."""
    read_timeout: float = 30
    """For each wait for the next bytes."""
    deadline: float = 60
    """For the whole call."""
    max_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Header names are lower case; the body is decompressed. A redirect is an answer like any other."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> object:
        """The body as JSON. Raises HttpError when it is none."""
        try:
            return json_decoder.loads(self.body)
        except ValueError:
            pass
        raise HttpError(f"the answer (status {self.status}) is not JSON")


class GuardedAdapter(requests.adapters.HTTPAdapter):
    """What requests sends by: the guarded connections, and the body read within the limits before it returns."""

    def __init__(self, pools: GuardedPools, limits: Limits) -> None:
        self._pools = pools
        self._limits = limits
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        self.poolmanager = self._pools

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: object, proxies: object = None, cert: object = None
    ) -> HTTPConnectionPool:
        """The host's guarded connections, whatever proxy or TLS setting a session asks for."""
        parts = urlsplit(request.url or "")
        return self._pools.connection_from_host(parts.hostname, parts.port, parts.scheme)

    def request_url(self, request: requests.PreparedRequest, proxies: object) -> str:
        return request.path_url

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """The shared TLS context always checks; nobody can switch it off."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: object = True,
        cert: object = None,
        proxies: object = None,
    ) -> requests.Response:
        """As requests asks for it, with the limits of the session; a time-out given here counts where it is shorter."""
        limits = self._limits
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        limits = Limits(
            min(connect or limits.connect_timeout, limits.connect_timeout),
            min(read or limits.read_timeout, limits.read_timeout),
            limits.deadline,
            limits.max_bytes,
        )
        return self.exchange(request, limits)

    def exchange(self, request: requests.PreparedRequest, limits: Limits) -> requests.Response:
        """Sends a request and reads the whole answer. Raises HttpErrors."""
        host = _checked_host(request.url or "")
        self._pools.sweep()
        try:
            with deadline(limits.deadline):
                response = super().send(request, True, (limits.connect_timeout, limits.read_timeout))
                try:
                    response._content = _body(response, host, limits.max_bytes)
                    response._content_consumed = True  # type: ignore[attr-defined]
                except BaseException:
                    response.raw.close()
                    raise
                return response
        except FAILURES as failure:
            problem = _problem(host, failure)
        # Raised outside of the handler: requests' errors hold the URL with its query, so none may be chained.
        raise problem

    def close(self) -> None:
        """The connections belong to `Http`, not to one session."""


class GuardedSession(requests.Session):
    """A requests session for clients that want one (zenpy): same guard, same limits, errors are HttpErrors.

    It is cheap; make one for each connection and thread, since its headers and sign-in belong to one workspace.
    """

    def __init__(self, pools: GuardedPools, limits: Limits, headers: Mapping[str, str]) -> None:
        super().__init__()
        adapter = GuardedAdapter(pools, limits)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.trust_env = False
        self.headers.update(headers)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Sends without following redirects: the sign-in would follow them."""
        return super().send(request, **{**kwargs, "allow_redirects": False})


class Http:
    """The outgoing calls of one process. All threads share it; make it after a fork."""

    def __init__(
        self,
        policy: Policy,
        *,
        resolver: Resolver = system_resolver,
        per_host: int = 1000,
        ca_file: str | None = None,
    ) -> None:
        """`per_host`: idle connections kept to one host. `ca_file`: trust this PEM file instead of the usual stores."""
        self._pools = GuardedPools(Guard(policy, resolver), per_host, ca_file)
        self._adapter = GuardedAdapter(self._pools, Limits())
        self._headers = {
            "User-Agent": f"Moodbridge/{importlib.metadata.version('moodbridge')}",
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
        }

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        data: bytes | str | Mapping[str, str] | None = None,
        connect_timeout: float = 5,
        read_timeout: float = 30,
        deadline: float = 60,
        max_bytes: int = 10_000_000,
    ) -> Reply:
        """The answer to one call, whatever its status. `data`: a body, or a form; `json`: a value to send as JSON.

        Raises AddressRefused (not made), Unreachable, TimedOut, TooLarge, or HttpError for a request that
        cannot be made from these values. Nothing is repeated.
        """
        limits = Limits(connect_timeout, read_timeout, deadline, max_bytes)
        response = self._adapter.exchange(self._prepared(method, url, headers, json, data), limits)
        return Reply(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content
        )

    def session(self, limits: Limits = Limits()) -> GuardedSession:
        """A new requests session on the connections of this process."""
        return GuardedSession(self._pools, limits, self._headers)

    def close(self) -> None:
        """Closes the idle connections."""
        self._pools.clear()

    def _prepared(
        self, method: str, url: str, headers: Mapping[str, str] | None, json: object, data: Any
    ) -> requests.PreparedRequest:
        host = _checked_host(url)
        prepared = requests.PreparedRequest()
        try:
            prepared.prepare_method(method)
            prepared.prepare_url(url, None)
            prepared.prepare_headers({**self._headers, **(headers or {})})
            prepared.prepare_body(data, None, json)
            return prepared
        except (requests.exceptions.RequestException, UnicodeError) as failure:
            problem = _problem(host, failure)
        raise problem


def _checked_host(url: str) -> str:
    """The host of a URL that may be called. Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None:
        raise AddressRefused("this is no address that can be called: it must look like https://host/path")
    if parts.scheme not in ("http", "https"):
        raise AddressRefused(f"{plain_host(host)}: only https addresses can be called")
    if "@" in parts.netloc:
        raise AddressRefused(f"{plain_host(host)}: take the user and password out of the address")
    return plain_host(host)


def _body(response: requests.Response, host: str, max_bytes: int) -> bytes:
    too_large = TooLarge(f"{host} answers with more than {max_bytes} bytes")
    declared = response.headers.get("Content-Length", "")
    if response.request.method != "HEAD" and declared.isdigit() and int(declared) > max_bytes:
        raise too_large
    chunks, size = [], 0
    for chunk in response.raw.stream(CHUNK, decode_content=True):
        size += len(chunk)
        if size > max_bytes:
            raise too_large
        chunks.append(chunk)
        remaining(None)
    return b"".join(chunks)


def _problem(host: str, failure: BaseException) -> HttpError:
    """What to tell of a failure. Uses the kinds of errors only: their texts hold URLs and header values."""
    chain = list(_chain(failure))

    def among(*kinds: type[BaseException]) -> bool:
        return any(isinstance(error, kinds) for error in chain)

    for error in chain:
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = error.verify_message.partition(",")[0]
            own = (
                ": if its authority is your own, add it to SSL_CERT_FILE" if error.verify_code in UNKNOWN_ISSUER else ""
            )
            return Unreachable(f"{host}: its certificate is not accepted ({reason}){own}")
    if among(requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema):
        return AddressRefused(f"{host}: this is no address that can be called")
    if among(requests.exceptions.InvalidHeader, UnicodeError):
        return HttpError(f"{host}: a header holds a character that is not allowed: is the key pasted wrongly?")
    if among(TimeoutError, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        return TimedOut(f"{host} did not answer in time")
    if among(urllib3.exceptions.DecodeError):
        return Unreachable(f"{host} sends an answer that cannot be decompressed")
    if among(ssl.SSLError):
        return Unreachable(f"{host} does not agree on a TLS connection")
    if among(ConnectionRefusedError):
        return Unreachable(f"{host} refuses connections: is it running, and is the port right?")
    return Unreachable(f"{host} cannot be reached, or broke the connection off")


def _chain(failure: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting: list[object] = [failure]
    while waiting:
        error = waiting.pop(0)
        if isinstance(error, BaseException) and not any(error is other for other in seen):
            seen.append(error)
            waiting += [*error.args, getattr(error, "reason", None), error.__cause__, error.__context__]
            yield error
