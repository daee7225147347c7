"""The numbers of a workspace's last days."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial

import pytest
import sqlalchemy as sa

from bridge import corrections, dashboard, workspaces
from bridge.errors import Invalid
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store import mood_hours
from bridge.store.mood_tables import escalations
from jobs.numbers import count_stale
from tests.fakes import Home, message, scored

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()
HOUR = 3600
DAY = 24 * HOUR

Score = Callable[..., list[str]]


@pytest.fixture
def score(runtime: Runtime, home: Home) -> Score:
    """Call it with a ticket and scores: customer messages written from `at` on are settled with these."""
    return partial(scored, runtime, home, at=NOW - HOUR)


@pytest.fixture
def show(runtime: Runtime, home: Home) -> Callable[..., dashboard.Dashboard]:
    return partial(dashboard.show, runtime, home.slug, now=NOW)


Show = Callable[..., dashboard.Dashboard]


def test_without_messages_there_is_no_mean(show: Show) -> None:
    empty = show()

    assert (empty.messages, empty.avg_sentiment) == (0, None)
    assert (empty.negative_tickets, empty.declining_conversations) == (0, 0)


def test_the_mean_is_over_messages_not_tickets_and_leaves_unknown_out(score: Score, show: Show) -> None:
    score("T-1", 100, 100, 100, None)
    score("T-2", -100)

    assert show().avg_sentiment == 50


@pytest.mark.parametrize(("scores", "mean"), [((0, 1), 0), ((1, 2), 2), ((0, -1), 0), ((-1, -2), -2)])
def test_the_mean_is_rounded_half_to_even(score: Score, show: Show, scores: tuple[int, ...], mean: int) -> None:
    score("T-1", *scores)

    assert show().avg_sentiment == mean


def test_a_message_counts_by_when_the_customer_wrote_it(score: Score, show: Show) -> None:
    for days, name in ((6.9, "in"), (7.1, "out")):
        score(name, -80, at=NOW - days * DAY)

    assert show().messages == 1
    assert show(days=8).messages == 2


def test_the_window_is_whole_days_of_24_hours_back_from_now(score: Score, show: Show) -> None:
    score("T-1", 10, at=NOW - 2 * DAY + 1)
    score("T-2", 10, at=NOW - 2 * DAY)

    assert show(days=2).messages == 1


def test_a_clock_that_is_a_little_ahead_does_not_hide_a_message(score: Score, show: Show) -> None:
    score("near", 10, at=NOW + 60)
    score("far", 10, at=NOW + 2 * DAY)

    assert show().messages == 1


def test_a_ticket_with_any_message_under_minus_a_half_is_negative(score: Score, show: Show) -> None:
    score("recovered", -51, 90)
    score("twice", -90, -90)
    score("edge", -50)
    score("fine", 20)

    assert show().negative_tickets == 2


def test_an_old_negative_message_does_not_make_its_ticket_negative(score: Score, show: Show) -> None:
    score("T-1", -90, at=NOW - 8 * DAY)
    score("T-1", 20)

    assert show().negative_tickets == 0


def test_a_declining_conversation_has_more_than_two_scores(score: Score, show: Show) -> None:
    score("long", 80, 0, -80)
    score("short", 80, -80)
    score("unknown does not count", 80, None, -80)
    score("rising", -80, 0, 80)

    assert show().declining_conversations == 1


def test_a_conversation_declines_only_with_a_message_in_the_window(score: Score, show: Show) -> None:
    score("old", 80, 0, -80, at=NOW - 9 * DAY)
    score("going on", 80, 0, at=NOW - 9 * DAY)
    score("going on", -80)

    assert show().declining_conversations == 1


def test_messages_are_counted_by_label_in_the_order_of_the_scale(score: Score, show: Show) -> None:
    score("T-1", 60, -10, -80, None, 70)

    assert list(show().by_label.items()) == [
        ("positive", 2),
        ("neutral", 1),
        ("negative", 0),
        ("urgent", 1),
        ("unknown", 1),
    ]


def test_labels_follow_the_scale_of_the_workspace(runtime: Runtime, home: Home, score: Score, show: Show) -> None:
    score("T-1", 30)
    workspaces.set(runtime, home.slug, {"scale": "good>=0.2,bad"})

    assert show().by_label == {"good": 1, "bad": 0, "unknown": 0}


def test_each_day_that_the_window_touches_is_told(score: Score, show: Show) -> None:
    score("T-1", 100, 50, at=NOW - DAY)
    score("T-2", None)

    days = show(days=2).by_day

    assert [(one.day, one.messages, one.avg_sentiment) for one in days] == [
        (date(2026, 11, 20), 0, None),
        (date(2026, 11, 21), 2, 75),
        (date(2026, 11, 22), 1, None),
    ]


def test_days_change_at_midnight_utc(score: Score, show: Show) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    score("T-1", 10, at=midnight - 1)
    score("T-2", 10, at=midnight)

    assert [one.messages for one in show(days=1).by_day] == [1, 1]


def test_messages_that_wait_and_those_of_staff_do_not_count(runtime: Runtime, home: Home, show: Show) -> None:
    items = [message(written_at=NOW - HOUR), message(author="staff", written_at=NOW - HOUR)]
    body, headers = home.event(items)
    Receiver(runtime).receive(home.hook, body, headers)

    assert show().messages == 0


def test_other_workspaces_do_not_count(runtime: Runtime, add_home: Callable[..., Home], show: Show) -> None:
    scored(runtime, add_home(), "T-1", -90, 10, -90, at=NOW - HOUR)

    numbers = show()

    assert (numbers.messages, numbers.negative_tickets, numbers.declining_conversations) == (0, 0, 0)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_days_are_1_to_366(show: Show, days: int) -> None:
    with pytest.raises(Invalid, match="days"):
        show(days=days)


def test_without_a_time_the_window_ends_now(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 10, at=time.time() - 60)

    assert dashboard.show(runtime, home.slug, days=1).messages == 1


Count = Callable[[], int]


@pytest.fixture
def count(runtime: Runtime) -> Count:
    """Counts the stale hours, as the job does; how many there were."""
    return lambda: count_stale(runtime, NOW)


def test_numbers_are_the_same_before_and_after_hours_are_counted(score: Score, show: Show, count: Count) -> None:
    for number in range(40):
        score(f"T-{number % 7}", -100 + number * 5, None if number % 5 else 30, at=NOW - number * 2.7 * HOUR)
    before = show()

    assert count() > 20
    assert show() == before


def test_a_late_message_and_a_new_scale_are_told_at_once_though_hours_were_counted(
    runtime: Runtime, home: Home, score: Score, show: Show, count: Count
) -> None:
    score("T-1", 40, at=NOW - 30 * HOUR)
    count()
    score("T-1", -90, 80, at=NOW - 31 * HOUR)
    late = show()
    workspaces.set(runtime, home.slug, {"scale": "good>=0.2,bad"})

    assert (late.messages, late.negative_tickets) == (3, 1)
    assert show().by_label == {"good": 2, "bad": 1, "unknown": 0}
    count()
    assert show().by_label == {"good": 2, "bad": 1, "unknown": 0}


def test_a_correction_is_told_at_once(runtime: Runtime, home: Home, score: Score, show: Show, count: Count) -> None:
    (one,) = score("T-1", -90, at=NOW - 30 * HOUR)
    count()
    corrections.correct(runtime, home.slug, home.connection, "T-1", one, "positive", "somebody")

    assert (show().negative_tickets, show().by_label["positive"]) == (0, 1)
    count()
    assert (show().negative_tickets, show().by_label["positive"]) == (0, 1)


def test_what_changes_while_hours_are_counted_is_not_lost(runtime: Runtime, score: Score, show: Show) -> None:
    score("T-1", 40, at=NOW - 30 * HOUR)
    with runtime.database.read() as connection:
        counted = [mood_hours.count(connection, one) for one in mood_hours.stale(connection, 10**9, 100)]
    score("T-1", 50, at=NOW - 30 * HOUR + 60)
    runtime.database.write(lambda connection: mood_hours.store(connection, counted))

    assert show().messages == 2


def test_an_older_count_never_takes_the_place_of_a_newer_one(
    runtime: Runtime, score: Score, show: Show, count: Count
) -> None:
    score("T-1", 40, at=NOW - 30 * HOUR)
    with runtime.database.read() as connection:
        older = [mood_hours.count(connection, one) for one in mood_hours.stale(connection, 10**9, 100)]
    score("T-1", 50, at=NOW - 30 * HOUR + 60)
    count()
    runtime.database.write(lambda connection: mood_hours.store(connection, older))

    assert show().messages == 2
    count()
    assert show().messages == 2


def test_conversations_are_compared_by_their_first_and_latest_score(score: Score, show: Show) -> None:
    score("T-1", 80, -90, 20)
    score("T-2", 40, None, -40)
    score("T-3", -100)

    assert show().first_and_latest == dashboard.FirstAndLatest(2, 60, -10)  # type: ignore[arg-type]


def test_hours_of_the_day_are_told_over_all_days(score: Score, show: Show) -> None:
    score("T-1", 10, at=NOW - HOUR)
    score("T-2", -30, None, at=NOW - HOUR - 2 * DAY)

    assert show().by_hour[11] == dashboard.Part(3, -10, 1, 1)  # type: ignore[arg-type]
    assert show().by_hour[12].messages == 0


def test_connections_are_told_apart(score: Score, show: Show, home: Home) -> None:
    score("T-1", 10, 30)

    assert show().by_connection == {home.connection: dashboard.Part(2, 20, 0, 0)}  # type: ignore[arg-type]


def test_each_day_tells_its_labels(score: Score, show: Show) -> None:
    score("T-1", 60, -80)

    assert [day.by_label["urgent"] for day in show(days=1).by_day] == [0, 1]


def test_shares_are_of_all_messages_of_the_window(score: Score, show: Show) -> None:
    assert show().unknown_share is None
    score("T-1", 60, None, None, -80)

    assert (show().unknown_share, show().offline_share) == (0.5, 0.0)


def test_escalations_tell_how_soon_staff_answers_and_customers_recover(runtime: Runtime, home: Home) -> None:
    begin = time.time() - 2 * HOUR
    scored(runtime, home, "T-1", -90, at=begin)

    def move(connection: sa.Connection) -> None:
        connection.execute(sa.update(escalations).values(at=begin))

    runtime.database.write(move)
    body, headers = home.event([message("T-1", author="staff", written_at=begin + HOUR)])
    Receiver(runtime).receive(home.hook, body, headers)
    scored(runtime, home, "T-1", 80)
    told = dashboard.show(runtime, home.slug).recovery

    assert (told.escalated, told.answered, told.recovered) == (1, 1, 1)
    assert told.seconds_to_answer == pytest.approx(HOUR, abs=1)
    assert told.seconds_from_answer_to_recovery == pytest.approx(HOUR, abs=60)
