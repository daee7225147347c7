import threading
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.model import UNKNOWN
from bridge.scale import FOUR, label_of
from bridge.scoring.offline import NAME, score, value_of
from bridge.scoring.weights import Chances, model
from bridge.workspace_settings import WorkspaceSettings


def label(text: str) -> str:
    return label_of(FOUR, score(text).score)


PROMISED = [
    ("Thanks!", "positive"),
    ("This works perfectly", "positive"),
    ("Love it", "positive"),
    ("How do I do X?", "neutral"),
    ("What's the status?", "neutral"),
    ("What\u2019s the status?", "neutral"),
    ("This is broken", "negative"),
    ("I've been waiting", "negative"),
    ("I\u2019ve been waiting", "negative"),
    ("Disappointing", "negative"),
    ("I need this fixed NOW", "urgent"),
    ("This is unacceptable", "urgent"),
    ("I'm cancelling", "urgent"),
    ("I\u2019m cancelling", "urgent"),
]


@pytest.mark.parametrize(("text", "promised"), PROMISED)
def test_the_examples_that_users_are_promised_have_their_labels(text: str, promised: str) -> None:
    assert label(text) == promised


@pytest.mark.parametrize(
    "text",
    [
        "no rush",
        "urgent care clinic is open",
        "now I understand, thanks",
        "now I understand, it\u2019s fine, thanks",
        "How do I cancel my subscription?",
        "I'm not cancelling",
        "If this is urgent, call us.",
        "The parser says: unacceptable character",
    ],
)
def test_a_calm_look_alike_is_not_urgent(text: str) -> None:
    assert label(text) != "urgent"


@pytest.mark.parametrize("text", ["Could you please help me reset my password?", "Dear support, where is my invoice?"])
def test_a_polite_question_is_neutral(text: str) -> None:
    assert label(text) == "neutral"


def test_a_phrase_outweighs_kind_words_around_it() -> None:
    assert label("Thanks, you are great, but I need this fixed now") == "urgent"


def test_a_waiting_phrase_does_not_soften_a_worse_score() -> None:
    worse = score("I've been waiting. Horrible, terrible, awful, the worst!").score
    assert worse is not None
    assert worse < -40


@pytest.mark.parametrize("text", ["", "  ", "123", "?!"])
def test_where_there_is_nothing_to_score_the_label_is_unknown(text: str) -> None:
    verdict = score(text)
    assert (verdict.score, verdict.indicators, label(text)) == (None, (), UNKNOWN)


def test_the_verdict_names_the_scorer_and_how_sure_it_is() -> None:
    verdict = score("Thanks!")
    assert verdict.scorer == NAME
    assert verdict.confidence is not None
    assert 0.8 < verdict.confidence <= 1


@pytest.mark.parametrize("text", [text for text, _ in PROMISED])
def test_the_product_shows_the_promised_labels(text: str) -> None:
    confidence = score(text).confidence
    assert confidence is not None
    assert confidence > WorkspaceSettings().confidence_floor


@pytest.mark.parametrize("text", ["hello there", "word", "Order 4711", "bitte hilfe"])
def test_too_few_words_without_mood_are_unknown_as_short(text: str) -> None:
    verdict = score(text)
    assert (verdict.score, verdict.caveats) == (None, ("short",))


@pytest.mark.parametrize("text", ["Thanks!", "Terrible", "\U0001f621", "I'm cancelling"])
def test_few_words_of_mood_are_enough(text: str) -> None:
    assert score(text).score is not None


TRACE = """Traceback (most recent call last):
  File "app.py", line 3, in <module>
    raise FatalError("terrible, horrible, awful failure")
app.errors.FatalError: terrible, horrible, awful failure
"""


def test_a_stack_trace_is_not_read() -> None:
    assert score("Where do I find this setting?\n" + TRACE).score == score("Where do I find this setting?").score


def test_code_alone_is_unknown() -> None:
    assert score("```\nfatal = terrible or horrible\n```").score is None


def test_the_phrase_is_the_first_indicator_and_heavy_words_follow() -> None:
    text = "Terrible. I\u2019ve been waiting for a week, not good."
    assert score(text).indicators == ("I\u2019ve been waiting", "Terrible", "not good")


def test_the_same_word_is_named_once() -> None:
    assert sorted(piece.lower() for piece in score("Great and nice. GREAT, great!").indicators) == ["great", "nice"]


@pytest.mark.parametrize("text", ["It was awful, the phone died", "Great phone, love the screen"])
def test_indicators_pull_to_the_side_of_the_score(text: str) -> None:
    assert {"awful", "Great", "love"} & set(score(text).indicators)


def test_a_neutral_text_without_a_known_word_has_no_indicators() -> None:
    assert score("What's the status?").indicators == ()


def test_a_cut_text_says_so() -> None:
    assert (score("word " * 5_000).caveats, score("one more word").caveats) == (("truncated",), ())


@given(st.text())
@example("\ud800 bad \x00 bad")
@example("been" + " " * 200 + "waiting for")
@example("very " * 30 + "bad")
@example("bad" * 7_000 + " bad")
def test_any_text_gets_a_score_and_at_most_three_short_verbatim_indicators(text: str) -> None:
    verdict = score(text)
    assert verdict.score is None or -100 <= verdict.score <= 100
    assert len(verdict.indicators) <= 3
    assert all(piece in text and 0 < len(piece) <= 80 for piece in verdict.indicators)


@given(st.text())
def test_the_same_text_gets_the_same_verdict(text: str) -> None:
    assert score(text) == score(text)


CHANCES = st.tuples(*[st.floats(0.001, 1)] * 3).map(lambda parts: Chances(*(part / sum(parts) for part in parts)))


@given(CHANCES)
def test_the_score_has_the_label_that_is_likeliest(chances: Chances) -> None:
    likeliest = max(("neutral", "negative", "positive"), key=lambda name: getattr(chances, name))
    assert label_of(FOUR, value_of(chances, model())) == likeliest


@given(CHANCES, st.floats(1.01, 10))
def test_more_chance_of_negative_never_raises_the_score(chances: Chances, factor: float) -> None:
    worse = chances.negative * factor
    whole = worse + chances.neutral + chances.positive
    other = Chances(worse / whole, chances.neutral / whole, chances.positive / whole)
    assert value_of(other, model()) <= value_of(chances, model())


PIECES = ["bad ", "but bad ", "not very good ", "\U0001f621", "I've been ", "\x00", "a", "!? ", "\n", "the shit ", "1"]


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_a_hostile_megabyte_takes_less_than_a_second(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.thread_time()
    score(text)
    assert time.thread_time() - start < 1


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_four_times_the_text_takes_about_four_times_as_long(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        runs = []
        for _ in range(3):
            start = time.thread_time()
            score(text)
            runs.append(time.thread_time() - start)
        return min(runs)

    # Quadratic would be sixteen times.
    assert seconds(20_000) < 10 * seconds(5_000) + 0.01


def test_many_threads_get_what_one_gets() -> None:
    texts = [f"{word} {n}" for n in range(20) for word in ("great", "terrible", "this is unacceptable", "hello")]
    alone = [score(text) for text in texts]
    together: list[list[object]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=lambda out: out.extend(map(score, texts)), args=(out,)) for out in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert together == [alone] * 8
