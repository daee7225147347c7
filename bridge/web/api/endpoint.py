"""What an endpoint is: an address, who may call it, and the types of what it takes and answers.

A table of our own: Flask routes by it and the OpenAPI document is made from it. The frameworks that do so (APIFlask
3.1.2, flask-smorest 0.47, spectree 3.0) describe requests by marshmallow or pydantic models, a second set of types
beside the dataclasses that the rest is made of; they add 5 to 12 packages, and APIFlask 0.4 s to each start of the web
process (spectree alone next to nothing, but pydantic with the first model).
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from bridge.runtime import Runtime
from bridge.tokens import Holder, Role
from bridge.web.api.json_schema import hints

CSV = "text/csv"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls about which workspace. `given`: the members that the body has, so that none and null differ."""

    runtime: Runtime
    slug: str
    holder: Holder
    given: frozenset[str] = frozenset()

    @property
    def by(self) -> str:
        """How what was done is signed."""
        return f"token {self.holder.token_id}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address, below a workspace's own."""

    method: str
    path: str
    """As Flask writes it: /tickets/<connection>/<ticket_id>."""
    role: Role
    """The lowest that may call it."""
    answers: Any
    """The dataclass that says what of the handler's value is shown; None: nothing."""
    handle: Callable[..., Any]
    """Called with a Call, the parts of the path by name, and `query` and `body` where it asks for them."""
    status: int
    media: str
    cost: int
    """How many calls it counts as for the rate limit."""
    at_least_once: bool
    """The same request does the same again harmlessly, so that no idempotency key is kept (it may be sent)."""

    @property
    def name(self) -> str:
        """The operation's, unique over the API."""
        return self.handle.__name__

    @property
    def tag(self) -> str:
        """The resource that it belongs to."""
        return self.handle.__module__.rpartition(".")[2]

    @property
    def words(self) -> tuple[str, str]:
        """What it does: one line, and more."""
        summary, _, more = inspect.cleandoc(self.handle.__doc__ or "").partition("\n\n")
        return " ".join(summary.split()), more

    @property
    def query(self) -> Any:
        """The dataclass of its parameters; None: it takes none."""
        return hints(self.handle).get("query")

    @property
    def body(self) -> Any:
        """The dataclass of its body; None: it takes none."""
        return hints(self.handle).get("body")


def endpoint(
    method: str,
    path: str,
    role: Role,
    answers: Any,
    *,
    status: int = 200,
    media: str = JSON,
    cost: int = 1,
    at_least_once: bool = False,
) -> Callable[[Callable[..., Any]], Endpoint]:
    """Makes an endpoint of a function, whose types say the rest."""

    def make(handle: Callable[..., Any]) -> Endpoint:
        return Endpoint(method, path, role, answers, handle, status, media, cost, at_least_once)

    return make


def of_module(module: ModuleType) -> Iterator[Endpoint]:
    """The endpoints that a module defines, in its order."""
    return (value for value in vars(module).values() if isinstance(value, Endpoint))
