"""Every call to a Zendesk account: within our share of its rate, signed in, refusals as our own errors.

It answers like a requests session because zenpy wants one. zenpy's own ways (sleeping on 429, whole answers in its
errors) never come to work: nothing but a good answer reaches it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from bridge.connector import Access, ConnectorError, HelpdeskDown, RateLimited, Refused
from bridge.http import AddressRefused, HttpError, Limits
from connectors.zendesk import auth, rate

LIMITS = Limits(connect_timeout=5, read_timeout=30, deadline=60, max_bytes=30_000_000)
CLOSED = "closed prevents ticket update"
"""How every form of Zendesk's refusal to change a closed ticket reads."""


class Rejected(ConnectorError):
    """Zendesk refuses this one call for what it says; the sign-in is good. `code` is Zendesk's word, never a text."""

    permanent = True

    def __init__(self, status: int, code: str, closed: bool) -> None:
        super().__init__(f"Zendesk refuses the call: {code} (status {status})")
        self.status = status
        self.code = code
        self.closed = closed


class Session:
    """Calls one account as one connection. Cheap to make: its sockets belong to the process. For one thread."""

    authorized = True

    def __init__(self, access: Access) -> None:
        """Raises Refused when the connection's options name no place to call."""
        self.access = access
        self.base = auth.base_of(access)
        self.netloc = urlsplit(self.base).netloc
        self._session = access.http.session(LIMITS)
        self.headers = self._session.headers
        self._token: str | None = None

    def get(self, url: str, **rest: Any) -> requests.Response:
        """GET; see `call`."""
        return self.call("GET", url, **rest)

    def post(self, url: str, **rest: Any) -> requests.Response:
        """POST; see `call`."""
        return self.call("POST", url, **rest)

    def put(self, url: str, **rest: Any) -> requests.Response:
        """PUT; see `call`."""
        return self.call("PUT", url, **rest)

    def delete(self, url: str, **rest: Any) -> requests.Response:
        """DELETE; see `call`."""
        return self.call("DELETE", url, **rest)

    def call(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: object = None,
        timeout: object = None,
    ) -> requests.Response:
        """A good answer (2xx) to one call; `url` may be a path. zenpy's headers and time-out are not used.

        Raises RateLimited (ours or Zendesk's), HelpdeskDown, Refused (sign-in, rights) or Rejected (this call).
        """
        target = self._target(url)
        buckets = rate.buckets_of(method, urlsplit(target).path)
        self._token = token = self._token or auth.bearer(self.access, self.base)
        response = self._once(method, target, json, params, token, buckets)
        if response.status_code == 401:
            self._token = token = auth.bearer(self.access, self.base, refused=token)
            response = self._once(method, target, json, params, token, buckets)
        return self._judged(response, buckets)

    def json(self, url: str, **params: str) -> dict[str, Any]:
        """The JSON object that a GET answers."""
        whole = self.get(url, params=params).json()
        if not isinstance(whole, dict):
            raise HelpdeskDown("Zendesk answers with something that is not its API's")
        return whole

    def _target(self, url: str) -> str:
        """The URL to call. zenpy builds https ones, and answers link to further pages: all must be the account's."""
        if url.startswith("/"):
            return self.base + url
        parts = urlsplit(url)
        if parts.netloc != self.netloc:
            raise Refused("Zendesk's answer leads to another host: the call was not made")
        return self.base + url[len(f"{parts.scheme}://{parts.netloc}") :]

    def _once(
        self,
        method: str,
        url: str,
        json: object,
        params: Mapping[str, str] | None,
        token: str,
        buckets: tuple[rate.Bucket, ...],
    ) -> requests.Response:
        rate.take(self.access.state, buckets)
        try:
            signed = {"Authorization": f"Bearer {token}"}
            response = self._session.request(method, url, json=json, params=params, headers=signed)
        except AddressRefused as problem:
            raise Refused(str(problem)) from None
        except HttpError as problem:
            raise HelpdeskDown(str(problem)) from None
        rate.learn(self.access.state, buckets, _lower(response.headers))
        return response

    def _judged(self, response: requests.Response, buckets: tuple[rate.Bucket, ...]) -> requests.Response:
        status, headers = response.status_code, _lower(response.headers)
        body = _body(response)
        if 200 <= status < 300:
            if body is None and status != 204:
                raise HelpdeskDown("Zendesk answers with something that is not its API's")
            return response
        if status == 429:
            raise rate.pause(self.access.state, buckets, headers)
        if status >= 500 and "retry-after" in headers:
            raise RateLimited(rate.retry_after(headers))
        if status >= 500 or 300 <= status < 400:
            raise HelpdeskDown(f"Zendesk is not working just now (status {status})")
        if status == 401:
            raise Refused("Zendesk does not accept our sign-in: check the OAuth client in Admin Center")
        if status == 403:
            raise Refused("Zendesk refuses this: the OAuth client needs `read write`, and its user the role admin")
        error = body.get("error") if isinstance(body, dict) else None
        code = error if isinstance(error, str) and re.fullmatch(r"[A-Za-z]{1,60}", error) else "Refused"
        raise Rejected(status, code, CLOSED in response.text)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _body(response: requests.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None
