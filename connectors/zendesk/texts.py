"""The customer's own words in a Zendesk comment."""

from bridge.text.html import to_text

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
    """The plain text of a comment; out of its HTML where the plain one is missing. Always good UTF-8."""
    text = plain if plain.strip() or not html else to_text(html)
    # JSON can carry half a character (a lone surrogate), which nothing after us could store.
    return text.encode("utf-8", "replace").decode()
