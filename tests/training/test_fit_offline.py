import json
from pathlib import Path

import pytest

from bridge.scoring.offline import KNOTS
from training.fit_offline import Row, cut, fitted_cuts, fitted_strong_cut, macro_f1, main


def row(label: str, compound: float, source: str = "a", strong: bool | None = None) -> Row:
    return Row("", label, source, strong, compound)


SEPARABLE = [row("negative", -0.6), row("neutral", -0.3), row("neutral", 0.3), row("positive", 0.5)]


def test_the_fitted_cuts_separate_what_can_be_separated() -> None:
    cuts = fitted_cuts(SEPARABLE)
    assert [cut(one.compound, *cuts) for one in SEPARABLE] == [one.label for one in SEPARABLE]


def test_a_source_of_many_rows_weighs_no_more_than_a_small_one() -> None:
    big = [row("negative", -0.2, "b"), row("neutral", 0.0, "b"), row("positive", 0.2, "b")]
    assert fitted_cuts([*SEPARABLE, *big * 50]) == fitted_cuts([*SEPARABLE, *big])


def test_the_strong_cut_is_the_loosest_with_half_of_the_texts_strong() -> None:
    rows = [row("negative", -0.82, strong=True), row("negative", -0.52, strong=False)]
    assert fitted_strong_cut([*rows, row("negative", -0.32, strong=False)]) == -0.35


def test_macro_f1_is_the_mean_over_the_three_labels() -> None:
    assert macro_f1(SEPARABLE, ["negative", "neutral", "neutral", "neutral"]) == pytest.approx((1 + 0.8 + 0) / 3)


def test_it_prints_knots_that_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dev.jsonl"
    texts = {"Horrible, the worst": "negative", "The cat sat": "neutral", "Great, I love it": "positive"}
    lines = [json.dumps({"text": text, "label": label, "source": "a", "strong": True}) for text, label in texts.items()]
    file.write_text("\n".join(lines))
    main(str(file))
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line.startswith("KNOTS = ((-1.0, -1.0), ")
    assert first_line.count("(") == len(KNOTS) + 1
