"""The examples of docs/api.md, run as they stand there against a real server."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from bridge import tokens, webhooks
from bridge.runtime import Runtime, open_runtime
from bridge.settings import Settings
from bridge.web.app import create_app
from connectors.api import CONNECTOR
from tests import fakes

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLES = [
    command
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    for command in re.split(r"^(?=curl)", block, flags=re.MULTILINE)
    if command
]

BACKLOG = replace(fakes.FAKE, kind="backlog", capabilities=replace(fakes.FAKE.capabilities, backlog=True))
"""A helpdesk whose old tickets can be listed."""


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    opened = open_runtime(settings, {one.kind: one for one in (BACKLOG, CONNECTOR)})
    yield opened
    opened.close()


@pytest.fixture
def environ(runtime: Runtime) -> Iterator[dict[str, str]]:
    """What the examples expect in the environment, with a server behind it."""
    home = fakes.home(runtime, "acme", "backlog")
    message = fakes.scored(runtime, home, "T-1", 60, -82)[0]
    server = make_server("127.0.0.1", 0, create_app(runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {
        "PATH": os.environ["PATH"],
        "ACME": f"http://127.0.0.1:{server.port}/api/v1/workspaces/acme",
        "TOKEN": tokens.add(runtime, "acme", "owner").token.reveal(),
        "CONNECTION": home.connection,
        "MESSAGE": message,
        "WEBHOOK": webhooks.add(runtime, "acme", "https://hooks.example.com/x").endpoint.id,
    }
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl: NOT tested")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_example_works_as_it_stands_in_the_page(environ: dict[str, str]) -> None:
    assert len(EXAMPLES) > 20
    for example in EXAMPLES:
        ran = subprocess.run(["sh", "-c", example], env=environ, capture_output=True, text=True, timeout=30)
        assert ran.returncode == 0, example + ran.stdout + ran.stderr
        if ".csv" in example:
            assert ran.stdout.startswith("connection,ticket_id,label,score"), ran.stdout
        else:
            assert json.loads(ran.stdout), example
