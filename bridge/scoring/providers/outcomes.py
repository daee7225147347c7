"""One taxonomy of everything that can go wrong in a call to a provider, and what follows from each.

This is data: the scoring drain acts on it, the codecs and `failures` only name the outcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.errors import BridgeError
from bridge.scoring.providers.completion import Usage


class Outcome(StrEnum):
    BAD_KEY = "bad_key"
    NO_MONEY = "no_money"
    BAD_MODEL = "bad_model"
    BAD_ADDRESS = "bad_address"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    TOO_LONG = "too_long"
    BAD_REPLY = "bad_reply"
    BAD_REQUEST = "bad_request"


class Then(StrEnum):
    """What follows for the message, and for its workspace's AI route."""

    STOP = "stop"
    """The route is stopped until a person mends it, who is told once; this and later messages are scored offline."""
    LATER = "later"
    """The message is put off (by `retry_after` if the provider named one) and scored offline after ten minutes."""
    OFFLINE = "offline"
    """This message is scored offline, after `retries` more calls."""


@dataclass(frozen=True, slots=True)
class Meaning:
    then: Then
    words: str
    """What happened and what to do, after the provider's name: "OpenAI refuses the key: ..."."""
    retries: int = 0


MEANING: Mapping[Outcome, Meaning] = {
    Outcome.BAD_KEY: Meaning(
        Then.STOP, "refuses the key: see there that it is active and may use this model, or `provider set` another"
    ),
    Outcome.NO_MONEY: Meaning(
        Then.STOP, "says that the account has no money left: top it up or raise its limit, then `provider test`"
    ),
    Outcome.BAD_MODEL: Meaning(
        Then.STOP,
        "does not know this model, or has retired it: name another with `provider set --model` "
        "(with a base URL of your own, check that too)",
    ),
    Outcome.BAD_ADDRESS: Meaning(
        Then.STOP, "has an address that may not be called, or that sends us elsewhere: mend the base URL"
    ),
    Outcome.RATE_LIMITED: Meaning(Then.LATER, "asks us to slow down: nothing to do, or raise the limit there"),
    Outcome.OVERLOADED: Meaning(Then.LATER, "is overloaded or out of order: nothing to do"),
    Outcome.UNREACHABLE: Meaning(
        Then.LATER, "cannot be reached: check this machine's network, name service and the base URL"
    ),
    Outcome.TIMED_OUT: Meaning(Then.LATER, "did not answer in time: nothing to do, or choose a faster model"),
    Outcome.REFUSED: Meaning(Then.OFFLINE, "will not judge this message: its safety rules object"),
    Outcome.TOO_LONG: Meaning(Then.OFFLINE, "cannot read a message this long with this model"),
    Outcome.BAD_REPLY: Meaning(
        Then.OFFLINE, "answered with something that is no score: if it happens often, choose another model", retries=1
    ),
    Outcome.BAD_REQUEST: Meaning(
        Then.OFFLINE,
        "does not accept our request: run `provider test`; the model may lack a feature that we use",
    ),
}


class CallFailed(BridgeError):
    """A call that brought no score. Holds neither key nor customer's words, so it may be logged and shown."""

    def __init__(
        self,
        outcome: Outcome,
        provider: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        requests_per_minute: int | None = None,
        usage: Usage | None = None,
        cost: int | None = None,
        seconds: float = 0.0,
    ) -> None:
        answered = f" (HTTP {status})" if status is not None else ""
        super().__init__(f"{provider} {MEANING[outcome].words}{answered}")
        self.outcome = outcome
        self.status = status
        self.retry_after = retry_after
        """Seconds that the provider asks us to wait; None: it names none."""
        self.requests_per_minute = requests_per_minute
        """The account's limit, where the provider tells it."""
        self.usage = usage
        self.cost = cost
        """Micro-dollars: refused and unreadable replies are billed too. None: not known."""
        self.seconds = seconds
        self.said = ""
        """The provider's own words, kept by `try_out` alone, whose message is ours."""

    @property
    def then(self) -> Then:
        return MEANING[self.outcome].then

    @property
    def retries(self) -> int:
        return MEANING[self.outcome].retries
