"""The sandbox helpdesk: a small ticket desk in the browser, a process of its own.

It knows Moodbridge only as an address to send signed webhooks to, and as a caller of its API.
"""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the desk; see `sandbox-desk --help`. Returns the exit code."""
    # Here and not above: whoever only imports the desk's tables needs no web server.
    from connectors.sandbox.desk.serve import run

    return run(argv)
