"""Sample tickets of many moods, and how they are played into a running desk over its HTTP API."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.http import Http, Policy

STAFF = "staff"
CUSTOMER = "customer"


class SamplesRefused(BridgeError):
    """The desk does not take the samples."""


@dataclass(frozen=True, slots=True)
class Said:
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One ticket: what the customer wrote first, and what was said after."""

    requester: str
    subject: str
    first: str
    later: tuple[Said, ...] = ()


SAMPLES = (
    Sample(
        "Nadia Rahman",
        "Export button does nothing",
        "Hi, when I click Export on the reports page nothing happens. How do I get the CSV?",
        (
            Said(STAFF, "Hi Nadia, could you try it in a private window and tell me what you see?"),
            Said(CUSTOMER, "Tried that. Same thing, no download. I need this report for a meeting on Thursday."),
            Said(
                CUSTOMER,
                "It has been two days and nobody answers. My meeting is in an hour and I have nothing to show. "
                "This is unacceptable, I need this fixed NOW.",
            ),
        ),
    ),
    Sample(
        "Tom Becker",
        "Charged twice this month",
        "You charged my card twice for November and I am really angry about it. I want my money back!",
        (
            Said(STAFF, "I am sorry, Tom. The second charge was ours to catch. It is refunded as of this minute."),
            Said(CUSTOMER, "OK, I see the refund on my account. Thank you for being so quick."),
            Said(CUSTOMER, "All good now, great support. Thanks a lot!"),
        ),
    ),
    Sample("Ines Duarte", "Password reset", "Thanks!", ()),
    Sample(
        "Jonas Lindqvist",
        "API returns 500 since the update",
        "Since your update every call to /v2/orders fails and our shop is standing still. This is terrible.\n\n"
        "Traceback (most recent call last):\n"
        '  File "sync.py", line 88, in push_order\n'
        "    response.raise_for_status()\n"
        "requests.exceptions.HTTPError: 500 Server Error for url: https://api.example.com/v2/orders\n\n"
        "Please tell me somebody is looking at this.",
        (
            Said(STAFF, "We found the cause and are rolling back. Ten minutes, and I will write again."),
            Said(CUSTOMER, "Still failing. We lose orders every minute, when will this finally work?"),
        ),
    ),
    Sample(
        "Claire Moreau",
        "Problème de connexion",
        "Bonjour, je n'arrive plus à me connecter depuis ce matin. Pouvez-vous m'aider, s'il vous plaît ?",
        (Said(CUSTOMER, "Merci beaucoup, tout fonctionne à nouveau !"),),
    ),
    Sample("Priya Nair", "New dashboard", "😍😍😍", ()),
    Sample(
        "Greg Holloway",
        "Another outage, how lovely",
        "Oh great, down again. Just what I wanted on a Monday. Third time this month, truly impressive work.",
        (
            Said(STAFF, "You are right to be annoyed, Greg. Here is what happened and what we change."),
            Said(CUSTOMER, "Fine. I read it. At least somebody explained it this time."),
        ),
    ),
    Sample(
        "Mei Tanaka",
        "Question about team seats",
        "Hello, what is the difference between a full seat and a viewer seat? We are eight people.",
        (
            Said(
                STAFF,
                "Viewers read reports, full seats also build them. For eight of you I would take three full ones.",
            ),
            Said(CUSTOMER, "That helps, thank you. I will set it up today."),
        ),
    ),
    Sample(
        "Oluwaseun Adeyemi",
        "Data missing after import",
        "I imported 4,000 contacts and about half are missing. I am worried, these are our customers' records.",
        (
            Said(CUSTOMER, "I have been waiting since yesterday. Is anybody there?"),
            Said(STAFF, "Yes, sorry for the silence. All 4,000 are safe, the import was paused at the halfway mark."),
            Said(CUSTOMER, "Oh, what a relief. I can see them all now, thank you so much."),
        ),
    ),
    Sample(
        "Dana Whitfield",
        "Cancel our account",
        "We asked for this feature in March and again in June. Nothing. I'm cancelling, your competitor has it.",
        (),
    ),
    Sample(
        "Lukas Weber",
        "Rechnung für Oktober",
        "Guten Tag, könnten Sie mir bitte die Rechnung für Oktober noch einmal schicken? Vielen Dank.",
        (),
    ),
    Sample(
        "Sofia Petrov",
        "Love the new editor",
        "Just wanted to say that the new editor is wonderful. It saves me an hour every day. Love it!",
        (Said(CUSTOMER, "One small thing: could the font be a bit larger? Otherwise perfect."),),
    ),
    Sample(
        "Ahmed Khalil",
        "Delivery still not here",
        "What's the status of order 58213? It should have come on Friday.",
        (
            Said(CUSTOMER, "Still nothing. The tracking page has not moved for four days, this is disappointing."),
            Said(STAFF, "The parcel was lost on the way. A new one leaves today by express."),
            Said(CUSTOMER, "It arrived this morning. Works perfectly, thanks for sorting it out."),
        ),
    ),
    Sample("Robin Ellis", "Re: ticket", "??", (Said(CUSTOMER, "hello???"),)),
)


def play(url: str, token: str, pace: float, sleep: Callable[[float], None] = time.sleep) -> int:
    """Plays all samples into the desk at `url`, a post every `pace` seconds; the number of posts.

    First each ticket's first message, then the answers in turns, as on a busy morning.
    Raises HttpError when the desk cannot be reached, SamplesRefused when it refuses.
    """
    http = Http(Policy(allow_private=True))

    def send(path: str, body: dict[str, str]) -> dict[str, str]:
        reply = http.request("POST", f"{url}/api{path}", headers={"authorization": f"Bearer {token}"}, json=body)
        shown = reply.json()
        if reply.status != 201 or not isinstance(shown, dict):
            raise SamplesRefused(f"the desk answered {reply.status}: check its address and token")
        sleep(pace)
        return shown

    ids = [
        send("/tickets", {"subject": sample.subject, "requester": sample.requester, "text": sample.first})["ticket_id"]
        for sample in SAMPLES
    ]
    posts = len(ids)
    for turn in range(max(len(sample.later) for sample in SAMPLES)):
        for ticket_id, sample in zip(ids, SAMPLES, strict=True):
            if turn < len(sample.later):
                said = sample.later[turn]
                send(f"/tickets/{ticket_id}/posts", {"author": said.author, "text": said.text})
                posts += 1
    return posts
