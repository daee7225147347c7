"""Makes and checks requirements.lock: every package with its hashes, one file for all systems and Pythons.

The file has two parts: what running and building need, and what only tests and checks need. The demo installs
the first part alone. Its first line is a fingerprint of the requirements in pyproject.toml, so that a check
needs no network.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
TEST_PART = "# Tests and checks"


def main(args: list[str]) -> int:
    """Exit code of `make [--upgrade]` or `check`."""
    match args:
        case ["make", *options] if set(options) <= {"--upgrade"}:
            LOCK.write_text(made(options))
            return 0
        case ["check"]:
            if LOCK.read_text().startswith(fingerprint()):
                return 0
            print("requirements.lock does not fit pyproject.toml: run `make lock` and commit both", file=sys.stderr)
            return 1
    print("usage: lock.py make [--upgrade] | check", file=sys.stderr)
    return 2


def fingerprint() -> str:
    """The lock file's first line: changes when any requirement in pyproject.toml does."""
    wanted = json.dumps([pyproject()["project"].get(key) for key in REQUIREMENT_KEYS] + [build_needs()], sort_keys=True)
    return f"# Made by `make lock` from pyproject.toml {hashlib.sha256(wanted.encode()).hexdigest()[:16]}\n"


REQUIREMENT_KEYS = ("requires-python", "dependencies", "optional-dependencies")


def made(options: list[str]) -> str:
    """The lock file's text. Keeps the versions of the present one where they still fit, unless upgraded."""
    everything = resolved(["--extra", "test", "--extra", "lint", *options], LOCK.read_text() if LOCK.exists() else "")
    to_run = blocks(resolved([], everything))
    parts = blocks(everything)
    run_part = "".join(text for name, text in parts.items() if name in to_run)
    test_part = "".join(text for name, text in parts.items() if name not in to_run)
    return f"{fingerprint()}# To run\n{run_part}{TEST_PART}\n{test_part}"


def resolved(options: list[str], preferred: str) -> str:
    """What uv resolves pyproject.toml and its build needs to; `preferred` is a lock whose versions it keeps."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.lock"
        out.write_text(preferred)
        command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "pyproject.toml", "-", "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-config", "--quiet"]
        command += ["--no-emit-index-url", "--output-file", str(out), *options]
        subprocess.run(command, cwd=ROOT, input="\n".join(build_needs()), text=True, check=True)
        return out.read_text()


def blocks(lock: str) -> dict[str, str]:
    """Each package's lines by its name (several versions of one package are one entry)."""
    found: dict[str, str] = {}
    for text in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]:
        name = text.split("==")[0]
        found[name] = found.get(name, "") + text
    return found


def build_needs() -> list[str]:
    needs: list[str] = pyproject()["build-system"]["requires"]
    return needs


def pyproject() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
