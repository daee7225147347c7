"""The desk as a process: how it starts, plays its samples and ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from connectors.sandbox.desk import main
from connectors.sandbox.samples import SAMPLES, SamplesRefused, play
from tests.hosts.sandbox import Desk, Receiver, free_port, running_desk, wait_for

POSTS = sum(1 + len(sample.later) for sample in SAMPLES)


def test_the_samples_show_many_moods() -> None:
    assert 12 <= len(SAMPLES) <= 16
    assert all(len(sample.later) <= 3 for sample in SAMPLES)


def test_samples_can_be_played_into_a_running_desk(tmp_path: Path) -> None:
    with running_desk(tmp_path) as desk:
        pauses: list[float] = []
        assert play(desk.url, desk.token, 0.7, pauses.append) == POSTS
        assert pauses == [0.7] * POSTS
        tickets = desk.ask("GET", "/tickets?limit=100&include=posts")["items"]
        assert [len(ticket["posts"]) for ticket in tickets if ticket["subject"] == SAMPLES[0].subject] == [4]


def test_samples_with_a_wrong_token_are_refused(tmp_path: Path) -> None:
    with running_desk(tmp_path) as desk, pytest.raises(SamplesRefused):
        play(desk.url, "wrong-token-wrong-token", 0)


def test_a_desk_plays_its_samples_once_somebody_listens_and_never_again(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.start()
    with running_desk(tmp_path, "--samples", "0") as desk:
        assert desk.ask("GET", "/tickets")["items"] == []
        desk.ask("POST", "/webhooks", {"url": receiver.url})
        wait_for(lambda: len(receiver.arrived) == POSTS, "all samples to arrive")
        desk.stop()
        desk.start()
        assert len(desk.ask("GET", "/tickets?limit=100")["items"]) == len(SAMPLES)
    receiver.stop()


def test_sigterm_ends_the_desk_and_frees_its_port(tmp_path: Path) -> None:
    with running_desk(tmp_path) as desk:
        began = time.monotonic()
        desk.stop(signal.SIGTERM)
        assert time.monotonic() - began < 10
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{desk.url}/healthz", timeout=1)


def test_no_process_stays_when_the_desk_is_killed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.start()
    assert desk.process is not None
    children = psutil.Process(desk.process.pid).children(recursive=True)
    os.kill(desk.process.pid, signal.SIGKILL)
    desk.process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children
    assert not alive


def test_what_was_typed_is_there_after_a_kill(tmp_path: Path) -> None:
    with running_desk(tmp_path) as desk:
        ticket_id = desk.create_ticket("Remember me")
        desk.stop(signal.SIGKILL)
        desk.start()
        assert desk.ask("GET", f"/tickets/{ticket_id}")["posts"][0]["text"] == "Remember me"


@pytest.mark.parametrize("token", ["", "short", "not\nprintable at all"])
def test_a_desk_without_a_good_token_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], token: str
) -> None:
    (tmp_path / "token").write_text(token)
    assert main(["--data", str(tmp_path / "data"), "--token-file", str(tmp_path / "token")]) == 2
    assert "at least 16" in capsys.readouterr().err


def test_two_desks_do_not_share_a_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_desk(tmp_path) as desk:
        argv = ["--data", str(tmp_path / "other"), "--port", str(desk.port), "--token-file", str(tmp_path / "token")]
        assert main(argv) == 2
        assert "choose another with --port" in capsys.readouterr().err


def test_a_token_can_come_from_the_environment(tmp_path: Path) -> None:
    desk = Desk(tmp_path, port=free_port())
    argv = [sys.executable, "-m", "connectors.sandbox.desk", "--data", str(tmp_path / "d"), "--port", str(desk.port)]
    environment = {**os.environ, "DESK_TOKEN": desk.token}
    desk.process = subprocess.Popen([*argv, "--token-env", "DESK_TOKEN"], env=environment, start_new_session=True)
    try:
        wait_for(desk._answers, "the desk to start")
        assert desk.ask("GET", "/tickets")["items"] == []
    finally:
        desk.stop(signal.SIGKILL)
