"""What runs by the clock: one holder at a time, each run once in its time, whatever the clock does."""

from collections.abc import Mapping

from bridge.store import schedule
from tests.scene import NOW, Scene

LEASE = 15.0
HOURLY = {"retention": 3600.0}


def hold(scene: Scene, holder: str, now: float) -> bool:
    return scene.database.write(lambda c: schedule.hold(c, "scheduler", holder, now, LEASE))


def take(scene: Scene, now: float, every: Mapping[str, float] = HOURLY) -> set[str]:
    return scene.database.write(lambda c: schedule.take_due(c, every, now))


def test_of_two_schedulers_one_holds_the_lease(scene: Scene) -> None:
    assert [hold(scene, "a", NOW), hold(scene, "b", NOW + 1), hold(scene, "a", NOW + 5)] == [True, False, True]


def test_another_takes_over_when_the_lease_runs_out(scene: Scene) -> None:
    hold(scene, "a", NOW)
    assert not hold(scene, "b", NOW + LEASE)
    assert hold(scene, "b", NOW + LEASE + 0.1)
    assert not hold(scene, "a", NOW + LEASE + 1)


def test_leases_of_other_names_are_free(scene: Scene) -> None:
    hold(scene, "a", NOW)
    assert scene.database.write(lambda c: schedule.hold(c, "mailwatch", "b", NOW, LEASE))


def test_after_the_clock_jumped_back_the_lease_is_not_blocked_for_hours(scene: Scene) -> None:
    hold(scene, "a", NOW + 7200)
    assert hold(scene, "b", NOW)


def test_after_the_clock_jumped_forward_the_lease_goes_on(scene: Scene) -> None:
    hold(scene, "a", NOW)
    assert hold(scene, "a", NOW + 7200)
    assert not hold(scene, "b", NOW + 7201)


def test_what_never_ran_is_due(scene: Scene) -> None:
    assert take(scene, NOW) == {"retention"}


def test_what_ran_is_due_again_after_its_interval(scene: Scene) -> None:
    take(scene, NOW)
    assert take(scene, NOW + 3599) == set()
    assert take(scene, NOW + 3600) == {"retention"}


def test_each_name_has_its_own_time(scene: Scene) -> None:
    both = {"retention": 3600.0, "poll": 10.0}
    take(scene, NOW, both)
    assert take(scene, NOW + 10, both) == {"poll"}


def test_after_the_clock_jumped_forward_a_run_is_not_repeated_for_the_time_that_never_was(scene: Scene) -> None:
    take(scene, NOW)
    assert take(scene, NOW + 86_400) == {"retention"}
    assert take(scene, NOW + 86_401) == set()


def test_after_the_clock_jumped_back_a_run_does_not_wait_for_the_old_time(scene: Scene) -> None:
    take(scene, NOW + 86_400)
    assert take(scene, NOW) == {"retention"}
    assert take(scene, NOW + 1) == set()


def test_a_run_that_could_not_be_started_is_due_at_once(scene: Scene) -> None:
    take(scene, NOW)
    scene.database.write(lambda c: schedule.run_again(c, ["retention"], NOW))
    assert take(scene, NOW) == {"retention"}


def test_nothing_to_run_is_nothing_due(scene: Scene) -> None:
    assert take(scene, NOW, {}) == set()
