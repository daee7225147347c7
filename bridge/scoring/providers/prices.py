"""What calls cost: of one call from the provider's own count, and the table of docs/scoring.md.

`python -m bridge.scoring.providers.prices` prints that table.
"""

import sys
from datetime import UTC, datetime

from bridge.scoring.providers import prompt
from bridge.scoring.providers.completion import Usage
from bridge.scoring.providers.profiles import PRICES_AS_OF, PROFILES, JsonMode, Model, Price, Profile, model_of

CLAIM_CENTS = 1.0
"""What the product promises per 100 messages, in US cents."""
_EMAIL = 109
_LONG_EMAIL = 400
"""Tokens of the two messages that the table computes with: an e-mail of 91 words, and one of about 330."""


def cost(profile: Profile, model: str, usage: Usage | None, at: float) -> int | None:
    """Micro-dollars of a call made at Unix time `at`; None when the provider did not count, or the price is unknown."""
    known = model_of(profile, model)
    if known is None or usage is None:
        return None
    return round(_micro_dollars(price_at(profile, known, at), usage))


def price_at(profile: Profile, model: Model, at: float) -> Price:
    """The price that holds at a Unix time. Public holidays, which some providers price off-peak, count as workdays."""
    return model.peak_price if model.peak_price and is_peak(profile, at) else model.price


def is_peak(profile: Profile, at: float) -> bool:
    """Whether that Unix time lies in the hours in which the provider charges more."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.weekday() < 5 and any(start <= moment.hour < end for start, end in profile.peak_hours)


def _micro_dollars(price: Price, usage: Usage) -> float:
    # A dollar per million tokens is a micro-dollar per token.
    fresh = usage.input - usage.cached
    return fresh * price.input + usage.cached * price.cached + usage.output * price.output


def cents_per_100(profile: Profile, price: Price, message_tokens: int) -> float:
    """US cents for 100 calls with a message of that length: nothing cached anywhere, reasoning off if it can be."""
    schema = 0 if profile.json_mode is JsonMode.OBJECT else prompt.SCHEMA_TOKENS
    read = round((prompt.INSTRUCTION_TOKENS + schema + message_tokens) * profile.token_factor)
    written = round(prompt.REPLY_TOKENS * profile.token_factor) + profile.hidden_tokens
    return _micro_dollars(price, Usage(read, 0, written)) / 100


def table() -> str:
    """The cost of every model in the table of profiles, as Markdown."""
    rows = [
        f"US cents per 100 messages, prices of {PRICES_AS_OF}, nothing cached, reasoning off where it can be.",
        "",
        "| Provider | Model | $ per million in / out | 91 words | about 330 words | under one cent per 100 messages |",
        "|---|---|---|---|---|---|",
    ]
    for profile in PROFILES:
        for model in profile.models:
            rows.append(_row(profile, model.name, model.price))
            if model.peak_price:
                rows.append(_row(profile, f"{model.name} at peak hours", model.peak_price))
    return "\n".join(rows) + "\n"


def _row(profile: Profile, name: str, price: Price) -> str:
    email, long_email = (cents_per_100(profile, price, tokens) for tokens in (_EMAIL, _LONG_EMAIL))
    verdict = "false" if email >= CLAIM_CENTS else "true" if long_email < CLAIM_CENTS else "true, not for long ones"
    prices = f"{price.input:g} / {price.output:g}"
    return f"| {profile.title} | {name} | {prices} | {email:.2f} | {long_email:.2f} | {verdict} |"


if __name__ == "__main__":
    sys.stdout.write(table())
