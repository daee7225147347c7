"""Trouble on order, for tests: the next calls fail, or are slow, or are done while their answer is lost."""

import threading

from connectors.sandbox.desk.values import Fault


class Faults:
    """At most one fault is on at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._left = 0

    def order(self, fault: Fault | None) -> None:
        """Switches this fault on for its number of calls, or with None whatever is on off."""
        with self._lock:
            self._fault = fault
            self._left = fault.times if fault else 0

    def take(self, writes: bool) -> Fault | None:
        """The fault that this call must suffer, if any; uses one up."""
        with self._lock:
            fault = self._fault
            if fault is None or self._left == 0 or fault.on == ("reads" if writes else "writes"):
                return None
            self._left -= 1
            return fault
