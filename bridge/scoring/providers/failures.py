"""From a provider's refusal to our taxonomy: one table of rules for all, the first that fits decides.

The words of an answer are read to tell the cases apart and never kept: they may quote the key or the customer.
Sources: each provider's page on error codes, by the state of 2026-11-22.
"""

import email.utils
import json
import re
from collections.abc import Container, Mapping

from bridge.scoring.providers.completion import part
from bridge.scoring.providers.outcomes import MEANING, Outcome, Then
from bridge.vault import Secret

_LONGEST_WAIT = 120.0
_READ = 300
"""Characters of an error's message that are looked at: what comes later may be an echo of the customer's text."""

_RULES: tuple[tuple[Container[int], str, Outcome], ...] = (
    (range(300, 400), "", Outcome.BAD_ADDRESS),
    ((402,), "", Outcome.NO_MONEY),
    # OpenAI and Kimi say it with a 429, Kimi with a 403 too, Anthropic with a 400. Not "exceeded your current quota",
    # which Gemini says of every rate limit.
    (
        (400, 403, 429),
        r"insufficient_quota|billing_(hard_limit|not_active)|exceeded_current_quota|insufficient.balance"
        r"|credit balance|specified api usage limits|spend(ing)? limit|(no|out of|more) credits",
        Outcome.NO_MONEY,
    ),
    ((401,), "", Outcome.BAD_KEY),
    # xAI and Gemini answer 400 to a wrong key.
    ((400, 403), r"api[ _-]?key|authentication|unauthori[sz]ed", Outcome.BAD_KEY),
    ((413,), "", Outcome.TOO_LONG),
    # Together says 403 when the text is too long.
    ((400, 403, 422), r"context.length|context.window|maximum context|too long|too many tokens", Outcome.TOO_LONG),
    ((400, 403), r"content_filter|content management policy|content.polic|safety|moderation", Outcome.REFUSED),
    ((404, 410), "", Outcome.BAD_MODEL),
    (
        (400, 403, 422),
        r"model_not_found|(invalid|unknown) model"
        r"|\bmodel\b.{0,80}(not found|not exist|deprecated|retired|decommissioned|no longer|not available)",
        Outcome.BAD_MODEL,
    ),
    ((403,), "", Outcome.BAD_KEY),
    ((429,), "", Outcome.RATE_LIMITED),
    # 424 and 498 are Groq's, 529 is Anthropic's.
    ((408, 409, 424, 425, 498, *range(500, 600)), "", Outcome.OVERLOADED),
)


def outcome_of(status: int, body: bytes) -> Outcome:
    """What a status other than 2xx means, with the words that came with it. Raises nothing."""
    problem = _problem(decoded(body))
    if problem is None and status == 403:
        return Outcome.OVERLOADED  # a page of some firewall on the way: not the provider's word on the key
    return _by_rules(status, problem or "")


def outcome_in_answer(answer: object) -> Outcome | None:
    """What a 2xx answer with an error inside means (OpenRouter does that); None when there is none."""
    error = part(answer, "error") or part(part(part(answer, "choices"), 0), "error")
    if not error:
        return None
    code = part(error, "code")
    found = _by_rules(code if type(code) is int else 400, _problem({"error": error}) or "")
    return found if MEANING[found].then is Then.STOP else Outcome.BAD_REPLY


def _by_rules(status: int, problem: str) -> Outcome:
    for statuses, words, outcome in _RULES:
        if status in statuses and re.search(words, problem):
            return outcome
    return Outcome.BAD_REQUEST


def _problem(answer: object) -> str | None:
    """Code, type and message of an error body in lower case; None when it is no error body of any known shape."""
    if isinstance(answer, list):  # Gemini
        answer = part(answer, 0)
    if not isinstance(answer, Mapping):
        return None
    error = answer.get("error", answer)  # Mistral's is flat
    if isinstance(error, str):  # xAI
        error = {"code": answer.get("code"), "message": error}
    words = (part(error, key) for key in ("code", "type", "status", "message", "detail"))
    return " ".join(word[:_READ] for word in words if isinstance(word, str)).lower()


def words_of(body: bytes, key: Secret | None) -> str:
    """What the provider says itself, without the key, for an admin's own test call."""
    words = _problem(decoded(body)) or body[:_READ].decode("utf-8", "replace")
    if key is not None:
        words = words.replace(key.reveal().lower(), "****").replace(key.reveal(), "****")
    return " ".join(words.split())[:_READ]


def decoded(body: bytes) -> object:
    """The JSON value in a body (blank keep-alive lines before it are fine); None when there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds a reply asks us to wait, at most two minutes; None when it does not say. RFC 9110, 10.2.3."""
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", said):
        seconds = float(said)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(said).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def requests_per_minute(headers: Mapping[str, str], name: str | None) -> int | None:
    """The account's limit in the header of that name; None when it is not told."""
    said = headers.get(name or "", "").strip()
    return int(said) if re.fullmatch(r"[0-9]{1,9}", said) and int(said) > 0 else None
