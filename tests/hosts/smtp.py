"""A strict SMTP server for tests: takes what RFC 5321 and RFC 3207 allow, in order, and keeps the mails."""

import base64
import contextlib
import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class Mailbox:
    """What a server took. `refuse`: commands that are answered with this line instead."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    sign_ins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


class _Conversation(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.box, self.encrypted = self.server.box, False
        if self.server.tls and self.server.tls_at_once:
            self._encrypt()
        self._say("220 ready")
        self.to: list[str] = []
        with contextlib.suppress(OSError):
            while line := self.rfile.readline(1000).decode().rstrip("\r\n"):
                verb = line.split(" ")[0].upper()
                self.box.commands.append(verb)
                if verb in self.box.refuse:
                    self._say(self.box.refuse[verb])
                elif verb == "QUIT":
                    return self._say("221 bye")
                else:
                    self._answer(verb, line)

    def _answer(self, verb: str, line: str) -> None:
        if verb == "EHLO":
            more = ["250-STARTTLS"] if self.server.tls and not self.encrypted else []
            self._say("\r\n".join(["250-test", *more, "250-AUTH PLAIN", "250 SIZE 1000000"]))
        elif verb == "STARTTLS" and self.server.tls and not self.encrypted:
            self._say("220 go on")
            self._encrypt()
        elif verb == "AUTH" and line.upper().startswith("AUTH PLAIN "):
            _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
            self.box.sign_ins.append((user, password))
            self._say("235 welcome")
        elif verb == "MAIL" and line.upper().startswith("MAIL FROM:<"):
            self._say("250 ok")
        elif verb == "RCPT" and line.upper().startswith("RCPT TO:<"):
            self.to.append(line[9:].split(">")[0])
            self._say("250 ok")
        elif verb == "DATA" and self.to:
            self._say("354 go on")
            lines = []
            while (text := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(text.removeprefix(b"."))
            mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self.box.mails.append(mail)
            self.box.recipients += self.to
            self.box.encrypted.append(self.encrypted)
            self._say("250 taken")
        elif verb == "RSET":
            self._say("250 ok")
        else:
            self._say("503 not now")

    def _encrypt(self) -> None:
        assert self.server.tls is not None
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")
        self.encrypted = True

    def _say(self, text: str) -> None:
        self.request.sendall(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    box: Mailbox
    tls: ssl.SSLContext | None
    tls_at_once: bool

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is what some tests are about."""


@contextlib.contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, tls_at_once: bool = False) -> Iterator[Mailbox]:
    """A server on loopback. With `tls` it offers STARTTLS, or speaks TLS from the first byte."""
    server = _Server(("127.0.0.1", 0), _Conversation)
    server.box, server.tls, server.tls_at_once = Mailbox(server.server_address[1]), tls, tls_at_once
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.box
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
