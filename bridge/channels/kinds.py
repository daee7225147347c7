"""The kinds of alert channels: how each checks its target, and how it is sent to."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.address import Policy
from bridge.channels import email, pagerduty, slack, smtp, teams
from bridge.channels.fact import Fact
from bridge.channels.outcome import Outcome, Request, post
from bridge.errors import Invalid
from bridge.http import Http

LONGEST_TARGET = 2000

_TRIED_AGAIN = (408, 425, 429)
"""Every other 4xx means that a person must mend the channel, or that this alert will never be taken."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alert channel."""

    name: str
    target: str
    """What its target is, in words."""
    host: Callable[[str], tuple[str, int, bool]]
    """Host, port, and whether it is encrypted, of a target. Raises Invalid when it is none."""
    send: Callable[[Http, Policy, str, Fact], Outcome]


def web_host(url: str, name: str = "target") -> tuple[str, int, bool]:
    """Host, port, and whether it is encrypted, of a web address. Raises Invalid, which repeats nothing of it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid(name, "give an address such as https://host/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise Invalid(name, "give an address such as https://host/path, without user and password")
    if len(url) > LONGEST_TARGET or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid(name, f"give at most {LONGEST_TARGET} characters, without spaces")
    encrypted = parts.scheme == "https"
    return parts.hostname, port or (443 if encrypted else 80), encrypted


def _mail_host(target: str) -> tuple[str, int, bool]:
    found = email.parsed(target)
    return found.host, found.port, True  # a plain server is judged when it offers no encryption


def _by_http(request: Callable[[str, Fact], Request]) -> Callable[[Http, Policy, str, Fact], Outcome]:
    def send(http: Http, _policy: Policy, target: str, fact: Fact) -> Outcome:
        outcome = post(http, request(target, fact))
        refused = outcome.status is not None and 400 <= outcome.status < 500 and outcome.status not in _TRIED_AGAIN
        return dataclasses.replace(outcome, final=refused)

    return send


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("slack", "the address of an incoming webhook", web_host, _by_http(slack.request)),
        Kind("teams", "the address of a workflow's webhook", web_host, _by_http(teams.request)),
        Kind(
            "email",
            "smtps://user:password@host:465?from=...&to=...",
            _mail_host,
            lambda _http, policy, target, fact: smtp.send(policy, email.parsed(target), fact),
        ),
        Kind(
            "pagerduty",
            "the integration key of an Events API v2 integration",
            lambda target: web_host(pagerduty.parts(target)[0]),
            _by_http(pagerduty.request),
        ),
    )
}
