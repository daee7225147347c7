"""The daily backfill: begins each workspace's run of the day, once its time has come, and ends runs that are done."""

import datetime
import time

from bridge import runs
from bridge.runtime import Runtime
from bridge.scoring.providers.prices import is_peak
from bridge.scoring.providers.profiles import profile_for
from bridge.store import providers
from bridge.store.providers import ProviderRow
from bridge.store.workspaces import Workspace, all_workspaces
from jobs.process import runtime


def run() -> None:
    """What RQ runs, once a minute."""
    begin_due(runtime(), time.time())


def begin_due(here: Runtime, now: float) -> int:
    """Begins what is due now; returns how many runs. A day's run has one name, so no day is run twice."""
    runs.end_finished(here)
    with here.database.read() as connection:
        workspaces = all_workspaces(connection)
        scorers = providers.of_workspaces(connection, [one.id for one in workspaces])
    day = datetime.datetime.fromtimestamp(now, datetime.UTC).date()
    due = [one for one in workspaces if _is_time(one, now) and not _is_dear(scorers.get(one.id), now)]
    return sum(runs.begin_daily(here, one.slug, day) for one in due)


def _is_time(workspace: Workspace, now: float) -> bool:
    settings = workspace.settings
    hour, minute = map(int, settings.backfill_at.split(":"))
    return settings.enabled and settings.backfill_daily > 0 and now % runs.DAY >= hour * 3600 + minute * 60


def _is_dear(scorer: ProviderRow | None, now: float) -> bool:
    """Whether the workspace's provider charges more at this hour: old tickets can wait."""
    profile = None if scorer is None else profile_for(scorer.provider)
    return profile is not None and is_peak(profile, now)
