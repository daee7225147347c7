import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text.html import LONGEST, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello <b>there</b></p><p>Second<br>line</p>", "Hello there\n\nSecond\nline"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1\t\t2\n3"),
        ("<ul><li>first</li><li>second</li></ul>", "first\n  second"),
        ("<p>5 &lt; 6 &amp; caf&eacute; &#128512;</p>", "5 < 6 & café 😀"),
        ("I <3 you, 5 < 6", "I <3 you, 5 < 6"),
        ("no tags\nat all", "no tags at all"),
        ("<pre>if x:\n    y()</pre>", "if x:\n    y()"),
        ('<a href="https://example.com/?token=1">the page</a>', "the page"),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("", ""),
    ],
)
def test_html_becomes_what_a_person_reads(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<head><title>x</title></head>",
        "<style>p {color: red}</style>",
        "<script>alert(1)</script>",
        "<!-- x -->",
        "<div hidden>x</div>",
        "<div style='color:red; DISPLAY:NONE !important'>x</div>",
        "<div style='display: none'>x</div>",
        "<span style='visibility:hidden'>x</span>",
        "<span style='mso-hide:all'>x</span>",
        "<textarea>x</textarea>",
        "<img alt='Logo' src='cid:1'>",
    ],
)
def test_what_a_person_does_not_read_is_left_out(html: str) -> None:
    assert to_text(f"{html}<p>seen</p>") == "seen"


@pytest.mark.parametrize("html", ["<img data-emoji='😡' alt='😡'>", "<img class='gmail-Emoji' alt='😡'>"])
def test_a_picture_that_stands_for_an_emoji_is_read(html: str) -> None:
    assert to_text(f"<p>Again? {html}</p>") == "Again? 😡"


def test_an_embedded_image_does_not_push_the_text_over_the_cap() -> None:
    image = f"<img src='data:image/png;base64,{'A' * 2 * LONGEST}'>"
    assert to_text(f"<p>before</p>{image}<p>after</p>") == "before\n\nafter"


def test_text_beyond_the_cap_is_dropped() -> None:
    assert len(to_text("word " * LONGEST)) <= LONGEST


def test_a_half_character_does_not_stop_the_rest() -> None:
    assert to_text("<p>so \ud83d late</p>") == "so ? late"


ATTRIBUTES = " ".join(f"a{n}=1" for n in range(100_000))


@pytest.mark.parametrize(
    "html",
    [
        f"<a {ATTRIBUTES}>",
        f"<a x='>' {ATTRIBUTES}>",
        f"<a x='<' {ATTRIBUTES}>",
        "<div>" * 200_000,
        "<b>" * 70_000 + "</p>" * 70_000 + "</i>" * 70_000,
        "<table><td>" * 90_000,
        "<a = '" * 160_000,
        "<a =" + " " * 1_000_000,
        "<" * 1_000_000,
        "<!--" * 250_000,
        "&" * 1_000_000,
    ],
    ids=lambda html: html[:12],
)
def test_a_hostile_megabyte_takes_far_less_than_two_seconds(html: str) -> None:
    # Without the caps the worst of these takes many seconds; with them none took 0.2 s.
    start = time.process_time()
    to_text(html)
    assert time.process_time() - start < 2


@given(
    st.text()
    | st.lists(st.sampled_from(["<p", "<b>", "</p>", "='", '"', ">", "<", "&#0;", "\ud800", "x"])).map("".join)
)
def test_any_string_becomes_a_text(html: str) -> None:
    assert isinstance(to_text(html), str)
