"""Releases: marked once, and reported with the same time before and after."""

import json
import time
from collections.abc import Callable
from functools import partial

import pytest
from click.testing import CliRunner

from bridge import releases
from bridge.cli import moodbridge
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.settings import Settings
from tests.fakes import Home, scored

DAY = 86_400.0
AT = time.time() - 2 * DAY

Mark = Callable[..., releases.Report]


@pytest.fixture
def mark(runtime: Runtime, home: Home) -> Mark:
    return partial(releases.mark, runtime, home.slug, by="somebody", at=AT)


def test_a_report_tells_the_same_time_before_and_after(runtime: Runtime, home: Home, mark: Mark) -> None:
    scored(runtime, home, "long before", -90, at=AT - 3 * DAY)
    scored(runtime, home, "T-1", 50, 50, -50, 50, at=AT - DAY)
    scored(runtime, home, "T-2", -50, -50, None, 50, at=AT + DAY)

    found = mark("v2.4")

    assert found.days == 2
    assert (found.before.scored, found.before.negative, found.before.avg_sentiment) == (4, 1, 25)
    assert (found.after.scored, found.after.negative_share) == (3, 0.6667)
    assert found.change == pytest.approx(0.4167, abs=0.0001)
    low, high = found.interval or (0.0, 0.0)
    assert low < 0 < found.change < high


def test_the_same_name_again_marks_nothing(runtime: Runtime, home: Home, mark: Mark) -> None:
    first = mark("v2.4")

    assert releases.mark(runtime, home.slug, "v2.4", "somebody else").release == first.release
    assert len(releases.listed(runtime, home.slug)) == 1


def test_releases_are_listed_the_newest_first(runtime: Runtime, home: Home, mark: Mark) -> None:
    mark("v1", at=AT - DAY)
    mark("v2")

    assert [one.release.name for one in releases.listed(runtime, home.slug)] == ["v2", "v1"]


def test_without_messages_there_is_no_change(mark: Mark) -> None:
    assert (mark("v1").change, mark("v1").interval) == (None, None)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, " v1"])
def test_names_are_printable_and_short(mark: Mark, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        mark(name)


def test_a_release_of_tomorrow_is_refused(mark: Mark) -> None:
    with pytest.raises(Invalid, match="at"):
        mark("v1", at=time.time() + DAY)


def test_other_workspaces_know_nothing_of_it(runtime: Runtime, add_home: Callable[..., Home], mark: Mark) -> None:
    mark("v1")

    with pytest.raises(NotFound):
        releases.report(runtime, add_home().slug, "v1")


def test_the_command_marks_and_reports(
    runtime: Runtime, home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.cli.release.opened", lambda: _Opened(runtime))
    scored(runtime, home, "T-1", -50, at=time.time() - 60)

    told = CliRunner().invoke(moodbridge, ["release", home.slug, "v2.4", "--json"])

    assert told.exit_code == 0
    value = json.loads(told.stdout)
    assert (value["name"], value["by"], value["interval"]) == ("v2.4", "command line", None)
    assert "v2.4" in CliRunner().invoke(moodbridge, ["releases", home.slug]).stdout


class _Opened:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def __enter__(self) -> Runtime:
        return self._runtime

    def __exit__(self, *_: object) -> None:
        return None
