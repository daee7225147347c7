"""Decides whether a text holds anything that a mood could be read from."""

import re

# Characters shown as a picture (property Emoji_Presentation of "Unicode Technical Standard #51", version 17.0, by
# blocks), what asks for the picture of another character (FE0F), and the hearts, faces, hands and marks of older
# Unicode that are typed without it. Not arrows, bullets, (c) or TM, which are emoji to the standard as well.
_EMOJI = re.compile(
    "[\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f1e6-\U0001f251\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f7e0-\U0001f7f0\U0001f90c-\U0001faff"
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd"
    "\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e"
    "\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55"
    "\ufe0f"
    "\u261d\u2620\u2639-\u263b\u2661\u2665\u270c\u2714\u2716\u2763\u2764]"
)


def nothing_to_score(text: str) -> bool:
    """True when the text holds no letter of any script and no emoji: its label is then `unknown`."""
    return not any(map(str.isalpha, text)) and _EMOJI.search(text) is None
