"""What a scorer gets of a Zendesk comment."""

from connectors.zendesk.texts import words


def test_quoted_history_in_a_comment_is_cut() -> None:
    plain = "Still broken.\n\nOn Tue, Mar 12, 2024 at 9:14 AM Acme <support@acme.example> wrote:\n> Try again."

    assert words(plain, "") == "Still broken."


def test_a_comment_without_plain_text_is_read_from_its_html() -> None:
    html = "<p>Still broken.</p><blockquote type='cite'>Try again.</blockquote>"

    assert words(" ", html) == "Still broken."


def test_the_inside_of_a_comment_is_unchanged() -> None:
    plain = "  It fails:\n\n\n    if (a  > b)\t{ }  \n\nWhy?"

    assert words(plain, "") == plain.strip()


def test_a_comment_that_holds_a_quotation_alone_is_kept() -> None:
    assert words("> Try again.", "") == "> Try again."


def test_half_characters_do_not_get_in() -> None:
    assert words("bad \ud83d day", "") == "bad ? day"
