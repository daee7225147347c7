"""How many mails a second one core takes apart, trims and reads: `python -m benchmarks mail`."""

import time
from collections.abc import Iterator
from email.message import EmailMessage

from benchmarks.machine import heading, quantile, table
from bridge.text.quoted import own_words
from connectors.email.mail import read_mail

SECONDS = 6.0
GOAL = 1_500

_ASKED = (
    "Dear Ms Lowe,\n\nthank you for your message. We have looked into order {n} and could not find a reason for the "
    "delay. Could you tell us when you last heard from the carrier, and send us a photo of the label?\n\n"
    "Kind regards\nAcme Support\n"
)
_OWN = (
    "Hello,\n\nthis is the third time that I write about order {n}. The parcel arrived broken, nobody answers the "
    "phone, and your last answer did not help at all. I would like my money back by the end of the week.\n\n"
    "Regards,\nAnna Lowe\n"
)


def main() -> None:
    """Prints mails a second by kind of mail, on one core."""
    heading("Mail: take apart, HTML to text, trim")
    table(("mail", "bytes", "mails/s", "ms p99", "of that trimming, us"), _rows())


def _rows() -> Iterator[tuple[object, ...]]:
    kinds = {
        "text, answer above": [_plain(n) for n in range(200)],
        "text and HTML, answer above": [_both(n) for n in range(200)],
        "HTML alone, answer above": [_html(n) for n in range(200)],
        "text, eight answers deep": [_deep(n) for n in range(200)],
        "with an attachment of 1 MB": [_attached(n) for n in range(20)],
    }
    kinds["all of these but the last, mixed"] = [mail for mails in list(kinds.values())[:4] for mail in mails]
    for name, mails in kinds.items():
        yield name, sum(map(len, mails)) // len(mails), *_measured(mails)


def _measured(mails: list[bytes]) -> tuple[float, float, float]:
    took: list[float] = []
    started = time.process_time()
    while time.process_time() - started < SECONDS / 6:
        for mail in mails:
            before = time.perf_counter()
            read_mail(mail)
            took.append(time.perf_counter() - before)
    rate = len(took) / (time.process_time() - started)
    texts = [read_mail(mail).whole for mail in mails]
    before = time.process_time()
    for text in texts:
        own_words(text)
    return rate, quantile(took, 0.99) * 1e3, (time.process_time() - before) / len(texts) * 1e6


def _mail(n: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Änna Lowe <anna@lowe.example>"
    mail["To"] = "Acme Support <support@acme.example>"
    mail["Subject"] = f"Re: [Order {n}] Wo bleibt die Lieferung, größer?"
    mail["Message-ID"] = f"<{n}.reply@lowe.example>"
    mail["In-Reply-To"] = f"<{n}.asked@acme.example>"
    mail["References"] = f"<{n}.first@lowe.example> <{n}.asked@acme.example>"
    mail["Date"] = "Tue, 12 Mar 2024 09:14:00 +0100"
    for hop in range(6):
        mail["Received"] = (
            f"from mx{hop}.example ([192.0.2.{hop}]) by mx.acme.example with ESMTPS id x{hop}; 12 Mar 2024"
        )
    return mail


def _plain(n: int) -> bytes:
    mail = _mail(n)
    mail.set_content(_answered(n))
    return mail.as_bytes()


def _both(n: int) -> bytes:
    mail = _mail(n)
    mail.set_content(_answered(n))
    mail.add_alternative(_as_html(n), subtype="html")
    return mail.as_bytes()


def _html(n: int) -> bytes:
    mail = _mail(n)
    mail.set_content(_as_html(n), subtype="html")
    return mail.as_bytes()


def _deep(n: int) -> bytes:
    text = _ASKED.format(n=n)
    for _ in range(8):
        text = (
            f"{_OWN.format(n=n)}\nOn Tue, Mar 12, 2024 at 9:14 AM Acme <support@acme.example> wrote:\n\n{_quoted(text)}"
        )
    mail = _mail(n)
    mail.set_content(text)
    return mail.as_bytes()


def _attached(n: int) -> bytes:
    mail = _mail(n)
    mail.set_content(_answered(n))
    mail.add_attachment(bytes(range(256)) * 4096, maintype="image", subtype="jpeg", filename="label.jpg")
    return mail.as_bytes()


def _answered(n: int) -> str:
    return (
        f"{_OWN.format(n=n)}\n-- \nAnna Lowe\nLowe Ltd.\n\nOn Tue, Mar 12, 2024 at 9:14 AM Acme Support "
        f"<support@acme.example> wrote:\n\n{_quoted(_ASKED.format(n=n))}"
    )


def _quoted(text: str) -> str:
    return "".join(f"> {line}\n" for line in text.split("\n"))


def _as_html(n: int) -> str:
    own = _OWN.format(n=n).replace("\n", "<br>")
    asked = _ASKED.format(n=n).replace("\n", "<br>")
    return (
        f'<html><head><style>p {{ margin: 0 }}</style></head><body><div dir="ltr">{own}</div>'
        f'<div class="gmail_quote"><div class="gmail_attr">On Tue, Mar 12, 2024 at 9:14 AM Acme Support '
        f'&lt;<a href="mailto:support@acme.example">support@acme.example</a>&gt; wrote:<br></div>'
        f'<blockquote class="gmail_quote" style="border-left:1px solid">{asked}</blockquote></div></body></html>'
    )
