"""The customer's own words in a Zendesk comment."""

from bridge.text.html import to_marked_text
from bridge.text.quoted import own_words

MESSAGING = frozenset(
    (
        "chat",
        "native_messaging",
        "whatsapp",
        "instagram_dm",
        "line",
        "wechat",
        "telegram",
        "viber",
        "kakaotalk",
        "apple_business_chat",
        "google_business_messages",
        "google_rcs",
        "messagebird_sms",
        "twilio_sms",
        "sunshine_conversations_api",
        "sunshine_conversations_facebook_messenger",
        "sunshine_conversations_twitter_dm",
    )
)
"""Channels whose comments are stubs and transcripts: who said what stands in the conversation log."""


def words(plain: str, html: str) -> str:
    """The customer's own words in a comment: its plain text, or its HTML's, without what a mail brought along.

    Zendesk cuts what is quoted below its own line only; the rest of a mail's history, signatures and small print
    stay in the comment. Always good UTF-8.
    """
    text = plain if plain.strip() or not html else to_marked_text(html)
    # JSON can carry half a character (a lone surrogate), which nothing after us could store.
    return own_words(text.encode("utf-8", "replace").decode()).text
