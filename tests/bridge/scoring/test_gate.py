import pytest

from bridge.scoring.gate import nothing_to_score


@pytest.mark.parametrize("text", ["ok", "да", "शि", "早", "ไม่", "لا", "ß", "1 a", "\x00x"])
def test_a_letter_of_any_script_can_be_scored(text: str) -> None:
    assert not nothing_to_score(text)


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f600",  # grinning face
        "\U0001f44d\U0001f3fd",  # thumbs up, skin tone
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # family, joined
        "\U0001f1eb\U0001f1f7",  # flag
        "\U0001fae0",  # melting face
        "\U0001f198",  # SOS
        "\u2764",  # heart as typed on old keyboards
        "\u2764\ufe0f",
        "\u263a",  # smiling face as text
        "\u2b50\u2b50\u2b50",
        "\u2705",
        "5 \u274c",
        "\u2139\ufe0f",  # a sign that is shown as a picture
    ],
)
def test_an_emoji_can_be_scored(text: str) -> None:
    assert not nothing_to_score(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t",
        "12345",
        "+1",
        "?!...",
        ":-)",
        "----------",
        "\u2192 1 \u2022 2 \u25aa 3",  # arrow and bullets
        "\xa9 2026 \u2122 \xae",
        "\u0663\u0664",  # digits of another script
        "\x00\x01\x1b",
        "\u200b\ufeff",
        "\u20ac 5 \xbd",
    ],
)
def test_without_letter_and_emoji_there_is_nothing_to_score(text: str) -> None:
    assert nothing_to_score(text)
