import errno
import os
import signal
import socket
import time
from itertools import pairwise

import psutil
import pytest

from bridge.processes.supervisor import pause

EVERYTHING = ("scheduler", "worker:score", "web", "migrate", "redis", "worker:read")


def order(lines, *words):
    places = [next(place for place, line in enumerate(lines) if word in line) for word in words]
    assert places == sorted(places), lines


def test_processes_start_in_order_each_once_the_one_before_is_ready(running):
    running.line("tour done")
    order(running.lines, "redis runs", "migrate done", "web runs", "worker score runs", "scheduler runs", "tour runs")


def test_titles_say_which_process_it_is(running):
    for title in ("moodbridge web", "moodbridge worker score", "moodbridge worker read", "moodbridge scheduler"):
        assert running.child(title).is_running()


def test_children_have_sessions_of_their_own_so_that_ctrl_c_reaches_the_supervisor_alone(running):
    children = running.children()
    sessions = {os.getsid(child.pid) for child in children}
    assert len(sessions) == len(children) == 5
    assert os.getsid(running.program.pid) not in sessions


def test_sigterm_stops_web_then_scheduler_then_workers_then_redis(rig, until):
    up = rig(*EVERYTHING).all_started()
    until(lambda: len(up.events(" started")) == 3, what="the start of scheduler and workers")
    assert up.stop() == 0
    order(up.lines, "web stopped", "scheduler stopped", "worker score stopped", "redis stopped", "all stopped")
    assert up.children() == []


def test_a_stopping_process_gets_one_sigterm_only(rig, until):
    up = rig("stubborn", "grace=0.6").all_started()
    until(lambda: up.events("stubborn started"))
    up.program.terminate()
    until(lambda: up.events("stubborn SIGTERM"))
    up.program.terminate()
    up.ended()
    assert len(up.events("stubborn SIGTERM")) == 1


def test_a_process_that_does_not_stop_is_killed_after_the_grace(rig, until):
    up = rig("stubborn", "redis", "grace=0.3").all_started()
    until(lambda: up.events("stubborn started"))
    up.stop()
    order(up.lines, "stubborn was killed (signal 9)", "redis stopped")


def test_a_second_ctrl_c_ends_the_grace(rig, until):
    up = rig("stubborn").all_started()
    until(lambda: up.events("stubborn started"))
    up.program.send_signal(signal.SIGINT)
    until(lambda: up.events("stubborn SIGTERM"))
    assert up.stop(signal.SIGINT) == 0
    assert up.line("stopping at once")


def test_a_closed_terminal_stops_everything_in_order(rig):
    up = rig("worker:score").all_started()
    assert up.stop(signal.SIGHUP) == 0
    assert up.line("all stopped")


def test_a_killed_worker_is_back_within_a_second(rig, until):
    up = rig("worker:score").all_started()
    started = until(lambda: up.events("worker score started"))[0][0]
    up.kill("moodbridge worker score")
    killed = time.time()
    again = until(lambda: up.events("worker score started")[1:])[0][0]
    assert started < again < killed + 1
    assert up.line("worker score was killed (signal 9); starting it again now")


def test_a_process_that_keeps_failing_waits_longer_each_time(rig, until):
    up = rig("failing")
    until(lambda: len(up.events("failing started")) == 3)
    first, second = (later - earlier for (earlier, _), (later, _) in pairwise(up.events("failing started")))
    assert first < 0.9
    assert second >= 1.0


def test_pauses_double_up_to_a_minute():
    assert [pause(exits) for exits in range(1, 11)] == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_process_that_keeps_failing_is_named_with_the_remedy_and_the_others_start(rig):
    up = rig("failing", "scheduler", "no_pause")
    assert up.line("failing keeps failing: 5 times in a row. Mend it.")
    up.line("scheduler runs")


def test_what_a_process_raises_is_logged_and_ends_it_with_code_1(rig):
    up = rig("failing")
    up.line("failing ended (exit code 1)")
    assert up.line("failing failed")


def test_exits_after_a_healthy_time_are_forgotten(rig, until):
    up = rig("short-lived", "healthy_after=0.1")
    until(lambda: len(up.events("short-lived started")) >= 4)
    assert not [line for line in up.lines if "again in" in line]


def test_a_failed_step_starts_nothing_else(rig):
    up = rig("redis", "broken-migrate", "web", "worker:score")
    assert up.ended() == 1
    assert up.line("so nothing else is started. Upgrade.")
    assert up.line("the schema is newer than this program")
    assert not [line for line in up.lines if "web runs" in line]
    assert up.events("worker") == []


def test_nothing_survives_a_killed_supervisor(rig, until, ended):
    up = rig(*EVERYTHING).all_started()
    children = up.children()
    assert len(children) >= 5
    up.program.kill()
    until(lambda: all(ended(child) for child in children), seconds=2.0, what="the end of every child")
    until(lambda: free(up.port), seconds=2.0, what="the freeing of the port")


def free(port):
    with socket.socket() as other:
        return other.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_after_a_killed_supervisor_a_new_one_starts_on_the_same_data_directory(rig):
    first = rig(*EVERYTHING).all_started()
    first.program.kill()
    assert rig(*EVERYTHING, PORT=str(first.port)).all_started()


def test_a_second_supervisor_on_the_same_data_directory_is_refused(rig):
    up = rig("worker:score").all_started()
    second = rig("worker:score")
    assert second.ended() == 1
    assert second.lines == [
        f"Moodbridge already runs on {up.data} (process {up.program.pid}). "
        "Stop it first, or set MOODBRIDGE_DATA_DIR to another directory."
    ]


def test_a_data_directory_that_cannot_be_made_is_named(rig, tmp_path):
    (tmp_path / "file").touch()
    up = rig("worker:score", data=tmp_path / "file" / "data")
    assert up.ended() == 1
    assert up.line("MOODBRIDGE_DATA_DIR: cannot write to")


@pytest.mark.skipif(not os.path.exists("/proc"), reason="only Linux has child subreapers")
def test_orphans_are_reaped_as_process_1_must(rig, until):
    up = rig("orphans", "worker:score").all_started()
    orphan = int(until(lambda: up.events("orphan"))[0][1].split()[1])
    until(lambda: not psutil.pid_exists(orphan), what="the reaping of the orphan")


def test_a_program_with_threads_is_not_forked(rig):
    up = rig("thread", "worker:score")
    assert up.ended() == 1
    assert up.line("must not have started threads")
