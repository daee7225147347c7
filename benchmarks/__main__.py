"""All measurements one after the other, or those named: `python -m benchmarks [NAME...]`."""

import importlib
import sys

NAMES = (
    "ingest",
    "score_drain",
    "fairness",
    "idle",
    "startup",
    "provider_calls",
    "score_provider",
    "notify",
    "dashboard",
    "mail",
    "shift",
    "rules",
)


def main(names: list[str]) -> int:
    """Runs them; 2 when one is not known."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
