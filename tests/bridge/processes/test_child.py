"""Children are started from a program of their own: the test runner must not be forked."""

import subprocess
import sys
import textwrap

import psutil
import pytest


def run(program, **options):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def out(program):
    process = run(program)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    return output


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit", 0),
        ("raise SystemExit('words')", 1),
        ("raise ValueError", 1),
    ],
)
def test_the_exit_code_tells_how_it_ended(work, code):
    assert (
        out(f"""
        import os
        from bridge.processes.child import start
        def work():
            {work}
        print(os.waitstatus_to_exitcode(os.waitpid(start(work, name="x"), 0)[1]))
    """)
        == f"{code}\n"
    )


def test_nothing_of_the_parent_runs_in_it():
    assert out("""
        import atexit, os, sys
        from bridge.processes.child import start
        atexit.register(print, "parent's clean-up")
        sys.stdout.write("waiting to be written\\n")
        os.waitpid(start(lambda: print("child"), name="x"), 0)
    """).splitlines() == ["waiting to be written", "child", "parent's clean-up"]


def test_it_has_default_signals_no_input_private_files_and_only_its_own():
    assert out("""
        import os, signal
        from bridge.processes.child import start
        signal.signal(signal.SIGTERM, lambda *_: None)
        private, _ = os.pipe()
        def work():
            print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
            print(os.read(0, 1), oct(os.umask(0)), os.getsid(0) == os.getpid())
            try:
                os.fstat(private)
            except OSError:
                print("closed")
        os.waitpid(start(work, name="x", close=[private]), 0)
        os.fstat(private)
    """).splitlines() == ["True set()", "b'' 0o77 True", "closed"]


def test_setup_comes_first_and_gets_the_name():
    assert out("""
        import os
        from bridge.processes.child import start
        os.waitpid(start(lambda: print("work"), name="worker score", setup=print), 0)
    """).splitlines() == ["worker score", "work"]


PARENT = """
    import os, sys, threading, time
    from bridge.processes import child, parent_death
    {variant}
    def work():
        print(os.getpid(), flush=True)
        time.sleep(60)
    child.start(work, name="x")
    time.sleep(60)
"""

AS_ON_MACOS = """
    from functools import partial
    parent_death._libc, watch = None, parent_death.watch
    parent_death.watch = lambda parent, every: watch(parent, 0.05)
"""


@pytest.mark.parametrize("variant", ["", AS_ON_MACOS], ids=["kernel", "watching"])
def test_it_dies_with_its_parent(variant, until, ended):
    parent = run(PARENT.replace("{variant}", variant.strip()))
    try:
        assert parent.stdout is not None
        started = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        until(lambda: ended(started), seconds=2.0, what="the child's end")
    finally:
        parent.kill()
        parent.communicate()


def test_a_child_whose_parent_ended_before_it_asked_ends_too():
    program = run("""
        import os
        from bridge.processes.parent_death import die_with
        die_with(os.getppid() + 1)
        print("lives")
    """)
    assert program.communicate(timeout=30)[0] == ""
    assert program.returncode == 1
