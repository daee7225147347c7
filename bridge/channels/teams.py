"""Microsoft Teams by a workflow ("Post to a channel when a webhook request is received").

The older incoming webhooks (Microsoft 365 connectors) were retired in 2026; a workflow takes an Adaptive Card in a
message with attachments and nothing else. Source: Microsoft Learn, "Create Incoming Webhooks" and "Adaptive Cards:
text features", read November 2026. Rich text blocks hold no Markdown, so that nothing in them becomes a link.
"""

import json

from bridge.channels.fact import Fact
from bridge.channels.outcome import Request
from bridge.channels.words import Words, words

CARD = "application/vnd.microsoft.card.adaptive"

Element = dict[str, object]


def request(target: str, fact: Fact) -> Request:
    """The call to the workflow's address, which holds its signature."""
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        **_card(words(fact)),
    }
    body = {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": content}]}
    return Request(target, json.dumps(body).encode(), {"content-type": "application/json"})


def _card(told: Words) -> Element:
    elements = [_line({"text": told.title, "weight": "Bolder", "size": "Large"})]
    elements += [_line({"text": f"{name}: ", "weight": "Bolder"}, {"text": value}) for name, value in told.values]
    elements += [_line({"text": f"“{quote}”", "italic": True}) for quote in told.quotes]
    if told.reminder:
        elements.append(_line({"text": told.reminder, "isSubtle": True, "size": "Small"}))
    actions = [{"type": "Action.OpenUrl", "title": text, "url": url} for text, url in told.links]
    return {"body": elements, "actions": actions}


def _line(*runs: Element) -> Element:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run} for run in runs]}
