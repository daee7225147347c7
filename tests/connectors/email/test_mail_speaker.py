"""Who speaks in a mail, a customer or the team; and when two robots talk."""

from bridge.model import Author
from connectors.email.mail import read_mail
from connectors.email.speaker import Speaker, Team, is_storm, speaker

TEAM = Team(
    addresses=frozenset({"support@acme.example"}),
    domains=frozenset({"acme.example"}),
    form_senders=frozenset({"forms@acme.example"}),
    receiver="mx.acme.example",
)


def said(head: bytes, text: bytes = b"The parcel is broken.", team: Team = TEAM, in_sent: bool = False) -> Speaker:
    return speaker(read_mail(head + b"\n\n" + text), team, in_sent)


def test_an_outside_address_is_a_customer() -> None:
    spoke = said(b"From: Anna <anna@lowe.example>")

    assert (spoke.author, spoke.address, spoke.text) == (Author.CUSTOMER, "anna@lowe.example", "The parcel is broken.")


def test_the_mailbox_its_domain_and_sub_domains_are_the_team() -> None:
    for sender in (b"support@acme.example", b"tom@ACME.example", b"tom@mail.acme.example"):
        assert said(b"From: " + sender).author is Author.STAFF


def test_a_domain_that_only_ends_like_ours_is_a_customers() -> None:
    assert said(b"From: x@notacme.example").author is Author.CUSTOMER


def test_what_lies_in_the_sent_folder_is_the_teams() -> None:
    assert said(b"From: tom@elsewhere.example", in_sent=True).author is Author.STAFF


def test_a_contact_forms_customer_stands_in_reply_to() -> None:
    spoke = said(b"From: forms@acme.example\nReply-To: anna@lowe.example")

    assert (spoke.author, spoke.address) == (Author.CUSTOMER, "anna@lowe.example")


def test_a_forged_sender_of_our_domain_is_scored_as_a_customers() -> None:
    failed = b"Authentication-Results: mx.acme.example; spf=fail; dkim=none; dmarc=fail\nFrom: ceo@acme.example"

    assert said(failed).author is Author.CUSTOMER


def test_a_sender_of_our_domain_that_passes_a_check_is_the_team() -> None:
    passed = b"Authentication-Results: mx.acme.example; spf=fail; dkim=pass\nFrom: ceo@acme.example"

    assert said(passed).author is Author.STAFF


def test_what_another_server_says_of_the_sender_is_not_believed() -> None:
    other = b"Authentication-Results: evil.example; dkim=pass\nAuthentication-Results: mx.acme.example; dkim=fail"

    assert said(other + b"\nFrom: ceo@acme.example").author is Author.CUSTOMER


def test_a_customers_mail_that_the_team_hands_on_speaks_for_the_customer() -> None:
    text = (
        b"Can you take this?\n\n---------- Forwarded message ---------\nFrom: Anna <anna@lowe.example>\n"
        b"Date: Tue, Mar 12, 2024\nSubject: Help\nTo: tom@acme.example\n\nThe parcel is broken.\n"
    )

    spoke = said(b"From: tom@acme.example\nSubject: Fwd: Help", text)

    assert (spoke.author, spoke.address, spoke.text) == (Author.CUSTOMER, "anna@lowe.example", "The parcel is broken.")


def test_an_answer_of_the_team_with_the_customers_mail_below_is_the_teams() -> None:
    text = b"We are on it.\n\nFrom: Anna <anna@lowe.example>\nSent: Tuesday\nTo: Tom\nSubject: Help\n\nBroken.\n"

    assert said(b"From: tom@acme.example\nSubject: RE: Help", text).author is Author.STAFF


def test_mailing_lists_are_skipped_only_where_the_connection_says_so() -> None:
    head = b"From: anna@lowe.example\nList-Id: <x.example>"

    assert said(head).skipped is None
    assert said(head, team=Team(skip_lists=True)).skipped == "list"


def test_a_mail_without_a_readable_sender_is_a_customers() -> None:
    spoke = said(b"From: undisclosed")

    assert (spoke.author, spoke.address) == (Author.CUSTOMER, None)


def test_more_than_ten_mails_in_ten_minutes_are_a_storm() -> None:
    assert not is_storm([1000.0 + n for n in range(10)], 1100.0)
    assert is_storm([1000.0 + n for n in range(11)], 1100.0)
    assert not is_storm([1000.0 + n for n in range(11)], 1700.0)
