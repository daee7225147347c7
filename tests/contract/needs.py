"""Which tests of the suite a connector must pass: those of what its capabilities declare."""

from collections.abc import Callable
from typing import Any, TypeVar

from bridge.connector import Capabilities

Test = TypeVar("Test", bound=Callable[..., Any])
NEEDS = "_contract_needs"


def needs(*wanted: Callable[[Capabilities], object]) -> Callable[[Test], Test]:
    """The test is asked of connectors alone whose capabilities meet all of these."""

    def mark(test: Test) -> Test:
        setattr(test, NEEDS, wanted)
        return test

    return mark


def asked_of(capabilities: Capabilities, test: object) -> bool:
    """Whether a connector with these capabilities must pass this test."""
    return all(one(capabilities) for one in getattr(test, NEEDS, ()))


def events(capabilities: Capabilities) -> bool:
    return capabilities.events


def readable(capabilities: Capabilities) -> bool:
    return capabilities.readable


def polled(capabilities: Capabilities) -> bool:
    return capabilities.poll_every is not None


def writes(capabilities: Capabilities) -> bool:
    return capabilities.writes


def many_at_once(capabilities: Capabilities) -> bool:
    return capabilities.writes and capabilities.bulk_size > 1


def corrections(capabilities: Capabilities) -> bool:
    return capabilities.corrections


def html(capabilities: Capabilities) -> bool:
    return capabilities.html


def tags(capabilities: Capabilities) -> bool:
    return capabilities.tags is not None


def closes(capabilities: Capabilities) -> bool:
    return capabilities.closes
