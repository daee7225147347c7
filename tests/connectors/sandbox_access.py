"""What the bridge hands to a connector, made by hand for the sandbox tests."""

from collections.abc import Sequence

from bridge.connector import Access, HookRequest
from bridge.http import Http, Policy

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class MemoryState:
    """A ConnectionState that lives as long as the test."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def set(self, key: str, value: str, expected: str | None) -> bool:
        if self.values.get(key) != expected:
            return False
        self.values[key] = value
        return True


def access_to(
    url: str = "http://127.0.0.1:1",
    token: str = "",
    secrets: Sequence[str] = (SECRET,),
    hook_url: str = "http://127.0.0.1:1/hooks/h",
) -> Access:
    return Access(
        connection="sandbox-t1",
        hook_url=hook_url,
        prefix="sentiment",
        options={"url": url, "token": token},
        secrets=tuple(secrets),
        state=MemoryState(),
        http=Http(Policy(allow_private=True)),
    )


def hook(body: bytes, headers: dict[str, str] | None = None, now: float = 1_764_000_000.0) -> HookRequest:
    return HookRequest(body, {"content-type": "application/json", **(headers or {})}, now)
