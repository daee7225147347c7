"""Speed and cost, one command each: `python -m benchmarks.NAME` prints a table. Never part of the tests."""
