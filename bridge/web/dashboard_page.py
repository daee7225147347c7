"""The demo's page at /demo: the numbers of one workspace, open to whoever reaches this server."""

from flask import Blueprint

from bridge.runtime import Runtime


def blueprint(runtime: Runtime, slug: str) -> Blueprint:
    """The page of the workspace `slug`."""
    return Blueprint("demo", __name__)
