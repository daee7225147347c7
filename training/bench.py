"""What the embedded scorer is worth and costs, beside VADER in the same run: `make bench-scorer DATA=dev.jsonl`.

Macro-F1 on sources that were held out needs the whole training again and comes last; it takes some minutes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from bridge.scale import FOUR, label_of
from bridge.scoring.offline import score
from training.urgency import URGENT_CASES, cases_of

_MODEL = Path(__file__).parent.parent / "bridge" / "scoring" / "weights.npz"
_UNSEEN = Path(__file__).parent.parent / "tests" / "bridge" / "scoring" / "urgent_cases.tsv"
_TIMED = 4_000


def main() -> None:
    """Prints speed, size, and the cases of our own; then trains with each source held out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    given, rest = parser.parse_known_args()
    rows = [json.loads(line) for line in given.data.read_text("utf-8").splitlines()]
    texts = [row["text"] for row in rows[:: max(1, len(rows) // _TIMED)]]
    print(f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    score(texts[0])
    analyzer = SentimentIntensityAnalyzer()
    for name, one in (("the embedded scorer", score), ("VADER", analyzer.polarity_scores)):
        print(f"{name}: {_microseconds(one, texts):.0f} microseconds a message, all different")
    print(f"import and first score: {_imported():.3f} s of CPU; model {_MODEL.stat().st_size / 1e6:.2f} MB")
    calm = [row["text"] for row in rows if row["label"] != "negative"]
    false = sum(label_of(FOUR, score(text).score) == "urgent" for text in calm) / len(calm)
    strong = [row["text"] for row in rows if row.get("strong")]
    found = sum(label_of(FOUR, score(text).score) in ("negative", "urgent") for text in strong) / len(strong)
    print(f"false urgent {false:.2%}, strong negatives under -0.2 {found:.1%} (on texts that trained it)")
    for name, path in (("trained", URGENT_CASES), ("never seen", _UNSEEN)):
        cases = cases_of(path)
        urgent = [label_of(FOUR, score(case.text).score) == "urgent" for case in cases if case.label == "urgent"]
        look_alikes = [label_of(FOUR, score(case.text).score) == "urgent" for case in cases if case.label != "urgent"]
        print(f"own cases, {name}, taken as urgent: {sum(urgent)} of {len(urgent)}")
        print(f"their calm look-alikes, taken as urgent: {sum(look_alikes)} of {len(look_alikes)}")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "training.train", str(given.data), "--figures", *rest], check=True)


def _microseconds(one: Callable[[str], object], texts: list[str]) -> float:
    best = float("inf")
    for _ in range(2):
        began = time.thread_time()
        for text in texts:
            one(text)
        best = min(best, time.thread_time() - began)
    return best / len(texts) * 1e6


def _imported() -> float:
    code = "import time; from bridge.scoring.offline import score; score('This is fine'); print(time.process_time())"
    run = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    return min(float(one.stdout) for one in run)


if __name__ == "__main__":
    main()
