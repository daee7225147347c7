"""When the plug is pulled, nothing that lies around holds customers' words, keys or tokens in the clear."""

import subprocess
from pathlib import Path

from tests.hosts.sandbox import Desk
from tests.waiting import eventually
from tests.whole.installation import Installation, connected, message
from tests.whole.scorer import Scorer
from tests.whole.test_kills import MARK, count

PROVIDER_KEY = "sk-provider-key-of-the-tests-0123456789"


def test_a_killed_installation_leaves_no_words_and_no_keys(up: Installation, desk: Desk, scorer: Scorer) -> None:
    up.environ["PROVIDER_KEY"] = PROVIDER_KEY
    up.run("workspace", "add", "gamma")
    up.run("provider", "set", "gamma", "--provider", "openai", "--key-env", "PROVIDER_KEY")
    token = up.run("token", "add", "acme", "--role", "agent")["token"]
    sender = connected(up, "beta")
    sender.send(*(message(f"T-{number}", "scored", f"{MARK} says {number} [-90]") for number in range(20)))
    desk.create_ticket(f"{MARK} wrote on the desk [-90]")
    eventually(lambda: count(up, "label IS NOT NULL") == 21, "every score")
    scorer.latency = 60.0
    sender.send(*(message(f"T-{number}", "waiting", f"{MARK} waits {number} [-90]") for number in range(20)))
    eventually(lambda: count(up, "worker_id IS NOT NULL") > 0, "calls to begin")

    bearer = {"Authorization": f"Bearer {token}"}
    told = {path: up.request("GET", path, headers=bearer)[1] for path in ("/metrics", "/readyz", "/healthz")}
    assert b"moodbridge" in told["/metrics"]
    told["titles"] = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, check=True).stdout
    told |= {f"{file} as it runs": file.read_bytes() for file in files(up)}  # Redis' dump and its log of commands too
    up.kill()
    told |= {str(file): file.read_bytes() for file in (*files(up), up.log)}
    assert {"moodbridge.db", "moodbridge.db-wal", "up.log"} <= {Path(name).name for name in told}
    assert any("appendonly" in name for name in told)

    secrets = {
        "words": MARK,
        "the desk's token": desk.token,
        "a provider's key": PROVIDER_KEY,
        "an API token": token,
        "a hook's secret": sender.secret.removeprefix("whsec_"),
        "a hook's path": sender.path.rpartition("/")[2],
        "the secret key": (up.data_dir / "secret.key").read_text().strip(),
    }
    found = [
        (name, what) for name, content in told.items() for what, value in secrets.items() if value.encode() in content
    ]
    assert found == []


def files(up: Installation) -> list[Path]:
    """Every file of the data directory but the one that is the key."""
    return [path for path in up.data_dir.rglob("*") if path.is_file() and path.name != "secret.key"]
