"""Slack by an incoming webhook, and what takes the same format (Mattermost, Rocket.Chat show the plain text of it).

Source: docs.slack.dev, "Sending messages using incoming webhooks", "Block Kit" and "Formatting message text",
read November 2026. A header takes 150 characters, a section 10 fields of 2,000, a text 3,000.
"""

import json

from bridge.channels.fact import Fact
from bridge.channels.outcome import Request
from bridge.channels.words import Words, words

MOST_FIELDS = 10

Block = dict[str, object]


def request(target: str, fact: Fact) -> Request:
    """The call to the webhook's address."""
    told = words(fact)
    body = {"text": _escaped(_plain(told)), "blocks": _blocks(told)}
    return Request(target, json.dumps(body).encode(), {"content-type": "application/json"})


def _blocks(told: Words) -> list[Block]:
    blocks: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": told.title, "emoji": False}}]
    fields = [_markdown(f"*{_escaped(name)}*\n{_escaped(value)}") for name, value in told.values]
    for start in range(0, len(fields), MOST_FIELDS):
        blocks.append({"type": "section", "fields": fields[start : start + MOST_FIELDS]})
    if told.quotes:
        # Plain, so that nothing a customer writes becomes a link, a mention or bold.
        text = "\n".join(f"“{quote}”" for quote in told.quotes)
        blocks.append({"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}})
    if told.links:
        text = "   ".join(f"<{_escaped(url)}|{_escaped(name)}>" for name, url in told.links)
        blocks.append({"type": "section", "text": _markdown(text)})
    if told.reminder:
        blocks.append({"type": "context", "elements": [_markdown(_escaped(told.reminder))]})
    return blocks


def _plain(told: Words) -> str:
    """What notifications show, without the customer's words."""
    return ". ".join([told.title, *(f"{name}: {value}" for name, value in told.values[:5])])


def _markdown(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escaped(text: str) -> str:
    """The three characters that begin Slack's own commands, such as a mention of everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
