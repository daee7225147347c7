"""What the tests of outgoing HTTP begin with."""

import json

from loopback import answer

from bridge.http import Policy

LOCAL = Policy(allow_private=True)
SECRET = "s3cr3t-in-query"


def url_of(server, path="/"):
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def echo(handler):
    seen = {
        "method": handler.command,
        "path": handler.path,
        "headers": {name.lower(): value for name, value in handler.headers.items()},
        "body": handler.body.decode(),
    }
    answer(handler, 200, json.dumps(seen).encode(), {"Content-Type": "application/json", "X-Some": "Thing"})


def ok(handler):
    answer(handler, 200, b"ok")


# What is sent and what comes back
