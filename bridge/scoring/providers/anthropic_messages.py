"""The dialect of Anthropic's Messages API, version 2026-10-21, which refuses sampling parameters.

Anthropic, "Messages" API reference and "Migrating to API version 2026-10-21".
"""

from bridge.scoring.providers import prompt
from bridge.scoring.providers.completion import Completion, Ending, Usage, count, part
from bridge.scoring.providers.profiles import Profile

_ENDINGS = {
    "refusal": Ending.REFUSED,  # its safety classifiers answer 200
    "max_tokens": Ending.CUT,
    "model_context_window_exceeded": Ending.TOO_LONG,
}


def body(profile: Profile, model: str, text: str) -> dict[str, object]:
    """The request that asks for the score of one text."""
    extra = dict(profile.extra)
    schema = {"format": {"type": "json_schema", "schema": prompt.SCHEMA}}
    output_config = {**_mapping(extra.pop("output_config", None)), **schema}
    return {
        "model": model,
        "system": prompt.INSTRUCTIONS,
        "messages": [{"role": "user", "content": prompt.fenced(text)}],
        "output_config": output_config,
        profile.output_field: profile.output_limit,
        **extra,
    }


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def completion(answer: object) -> Completion:
    """What a decoded 2xx answer holds. Raises nothing, whatever it is given."""
    text = _text(part(answer, "content"))
    reason = part(answer, "stop_reason")
    ending = _ENDINGS.get(reason) if isinstance(reason, str) else None
    return Completion(text, ending or (Ending.COMPLETE if text else Ending.NONE), _usage(part(answer, "usage")))


def _text(blocks: object) -> str:
    """The first text block: others (thinking, tools) may stand before it."""
    for block in blocks if isinstance(blocks, list) else []:
        text = part(block, "text")
        if part(block, "type") == "text" and isinstance(text, str):
            return text
    return ""


def _usage(usage: object) -> Usage | None:
    # Here `input_tokens` leaves out what was read from or written to the prompt cache.
    cached = count(usage, "cache_read_input_tokens")
    read = count(usage, "input_tokens") + cached + count(usage, "cache_creation_input_tokens")
    return Usage(read, cached, count(usage, "output_tokens")) if read else None
