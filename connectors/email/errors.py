"""Why a mail cannot be read."""

from bridge.errors import BridgeError


class SetAside(BridgeError):
    """This mail cannot be read, now or later; `reason` is a short word to record, without anything of the mail."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{message}; it is set aside, the mailbox goes on")
        self.reason = reason
