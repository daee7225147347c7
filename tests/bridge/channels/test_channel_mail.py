"""Alerts by mail: what the mail says, and that it goes encrypted or not at all."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.address import Policy
from bridge.channels import email, smtp
from bridge.channels.outcome import Outcome
from bridge.errors import Invalid
from tests.bridge.channels.facts import fact
from tests.certificates import Authority
from tests.hosts.smtp import Mailbox, mail_server

LOOPBACK = Policy(allow_hosts=("127.0.0.1",))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server_context("127.0.0.1")


@pytest.fixture(autouse=True)
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's authority is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    smtp._context.cache_clear()
    yield
    smtp._context.cache_clear()


def send(box: Mailbox, scheme: str = "smtp", user: str = "", policy: Policy = LOOPBACK) -> Outcome:
    query = "from=mood@acme.example&to=team@acme.example,lead@acme.example"
    return smtp.send(policy, email.parsed(f"{scheme}://{user}127.0.0.1:{box.port}?{query}"), fact())


def test_a_mail_says_what_an_alert_says_and_that_a_machine_wrote_it(tls: ssl.SSLContext) -> None:
    with mail_server(tls) as box:
        assert send(box).taken
    (mail,) = box.mails
    assert box.recipients == ["team@acme.example", "lead@acme.example"]
    assert (mail["Subject"], mail["From"]) == ("Ticket T-1 needs a person", "mood@acme.example")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<msg_1@acme.example>"
    text = mail.get_content()
    assert all(part in text for part in ("-0.82", "▇▅▃▁", "“third time I ask”", "https://acme.zendesk.com/agent"))


def test_a_server_that_offers_encryption_gets_the_mail_encrypted(tls: ssl.SSLContext) -> None:
    with mail_server(tls) as box:
        send(box, user="bridge:p%40ss@")
    assert box.encrypted == [True]
    assert box.sign_ins == [("bridge", "p@ss")]
    assert box.commands.index("STARTTLS") < box.commands.index("AUTH")


def test_a_server_may_speak_tls_from_the_first_byte(tls: ssl.SSLContext) -> None:
    with mail_server(tls, tls_at_once=True) as box:
        assert send(box, "smtps").taken
    assert box.encrypted == [True]


def test_a_server_of_our_own_network_that_offers_no_encryption_is_taken() -> None:
    with mail_server() as box:
        assert send(box).taken
    assert box.encrypted == [False]


def test_any_other_server_without_encryption_gets_neither_password_nor_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_ours", lambda *_: False)
    with mail_server() as box:
        outcome = send(box, user="bridge:secret@")
    assert not outcome.taken
    assert "no encryption" in str(outcome.error)
    assert box.sign_ins == []
    assert box.mails == []


def test_a_certificate_of_somebody_else_is_not_accepted(tmp_path: Path, authority: Authority) -> None:
    stranger = Authority(tmp_path).server_context("127.0.0.1")
    with mail_server(stranger) as box:
        outcome = send(box, user="bridge:secret@")
    assert not outcome.taken
    assert box.sign_ins == []


def test_a_private_address_is_not_called() -> None:
    with mail_server() as box:
        outcome = send(box, policy=Policy())
    assert "private address" in str(outcome.error)
    assert box.commands == []


@pytest.mark.parametrize(("verb", "line"), [("AUTH", "535 5.7.8 no"), ("DATA", "554 no"), ("MAIL", "451 later")])
def test_what_the_server_says_no_to_is_told_with_its_code(tls: ssl.SSLContext, verb: str, line: str) -> None:
    with mail_server(tls) as box:
        box.refuse[verb] = line
        outcome = send(box, user="bridge:secret@")
    assert (outcome.taken, outcome.status) == (False, int(line[:3]))
    assert "secret" not in f"{outcome.error} {outcome.answer}"


@pytest.fixture
def nobody() -> Mailbox:
    with mail_server() as box:
        pass
    return box


def test_a_server_that_is_not_there_is_told(nobody: Mailbox) -> None:
    assert "cannot be used" in str(send(nobody).error)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://mail.example?from=a@b.example&to=c@d.example",
        "smtp://mail.example",
        "smtp://mail.example?from=a@b.example",
        "smtp://mail.example?from=a@b.example&to=nobody",
        "smtp://mail.example?from=a@b.example&to=c@d.example%0d%0aBcc:x@y.example",
        "smtp://mail.example?from=a@b.example&to=c@d.example&debug=1",
        "smtp://u:hunter2@?from=a@b.example&to=c@d.example",
        "smtp://u:hunter2@host:99999?from=a@b.example&to=c@d.example",
    ],
)
def test_what_is_no_mail_target_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        email.parsed(url)
    assert "hunter2" not in str(caught.value)


def test_the_password_is_not_in_the_targets_representation() -> None:
    parsed: Callable[[str], object] = email.parsed
    assert "hunter2" not in repr(parsed("smtps://u:hunter2@mail.example?from=a@b.example&to=c@d.example"))
