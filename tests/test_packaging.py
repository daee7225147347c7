"""What is around the code: the lock file, the wheel, the Procfile, and the size of the modules."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bridge", "connectors", "jobs")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "training", "docs", "deploy", ".ci")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
LOCK = (ROOT / "requirements.lock").read_text()
TO_RUN, FOR_TESTS = LOCK.split("# Tests and checks\n")


def files(folders: tuple[str, ...] = FOLDERS) -> list[Path]:
    """Every file of the folders, without what Python and the system leave there."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts and path.name[0] != ".")


def pins(lock: str) -> dict[str, list[str]]:
    """The pinned versions of each package."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock, flags=re.MULTILINE):
        found.setdefault(name, []).append(version)
    return found


def is_pinned(requirement: str, lock: str) -> bool:
    wanted = Requirement(requirement)
    versions = pins(lock).get(canonicalize_name(wanted.name), [])
    return bool(versions) and all(wanted.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("requirement", [*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"]])
def test_the_locks_first_part_pins_what_running_and_building_need(requirement: str) -> None:
    assert is_pinned(requirement, TO_RUN)


@pytest.mark.parametrize("requirement", [*EXTRAS["test"], *EXTRAS["lint"]])
def test_the_lock_pins_what_tests_and_checks_need(requirement: str) -> None:
    assert is_pinned(requirement, LOCK)


def test_the_lock_holds_nothing_but_pins_hashes_and_comments() -> None:
    allowed = r"[a-z0-9-]+==[^ ;]+( ; [a-z_]+ .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?| *#.*"
    assert [line for line in LOCK.splitlines() if not re.fullmatch(allowed, line)] == []


def test_every_pin_of_the_lock_has_a_hash() -> None:
    assert len(re.findall(r"==.+\\\n    --hash=", LOCK)) == sum(len(versions) for versions in pins(LOCK).values())


def test_no_package_stands_in_both_parts_of_the_lock() -> None:
    assert pins(TO_RUN).keys() & pins(FOR_TESTS).keys() == set()


def test_the_product_imports_only_what_the_locks_first_part_brings() -> None:
    distributions = importlib.metadata.packages_distributions()
    known = set(sys.stdlib_module_names) | set(PACKAGES)
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in files(PACKAGES)
        if path.suffix == ".py"
        for module in imported(path) - known
        if not {canonicalize_name(name) for name in distributions.get(module, [])} & pins(TO_RUN).keys()
    }
    assert missing == set()


def imported(path: Path) -> set[str]:
    """The first names of the modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in plain | froms}


def test_the_procfile_names_the_processes_of_a_platform() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["release", "web", "worker", "scheduler"]


@pytest.mark.parametrize("line", (ROOT / "Procfile").read_text().splitlines())
def test_each_command_of_the_procfile_exists(line: str) -> None:
    command, *arguments = line.split(": ")[1].split()
    program = Path(sys.executable).with_name(command)
    asked = subprocess.run([program, *arguments, "--help"], capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout[:6]) == (0, "Usage:"), asked.stderr


@pytest.mark.parametrize("group", ["moodbridge.connectors", "moodbridge.processes"])
def test_each_entry_point_leads_to_something(group: str) -> None:
    entry_points = importlib.metadata.distribution("moodbridge").entry_points.select(group=group)
    assert {entry.name for entry in entry_points} == PYPROJECT["project"]["entry-points"][group].keys()
    assert all(entry.load() for entry in entry_points)


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("moodbridge-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {path.relative_to(ROOT).as_posix() for path in files(PACKAGES)} - packed == set()


def test_the_version_stands_in_pyproject_alone() -> None:
    version = PYPROJECT["project"]["version"]
    assert importlib.metadata.version("moodbridge") == version
    assert [path for path in files(PACKAGES) if path.suffix == ".py" and f'"{version}"' in path.read_text()] == []


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files() if path.suffix == ".py"}
    assert {path: length for path, length in lengths.items() if length > 400} == {}


def test_no_customer_data_and_no_database_lies_in_the_tree() -> None:
    data = {".jsonl", ".db", ".sqlite", ".sqlite3", ".rdb", ".aof", ".key", ".pem"}
    assert [path for path in files() if path.suffix in data] == []
