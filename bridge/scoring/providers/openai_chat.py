"""The chat dialect of OpenAI, which DeepSeek, Moonshot, xAI and most servers speak too.

OpenAI, "Chat Completions" API reference; differences are columns of the profile table.
"""

from collections.abc import Mapping

from bridge.scoring.providers import prompt
from bridge.scoring.providers.completion import Completion, Ending, Usage, count, part
from bridge.scoring.providers.profiles import JsonMode, Profile


def body(profile: Profile, model: str, text: str) -> dict[str, object]:
    """The request that asks for the score of one text."""
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": prompt.INSTRUCTIONS},
            {"role": "user", "content": prompt.fenced(text)},
        ],
        "response_format": _response_format(profile.json_mode),
        profile.output_field: profile.output_limit,
        **profile.extra,
    }


def _response_format(mode: JsonMode) -> Mapping[str, object]:
    if mode is JsonMode.OBJECT:
        return {"type": "json_object"}
    schema: dict[str, object] = {"name": "mood", "schema": prompt.SCHEMA}
    if mode is JsonMode.STRICT_SCHEMA:
        schema["strict"] = True
    return {"type": "json_schema", "json_schema": schema}


def completion(answer: object) -> Completion:
    """What a decoded 2xx answer holds. Raises nothing, whatever it is given."""
    choice = part(part(answer, "choices"), 0)
    message = part(choice, "message")
    text = part(message, "content")
    text = text if isinstance(text, str) else ""
    match part(choice, "finish_reason"):
        case "content_filter":
            ending = Ending.REFUSED
        case "length":
            ending = Ending.CUT
        case _:
            ending = Ending.COMPLETE if text else Ending.NONE
    if part(message, "refusal"):
        ending = Ending.REFUSED
    return Completion(text, ending, _usage(part(answer, "usage")))


def _usage(usage: object) -> Usage | None:
    read = count(usage, "prompt_tokens")
    if not read:
        return None
    # DeepSeek and Moonshot have their own name for the cached part. xAI leaves reasoning out of completion_tokens but
    # bills it: the total holds it.
    cached = count(part(usage, "prompt_tokens_details"), "cached_tokens") or count(
        usage, "prompt_cache_hit_tokens", "cached_tokens"
    )
    written = max(count(usage, "completion_tokens"), count(usage, "total_tokens") - read)
    return Usage(read, min(cached, read), written)
