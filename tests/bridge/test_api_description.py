"""The API is what its OpenAPI document says: thousands of calls made from the document find no difference."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from bridge import alert_channels, tokens, webhooks
from bridge.runtime import Runtime
from bridge.web.api import rate_limit
from bridge.web.app import create_app
from tests import fakes

CONFIG = Path(__file__).parent.parent / "schemathesis.toml"
EXAMPLES = "8"
"""Of each operation and kind of call, beside those that cover every member's edges. All takes about half a minute."""


@pytest.fixture
def no_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CALLS", 10**9)


@pytest.fixture
def server(runtime: Runtime, no_rate_limit: None) -> Iterator[str]:
    """The API on loopback."""
    server = make_server("127.0.0.1", 0, create_app(runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_schemathesis_finds_no_difference_between_the_api_and_its_description(
    runtime: Runtime, server: str, tmp_path: Path
) -> None:
    home = fakes.home(runtime, "acme", "writable")
    for number in range(10):
        fakes.scored(runtime, home, f"T-{number}", 60, -10, -80 + number, None)
    seeded = {
        "TOKEN": tokens.add(runtime, "acme", "owner").token.reveal(),
        "CONNECTION": home.connection,
        "WEBHOOK": webhooks.add(runtime, "acme", "http://127.0.0.1:9/told").endpoint.id,
        "ALERT": alert_channels.add(runtime, "acme", "slack", "http://127.0.0.1:9/told").id,
    }
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
    options = [f"{server}/api/v1/openapi.json", "--max-examples", EXAMPLES, "--seed", "1", "--continue-on-failure"]
    told = subprocess.run(
        [*command, *options], env=os.environ | seeded, cwd=tmp_path, capture_output=True, text=True, timeout=110
    )
    assert told.returncode == 0, told.stdout[-8000:] + told.stderr[-2000:]
    assert "Test cases" in told.stdout
    assert "Authentication failed" not in told.stdout, "the run lost its own token on the way"
