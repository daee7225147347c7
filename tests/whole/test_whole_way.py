"""Everything that `moodbridge up` runs, as somebody outside sees it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import eventually
from tests.whole.installation import Installation, Sender, connected, installed, message


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("whole")) as made:
        made.start()
        yield made


@pytest.fixture(scope="module")
def sender(up: Installation) -> Sender:
    return connected(up)


@pytest.fixture(scope="module")
def token(up: Installation, sender: Sender) -> str:
    value: str = up.run("token", "add", "acme", "--role", "agent")["token"]
    return value


def ticket(up: Installation, token: str, name: str) -> dict[str, Any] | None:
    """The ticket as the API shows it; None while it has no score."""
    _, body = up.request("GET", "/api/v1/workspaces/acme/tickets", headers={"Authorization": f"Bearer {token}"})
    found: list[dict[str, Any]] = json.loads(body)["items"]
    return next((one for one in found if one["ticket_id"] == name), None)


def test_each_process_is_found_by_its_title(up: Installation) -> None:
    wanted = {"moodbridge web", "moodbridge scheduler"}
    wanted |= {f"moodbridge worker {queue}" for queue in ("read", "score", "writeback", "notify")}
    eventually(lambda: wanted <= set(up.processes()), "the titles")


def test_a_signed_message_is_taken_and_its_ticket_gets_label_and_score(
    up: Installation, sender: Sender, token: str
) -> None:
    assert sender.send(message("T-1", "m-1", "This is unacceptable")) == (
        202,
        {"accepted": 1, "duplicates": 0, "ignored": 0},
    )
    found = eventually(lambda: ticket(up, token, "T-1"), "the label", within=10)
    assert found["label"] == "urgent"
    assert found["score"] < -0.7


def test_the_same_message_again_is_a_duplicate(sender: Sender) -> None:
    sender.send(message("T-2", "m-1", "Thanks!"))
    assert sender.send(message("T-2", "m-1", "Thanks!"))[1] == {"accepted": 0, "duplicates": 1, "ignored": 0}


def test_a_workspace_that_is_off_ignores_what_comes(up: Installation, sender: Sender) -> None:
    up.run("workspace", "set", "acme", "enabled=off")
    try:
        assert sender.send(message("T-3", "m-1", "Love it"))[1] == {"accepted": 0, "duplicates": 0, "ignored": 1}
    finally:
        up.run("workspace", "set", "acme", "enabled=on")


def test_a_disconnected_hook_is_gone(up: Installation) -> None:
    other = connected(up, "beta")
    assert other.send(message("T-1", "m-1", "Thanks!"))[0] == 202
    (listed,) = up.run("connections", "beta")
    up.run("disconnect", listed["connection"])
    assert other.send(message("T-1", "m-2", "Thanks!"))[0] == 404


def test_it_says_that_all_is_well(up: Installation) -> None:
    status, body = up.request("GET", "/readyz")
    assert status == 200
    assert json.loads(body)["status"] == "ok"
    assert all(one["ok"] for one in up.run("doctor"))


def test_a_second_one_on_the_same_data_is_refused(up: Installation, tmp_path: Path) -> None:
    other = Installation(up.data_dir, up.port, tmp_path / "second.log", up.environ)
    other.log.touch()
    with pytest.raises(AssertionError, match="already runs"):
        other.start()
