"""A workspace and its settings."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from bridge import workspaces
from bridge.errors import Invalid
from bridge.store.workspaces import Workspace
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Moment, says
from bridge.workspace_settings import WRITE_CHOICES

_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))

_Share = Annotated[float, says(minimum=0, maximum=1)]
_Writes = Literal["open", "all", "none"]


@dataclass(frozen=True, slots=True)
class WorkspaceShown:
    """A workspace with its settings; `retention` in days, `alert_max_age` in seconds."""

    workspace: str
    name: str
    created_at: Moment
    enabled: bool
    scale: str
    languages: Sequence[str]
    backfill_daily: int
    backfill_write: _Writes
    backfill_at: str
    retention: int
    monthly_budget_usd: float | None
    confidence_floor: _Share
    indicators: bool
    indicators_in_alerts: bool
    redact: bool
    in_flight: int | None
    alert_max_age: float


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The settings to change; those left out stay. `scale` is four, five or the workspace's own labels and edges."""

    enabled: bool = True
    scale: Annotated[str, says(examples=("four", "five", "good>=0.5,ok>=-0.2,bad"), maxLength=500)] = ""
    languages: Annotated[Sequence[Annotated[str, says(pattern="^[a-z]{2,3}$")]], says(minItems=1, maxItems=50)] = ()
    backfill_daily: Annotated[int, says(minimum=0, maximum=100_000)] = 0
    backfill_write: _Writes = "open"
    backfill_at: Annotated[str, says(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=("02:00",))] = "02:00"
    retention: Annotated[int, says(minimum=0, maximum=3650)] = 0
    monthly_budget_usd: Annotated[float, says(minimum=0, maximum=1_000_000)] | None = None
    confidence_floor: _Share = 0
    indicators: bool = True
    indicators_in_alerts: bool = False
    redact: bool = False
    in_flight: Annotated[int, says(minimum=1, maximum=10_000)] | None = None
    alert_max_age: (
        Annotated[int, says(minimum=0, maximum=999_999_999)] | Annotated[str, says(pattern="^[0-9]{1,9}[smhd]$")]
    ) = 0


assert set(WRITE_CHOICES) == set(_Writes.__args__)  # type: ignore[attr-defined]  # one list in two forms


@endpoint("GET", "", Role.AGENT, WorkspaceShown)
def show_workspace(call: Call) -> WorkspaceShown:
    """Show the workspace and its settings."""
    return _shown(workspaces.show(call.runtime, call.slug))


@endpoint("PATCH", "", Role.ADMIN, WorkspaceShown)
def change_workspace(call: Call, body: SettingsChange) -> WorkspaceShown:
    """Change settings.

    A new scale relabels what is scored already before the answer comes.
    """
    typed = {name: _typed(name, getattr(body, name)) for name in call.given}
    return _shown(workspaces.set(call.runtime, call.slug, typed))


def _shown(one: Workspace) -> WorkspaceShown:
    settings = {field.name: getattr(one.settings, field.name) for field in fields(one.settings)}
    return WorkspaceShown(one.slug, one.name, one.created_at, **settings)


def _typed(name: str, value: Any) -> str:
    """A value as a person types it at the command line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int) and name == "alert_max_age":
        return _age(name, value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(value)
    return str(value)


def _age(name: str, seconds: int) -> str:
    """Seconds, as the API shows them, in the largest unit that they fill."""
    for unit, size in _UNITS:
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    raise Invalid(name, "give whole seconds, or text such as 24h")
