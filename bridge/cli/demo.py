"""`moodbridge demo`: everything on one machine with a sandbox helpdesk, and its sample tickets on the terminal."""

import os
import secrets
import time
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click

from bridge.cli.entry import process_named
from bridge.cli.run import run_all, say
from bridge.http import Http, HttpError, Policy
from bridge.processes.process import Process, Role
from bridge.processes.ready import http_ready
from bridge.settings import load

WORKSPACE = "demo"
OWNER = "owner@demo.example"
SAMPLE_PACE = 0.4


@click.command()
@click.option("--desk-port", type=click.IntRange(1, 65535), default=8091, show_default=True, help="Port of the desk.")
def demo(desk_port: int) -> None:
    """Start everything with a sandbox helpdesk, to see it work. Nothing leaves this machine."""
    home = Path(os.environ.get("MOODBRIDGE_DATA_DIR") or ".demo").absolute()
    os.environ["MOODBRIDGE_DATA_DIR"] = str(home / "bridge")
    # The desk is on this machine: the only private address that the bridge may call.
    os.environ["MOODBRIDGE_ALLOW_HOSTS"] = "127.0.0.1"
    settings = load(os.environ)
    token = _desk_token(home / "desk")
    desk_url = f"http://127.0.0.1:{desk_port}"
    desk = ["--data", str(home / "desk"), "--port", str(desk_port)]
    desk += ["--token-file", str(home / "desk" / "token"), "--samples", str(SAMPLE_PACE)]
    processes = [
        Process(
            "sandbox-desk",
            Role.DESK,
            partial(_run_desk, desk),
            ready=partial(http_ready, f"{desk_url}/healthz"),
        ),
        Process("demo", Role.AFTER, partial(_follow, desk_url, token, settings.public_url)),
    ]
    log_file = home / "demo.log"
    say(f"Logs go to {log_file}; Ctrl-C stops all.")
    raise SystemExit(run_all(settings, demo=WORKSPACE, more=lambda: processes, log_file=log_file))


def _desk_token(folder: Path) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "token"
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(24))
    return file.read_text().strip()


def _run_desk(arguments: list[str]) -> None:
    raise SystemExit(process_named("sandbox-desk")(arguments))


def _sign_in_link() -> str:
    """Where the demo's owner signs in by a click."""
    from bridge import people
    from bridge.cli.output import opened

    with opened() as runtime:
        return people.demo_owner(runtime, WORKSPACE, OWNER).url


def _follow(desk_url: str, token: str, bridge_url: str) -> None:
    """Connects the desk, prints the two URLs, then each label as it lands."""
    _connect(desk_url, token)
    say("")
    say(f"  Desk:      {desk_url}/")
    say(f"  Dashboard: {bridge_url}/demo")
    say(f"  Pages:     {_sign_in_link()}")
    say("")
    say("  Type there as a customer and watch the badge. Labels as they land:")
    http = Http(Policy(allow_hosts=("127.0.0.1",)))
    after = 0
    while True:
        entries, after = _entries(http, desk_url, token, after)
        for entry in entries:
            if entry["kind"] == "label":
                say(_line(entry))
        if not entries:
            time.sleep(0.2)


def _entries(http: Http, desk_url: str, token: str, after: int) -> tuple[list[dict[str, Any]], int]:
    """What the desk tells since entry `after`, and the last entry's number; nothing while it restarts."""
    try:
        reply = http.request("GET", f"{desk_url}/api/feed?after={after}", headers={"Authorization": f"Bearer {token}"})
        told = reply.json()
    except HttpError:
        return [], after
    if reply.status != HTTPStatus.OK or not isinstance(told, dict):
        return [], after
    return told["items"], told["last"]


def _line(entry: dict[str, Any]) -> str:
    score = "     " if entry["score"] is None else f"{entry['score']:+.2f}"
    took = "by a person" if entry["set_by"] == "person" else f"{entry['waited_ms']} ms"
    subject = entry["subject"] if len(entry["subject"]) <= 40 else entry["subject"][:39] + "\N{HORIZONTAL ELLIPSIS}"
    return f"  {entry['ticket_id']:<7} {subject:<40}  {entry['label']:<9} {score}  {entry['trend'] or '':<9}  {took}"


def _connect(desk_url: str, token: str) -> None:
    from bridge import connections, workspaces
    from bridge.runtime import open_runtime

    runtime = open_runtime()
    try:
        if not any(one.slug == WORKSPACE for one in workspaces.listed(runtime)):
            workspaces.add(runtime, WORKSPACE, "Demo")
        connections.connect(runtime, WORKSPACE, "sandbox", {"url": desk_url, "token": token})
    finally:
        runtime.close()
