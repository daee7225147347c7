"""What tests of the web side begin with."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge import tokens
from bridge.http import Http
from bridge.runtime import Runtime
from bridge.web.app import create_app
from tests.bridge.http_calls import LOCAL
from tests.fakes import Home

Call = Callable[..., TestResponse]


@pytest.fixture
def http() -> Iterator[Http]:
    """Outgoing HTTP that may call servers of this machine."""
    made = Http(LOCAL)
    yield made
    made.close()


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    return create_app(runtime).test_client()


@pytest.fixture
def call(client: FlaskClient, runtime: Runtime, home: Home) -> Call:
    """Calls an address below the workspace's own, with a token of its own. `role`, `slug` say otherwise."""

    def call(
        path: str = "", method: str = "GET", role: str = "admin", slug: str = home.slug, **more: object
    ) -> TestResponse:
        token = tokens.add(runtime, home.slug, role).token.reveal()
        more.setdefault("headers", {"Authorization": f"Bearer {token}"})
        return client.open(f"/api/v1/workspaces/{slug}{path}", method=method, **more)  # type: ignore[arg-type]

    return call
