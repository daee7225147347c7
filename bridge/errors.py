"""The root of every error that Moodbridge raises on purpose."""


class BridgeError(Exception):
    """Something went wrong that a person can mend: the message says what to do next."""


class NotFound(BridgeError):
    """The named thing does not exist in this workspace."""


class Invalid(BridgeError):
    """A value cannot be accepted; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
