"""The application as a WSGI server loads it: on the runtime that the environment names."""

from wsgiref.types import WSGIApplication

from bridge.runtime import open_runtime
from bridge.web.app import create_app


def create(demo: str | None = None) -> WSGIApplication:
    """The application, with everything opened: call it in the process that serves. Raises BridgeError."""
    return create_app(open_runtime(), demo)
