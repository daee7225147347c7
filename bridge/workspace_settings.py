"""The settings of a workspace: their names, defaults and what each accepts."""

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.errors import Invalid
from bridge.scale import Scale, scale_named

WRITE_CHOICES = ("open", "all", "none")


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """Typed values of `workspace set`. Times are seconds."""

    enabled: bool = True
    scale: str = "four"
    languages: tuple[str, ...] = ("en",)
    backfill_daily: int = 200
    backfill_write: str = "open"
    backfill_at: str = "02:00"
    """The time of day, UTC, when the daily backfill may begin."""
    retention: int = 0
    """Days that customer text is kept after scoring."""
    monthly_budget_usd: float | None = None
    confidence_floor: float = 0.4
    indicators: bool = True
    indicators_in_alerts: bool = False
    redact: bool = False
    in_flight: int | None = None
    alert_max_age: float = 86_400.0

    @property
    def buckets(self) -> Scale:
        return scale_named(self.scale)


def changed(settings: WorkspaceSettings, values: Mapping[str, str]) -> WorkspaceSettings:
    """The settings with `values` (as a person types them) put in. Raises Invalid, naming the key."""
    parsed = {key: _parse(key, value) for key, value in values.items()}
    return dataclasses.replace(settings, **parsed)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=1000)
def from_json(text: str) -> WorkspaceSettings:
    """The settings as `to_json` stored them; keys of a later version are left out."""
    stored = json.loads(text)
    known = {field.name for field in dataclasses.fields(WorkspaceSettings)}
    values: dict[str, Any] = {key: stored[key] for key in known & stored.keys()}
    return WorkspaceSettings(**{**values, "languages": tuple(values.get("languages", ("en",)))})


def to_json(settings: WorkspaceSettings) -> str:
    """The settings as they are stored."""
    return json.dumps(dataclasses.asdict(settings), separators=(",", ":"))


def public(settings: WorkspaceSettings) -> dict[str, object]:
    """The settings as JSON shows them; `alert_max_age` in seconds."""
    values = dataclasses.asdict(settings)
    values["languages"] = list(settings.languages)
    return values


def _parse(key: str, value: str) -> object:
    parser = _PARSERS.get(key)
    if parser is None:
        raise Invalid(key, "there is no such setting; there are " + ", ".join(_PARSERS))
    return parser(key, value.strip())


def _switch(key: str, value: str) -> bool:
    if value.lower() in ("true", "on", "yes", "1"):
        return True
    if value.lower() in ("false", "off", "no", "0"):
        return False
    raise Invalid(key, "say on or off")


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def parse(key: str, value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
            raise Invalid(key, f"give a whole number from {low} to {high}")
        return int(value)

    return parse


def _optional(parser: Callable[[str, str], object]) -> Callable[[str, str], object]:
    def parse(key: str, value: str) -> object:
        return None if value.lower() in ("", "none") else parser(key, value)

    return parse


def _number(low: float, high: float) -> Callable[[str, str], float]:
    def parse(key: str, value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise Invalid(key, f"give a number from {low:g} to {high:g}")
        return number

    return parse


def _scale(key: str, value: str) -> str:
    return scale_named(value).name


def _languages(key: str, value: str) -> tuple[str, ...]:
    codes = tuple(code.strip().lower() for code in value.split(",") if code.strip())
    if not codes or not all(re.fullmatch(r"[a-z]{2,3}", code) for code in codes):
        raise Invalid(key, "give language codes such as en or en,de")
    return codes


def _choice(key: str, value: str) -> str:
    if value not in WRITE_CHOICES:
        raise Invalid(key, "choose one of " + ", ".join(WRITE_CHOICES))
    return value


def _time_of_day(key: str, value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise Invalid(key, "give a time of day in UTC, such as 02:00")
    return value


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _age(key: str, value: str) -> float:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", value.lower())
    if match is None:
        raise Invalid(key, "give a time such as 90m, 24h or 2d")
    return float(int(match[1]) * _UNITS[match[2]])


_PARSERS: dict[str, Callable[[str, str], object]] = {
    "enabled": _switch,
    "scale": _scale,
    "languages": _languages,
    "backfill_daily": _whole(0, 100_000),
    "backfill_write": _choice,
    "backfill_at": _time_of_day,
    "retention": _whole(0, 3650),
    "monthly_budget_usd": _optional(_number(0, 1_000_000)),
    "confidence_floor": _number(0, 1),
    "indicators": _switch,
    "indicators_in_alerts": _switch,
    "redact": _switch,
    "in_flight": _optional(_whole(1, 10_000)),
    "alert_max_age": _age,
}
