"""Sending a mail: by a judged address only, encrypted unless the server is one of our own, and with a deadline."""

import functools
import smtplib
import socket
import ssl
from typing import Any

from bridge.address import Guard, HttpError, Policy
from bridge.channels.email import MailTarget, message
from bridge.channels.fact import Fact
from bridge.channels.outcome import DEADLINE, Outcome
from bridge.wire import DeadlineSocket, client_context, deadline

CONNECT_TIMEOUT = 10.0
TIMEOUT = 20.0


class NotEncrypted(HttpError):
    """The server offers no encryption, and it is not one of our own network."""


@functools.cache
def _guard(policy: Policy) -> Guard:
    return Guard(policy)


@functools.cache
def _context() -> ssl.SSLContext:
    return client_context(alpn=False)


def send(policy: Policy, target: MailTarget, fact: Fact) -> Outcome:
    """Sends once. The outcome's status and answer are the server's."""
    guard = _guard(policy)
    try:
        with deadline(DEADLINE), _Client(guard, target) as server:
            if not target.encrypted:
                server.ehlo_or_helo_if_needed()
                if server.has_extn("starttls"):
                    server.starttls(context=_context())
                elif not _ours(guard, target):
                    raise NotEncrypted(f"{target.host} offers no encryption (STARTTLS): use another port, or smtps://")
            if target.user is not None:
                server.login(target.user, target.password or "")
            refused = server.send_message(message(target, fact), target.sender, target.recipients)
    except HttpError as error:
        return Outcome(False, str(error))
    except smtplib.SMTPResponseException as error:
        what = "the sign-in" if isinstance(error, smtplib.SMTPAuthenticationError) else "the mail"
        answer = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else ""
        return Outcome(False, f"{target.host} refuses {what} ({error.smtp_code})", error.smtp_code, answer[:500])
    except smtplib.SMTPRecipientsRefused:
        return Outcome(False, f"{target.host} refuses every recipient")
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(False, f"{target.host} cannot be used ({type(error).__name__}): check host, port and smtp(s)://")
    if refused:
        return Outcome(True, None, 250, f"{len(refused)} of the recipients were refused")
    return Outcome(True, None, 250)


def _ours(guard: Guard, target: MailTarget) -> bool:
    try:
        guard.addresses(target.host, target.port, encrypted=False)
    except HttpError:
        return False
    return True


class _Client(smtplib.SMTP):
    """Python's client on a connection to an address that the guard allows."""

    def __init__(self, guard: Guard, target: MailTarget) -> None:
        self._guard = guard
        self._encrypted = target.encrypted
        super().__init__(target.host, target.port, local_hostname="[127.0.0.1]", timeout=TIMEOUT)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        problem: OSError | None = None
        # Whether it encrypts shows only once it is asked: plain servers are judged again then.
        for address in self._guard.addresses(host, port, encrypted=True):
            family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
            plain = DeadlineSocket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(CONNECT_TIMEOUT)
                plain.connect((str(address), port))
                plain.settimeout(timeout)
                return _context().wrap_socket(plain, server_hostname=host) if self._encrypted else plain
            except OSError as error:
                plain.close()
                problem = error
        raise problem or OSError("no address")
