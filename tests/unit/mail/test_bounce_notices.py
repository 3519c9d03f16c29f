from datetime import UTC, datetime

import pytest

from camd.domain.inbound import BounceKind, InboundClass
from camd.mail.bounces import read_bounce
from camd.mail.parse import parse
from camd.mail.parsed import Parsed
from camd.ports.inbox import RawMessage, Reading

AT = datetime(2026, 8, 5, 9, 30, tzinfo=UTC)
HARD, SOFT, DELAYED = InboundClass.HARD_BOUNCE, InboundClass.SOFT_BOUNCE, InboundClass.DELAYED
OTHER = BounceKind.OTHER
OUR_ID = "k3v9.touch.77@sender.example"


def parsed(text: str) -> Parsed:
    raw = text.lstrip("\n").replace("\n", "\r\n").encode()
    return parse(RawMessage(raw, len(raw), AT))


def bounce(text: str) -> Reading:
    reading = read_bounce(parsed(text))
    assert reading is not None
    return reading


NOTICES = {
    "qmail": (
        """
Return-Path: <>
From: MAILER-DAEMON@mail.receiver.example
To: ann@sender.example
Subject: failure notice

Hi. This is the qmail-send program at mail.receiver.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<bob@receiver.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <ann@sender.example>
Message-ID: <k3v9.touch.77@sender.example>
Subject: 4.2.2 reasons to call
""",
        (HARD, BounceKind.HARD, "5.1.1"),
    ),
    "exim": (
        """
Return-path: <>
X-Failed-Recipients: bob@receiver.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@smarthost.example>
To: ann@sender.example
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  bob@receiver.example
    host mx.receiver.example [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<bob@receiver.example>:
    550 Unknown user

------ This is a copy of the message, including all the headers. ------

Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, None),
    ),
    "exim delay": (
        """
Return-path: <>
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@smarthost.example>
To: ann@sender.example
Subject: Warning: message 1rX2-0004 delayed 24 hours

This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on smarthost.example.

The message identifier is: 1rX2-0004
The address to which the message has not yet been delivered is:

  bob@receiver.example

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals.
Message-ID: <k3v9.touch.77@sender.example>
""",
        (DELAYED, None, None),
    ),
    "yahoo": (
        """
From: MAILER-DAEMON@yahoo.com
To: ann@sender.example
Subject: Failure Notice

Sorry, we were unable to deliver your message to the following address.

<bob@receiver.example>:
554: delivery error: dd This user doesn't have a yahoo.com account (bob@receiver.example) [0] - mta4126.mail

--- Below this line is a copy of the message.

Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, None),
    ),
    "exchange of old": (
        """
From: System Administrator <postmaster@receiver.example>
To: ann@sender.example
Subject: Undeliverable: An idea for you

Your message

  To:      bob@receiver.example
  Subject: An idea for you
  Sent:    Wed, 5 Aug 2026 11:30:00 +0200

did not reach the following recipient(s):

bob@receiver.example on Wed, 5 Aug 2026 11:30:05 +0200
    The e-mail account does not exist at the organization this message was sent to.
    <mx.receiver.example #5.1.1>
Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, "5.1.1"),
    ),
    "microsoft 365 in HTML only": (
        """
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@receiver.example>
To: ann@sender.example
Subject: Unzustellbar: Eine Idee
Content-Type: text/html; charset=utf-8

<html><body><p>Ihre Nachricht an bob@receiver.example konnte nicht zugestellt werden.</p>
<p>bob wurde in receiver.example nicht gefunden.</p>
<p>Diagnoseinformationen f&uuml;r Administratoren:</p>
<p>Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'</p>
<p>Urspr&uuml;ngliche Nachrichtenkopfzeilen:</p>
<pre>Message-ID: &lt;k3v9.touch.77@sender.example&gt;</pre></body></html>
""",
        (HARD, BounceKind.HARD, "5.1.10"),
    ),
    "google": (
        """
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: ann@sender.example
X-Failed-Recipients: bob@receiver.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)

** Address not found **

Your message wasn't delivered to bob@receiver.example because the address couldn't be found, or is unable to
receive mail.

The response was:

550 5.1.1 The email account that you tried to reach does not exist.
Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, "5.1.1"),
    ),
    "google delay": (
        """
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: ann@sender.example
X-Failed-Recipients: bob@receiver.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Delay)

** Delivery incomplete **

There was a temporary problem delivering your message to bob@receiver.example. Gmail will retry for 47 more hours.
Message-ID: <k3v9.touch.77@sender.example>
""",
        (DELAYED, None, None),
    ),
    "domino": (
        """
From: Postmaster@receiver.example
To: ann@sender.example
Subject: DELIVERY FAILURE: User bob (bob@receiver.example) not listed in Domino Directory

Your message

  Subject: An idea for you

was not delivered to:

  bob@receiver.example

because:

  User bob (bob@receiver.example) not listed in Domino Directory
Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, None),
    ),
    "groupwise": (
        """
From: Mailer-Daemon@receiver.example
To: ann@sender.example
Subject: Mail System Error - Returned Mail

The attached file had the following undeliverable recipient(s):
   bob@receiver.example
Transcript of session follows:
Command: RCPT TO:<bob@receiver.example>
Response: 550 bob@receiver.example... User unknown
Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, None),
    ),
    "barracuda": (
        """
From: postmaster@receiver.example
To: ann@sender.example
Subject: **Message you sent blocked by our bulk email filter**

Your message to: bob@receiver.example
was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:
Subject: An idea for you
Message-ID: <k3v9.touch.77@sender.example>
""",
        (SOFT, BounceKind.SENDER_TROUBLE, None),
    ),
    "full": (
        """
Return-Path: <>
From: "Mail Administrator" <Postmaster@receiver.example>
To: ann@sender.example
Subject: Mail System Error - Returned Mail

This Message was undeliverable due to the following reason:
The user(s) account is temporarily over quota. bob@receiver.example
Message-ID: <k3v9.touch.77@sender.example>
""",
        (SOFT, BounceKind.SOFT, None),
    ),
    "mail.ru": (
        """
From: mailer-daemon@corp.mail.ru
To: ann@sender.example
Subject: Mail failure.

This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients:
  bob@receiver.example
    SMTP error from remote mail server: 550 Message was not accepted -- invalid mailbox.
    Local mailbox bob@receiver.example is unavailable: user not found
Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, None),
    ),
    "qq": (
        """
From: PostMaster@qq.com
To: ann@sender.example
Subject: =?utf-8?b?6YCA5L+hL0JvdW5jZQ==?=
Content-Type: text/plain; charset=utf-8

很抱歉您发送的邮件被退回
无法发送到 bob@receiver.example
退信原因: 收件人邮件地址(bob@receiver.example)不存在,邮件无法送达。
host mx.receiver.example said: 550 Mailbox not found
Message-ID: <k3v9.touch.77@sender.example>
""",
        (HARD, BounceKind.HARD, None),
    ),
    "mdaemon": (
        """
From: MDaemon@receiver.example
To: ann@sender.example
Subject: [MDaemon] Transient Delivery Failure

The attached message had TRANSIENT delivery errors (see transcript below) for bob@receiver.example.
The message will be retried.
Message-ID: <k3v9.touch.77@sender.example>
""",
        (DELAYED, None, None),
    ),
}


@pytest.mark.parametrize("name", NOTICES)
def test_notices_without_a_report_are_read_by_their_words(name: str) -> None:
    text, (expected, kind, code) = NOTICES[name]
    reading = bounce(text)
    [report] = reading.reports
    assert (reading.kind, report.code, report.recipient) == (expected, code, "bob@receiver.example")
    assert kind is None or report.kind is kind
    assert report.message_ids == (OUR_ID,)
    assert "@" not in reading.evidence


EXCHANGE = {
    "de": ("Unzustellbar: Eine Idee", "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:"),
    "fr": ("Non remis : Une idée", "Échec de la remise pour ces destinataires ou groupes :"),
    "es": ("No se puede entregar: Una idea", "No se pudo entregar el mensaje a estos destinatarios o grupos:"),
    "it": ("Non recapitabile: Un'idea", "Recapito non riuscito per i seguenti destinatari o gruppi:"),
    "pt": ("Não é possível entregar: Uma ideia", "Falha na entrega a estes destinatários ou grupos:"),
    "nl": ("Onbestelbaar: Een idee", "Het bezorgen aan deze geadresseerden of groepen is mislukt:"),
    "sv": ("Kan inte levereras: En idé", "Det gick inte att leverera till följande mottagare eller grupper:"),
    "pl": ("Niedostarczalne: Pomysł", "Dostarczenie do następujących adresatów lub grup nie powiodło się:"),
    "ja": ("配信不能: ご提案", "次の受信者またはグループへの配信に失敗しました:"),
}


@pytest.mark.parametrize("language", EXCHANGE)
def test_exchange_without_a_report_is_read_in_its_languages(language: str) -> None:
    subject, says = EXCHANGE[language]
    head = "From: postmaster@receiver.example\nTo: ann@sender.example\nContent-Type: text/plain; charset=utf-8"
    text = (
        f"{head}\nSubject: {subject}\n\n{says}\n\nbob@receiver.example\n\nRemote Server returned '550 5.1.1 unknown'\n"
    )
    assert bounce(text).kind is HARD
    without_a_code = f"{head}\nSubject: {subject}\n\n{says}\n\nbob@receiver.example\n"
    assert bounce(without_a_code).kind is SOFT


LATE = {
    "en": "Delivery delayed: An idea",
    "de": "Zustellung verzögert: Eine Idee",
    "fr": "Remise différée : Une idée",
    "es": "Entrega retrasada: Una idea",
    "it": "Consegna ritardata: Un'idea",
    "pt": "Entrega atrasada: Uma ideia",
    "nl": "Bezorging vertraagd: Een idee",
    "sv": "Leveransen är försenad: En idé",
    "pl": "Dostarczanie opóźnione: Pomysł",
    "ja": "配信の遅延: ご提案",
}


@pytest.mark.parametrize("language", LATE)
def test_a_late_mail_is_no_failed_one(language: str) -> None:
    head = "Return-Path: <>\nFrom: postmaster@receiver.example\nTo: ann@sender.example"
    text = f"{head}\nSubject: {LATE[language]}\nContent-Type: text/plain; charset=utf-8\n\nbob@receiver.example\n"
    assert bounce(text).kind is DELAYED


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Subject: Re: An idea", "Your message could not be delivered to my boss: 550 5.1.1 user unknown. Use mine."),
        ("Subject: Delivery problems", "We had delivery failures last week, could you call me?"),
        ("Subject: Fwd: Undeliverable: An idea", "FYI\n\nDelivery has failed to these recipients"),
        ("Subject: Automatic reply: An idea\nReturn-Path: <>", "I have left. Your message was not delivered."),
        ("Subject: Abwesenheit\nReturn-Path: <>", "Ich bin bis 14.08. nicht im Büro."),
        ("Subject: We got your mail\nAuto-Submitted: auto-replied", "Your message has been received."),
    ],
)
def test_people_and_their_notes_are_no_bounces(head: str, body: str) -> None:
    text = f"From: Bob <bob@receiver.example>\n{head}\nTo: ann@sender.example\n"
    assert read_bounce(parsed(f"{text}Content-Type: text/plain; charset=utf-8\n\n{body}\n")) is None


def test_a_postmaster_who_answers_is_a_person() -> None:
    text = "From: Postmaster <postmaster@receiver.example>\nSubject: Re: An idea\n\nYes please, call me. Bob\n"
    assert read_bounce(parsed(text)) is None


RECEIPT = "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\nReturn-Path: <>"


@pytest.mark.parametrize(
    ("head", "body", "kind"),
    [
        (
            "From: postmaster@x.example\nSubject: Undeliverable: An idea",
            "Delivery has failed to these recipients or groups:\n\nThe email address you entered couldn't be found.",
            BounceKind.HARD,
        ),
        (
            "From: MAILER-DAEMON (Mail Delivery Subsystem)\nSubject: Returned mail: see transcript for details",
            "----- The following addresses had permanent fatal errors -----\n(reason: 550 5.1.1 User unknown)",
            BounceKind.HARD,
        ),
        (
            "From: noreply@x.example\nSubject: Message not delivered to a recipient",
            "Your message was rejected. 550 5.7.1 Blocked by policy",
            BounceKind.SENDER_TROUBLE,
        ),
        ("From: <>\nSubject: Mail delivery failed", "could not deliver", OTHER),
        (
            f"From: postmaster@x.example\nSubject: Automatically rejected mail\n{RECEIPT}\n\n--b",
            "Your message to <bob@receiver.example> was automatically rejected:\nQuota exceeded\n--b--",
            BounceKind.SOFT,
        ),
        (
            "From: no-reply@x.example\nSubject: [Postmaster] Email Delivery Failure",
            "The message you sent to bob@receiver.example was rejected: 550 Invalid Recipient",
            BounceKind.HARD,
        ),
        (
            "From: Mail Delivery System <MAILER-DAEMON@web.example>\nSubject: Mail delivery failed",
            "The following address failed:\nbob: reason: 550 Requested action not taken: mailbox unavailable",
            OTHER,
        ),
        (
            "Return-Path: <>\nFrom: Bob <bob@receiver.example>\nSubject: Re: An idea",
            "Your message to bob@receiver.example could not be delivered. The mailbox is full.",
            BounceKind.SOFT,
        ),
        (
            "From: MDaemon at x <MDaemon@x.example>\nSubject: Permanent Delivery Failure",
            "--> RCPT To:<bob@receiver.example>\n<-- 550 <bob@receiver.example>, Recipient unknown",
            BounceKind.HARD,
        ),
        ("From: postmaster@x.example\nSubject: Notifica di stato di recapito (errore)", "bob@x.example", OTHER),
        ("From: bob@x.example\nSubject: Mail failure", "Hi. This is the mailer. 550 5.1.1 unknown", BounceKind.HARD),
    ],
)
def test_forms_of_bounces_in_plain_text(head: str, body: str, kind: BounceKind) -> None:
    reading = bounce(f"To: ann@sender.example\n{head}\n\n{body}\n")
    assert reading.kind is (HARD if kind is BounceKind.HARD else SOFT)
    assert reading.reports[0].kind is kind


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Warning: could not send message for past 4 hours", "** THIS IS A WARNING MESSAGE ONLY **"),
        ("Delayed Mail (still being retried)", "Your message could not be delivered for more than 4 hour(s)."),
        ("Delivery Status Notification (Delay)", "This is a Delivery Status Notification."),
        ("Mail System", "Your message has not been delivered yet. Delivery attempts will continue."),
    ],
)
def test_forms_of_warnings_in_plain_text(subject: str, body: str) -> None:
    text = f"From: MAILER-DAEMON@x.example\nSubject: {subject}\nTo: ann@sender.example\n\n{body}\n"
    assert bounce(text).kind is DELAYED


def test_the_recipient_is_read_where_the_format_has_it() -> None:
    text = NOTICES["qmail"][0].replace("I'm afraid", "Write to help@receiver.example. I'm afraid")
    assert bounce(text).reports[0].recipient == "bob@receiver.example"


def test_a_daemon_that_says_nothing_known_is_still_a_bounce_and_never_a_hard_one() -> None:
    reading = bounce("From: Mailer-Daemon <mailer-daemon@receiver.example>\nSubject: An idea\n\nQx.\n")
    assert (reading.kind, reading.reports[0].kind) == (SOFT, OTHER)


@pytest.mark.parametrize(
    "copy", ["--- Below this line is a copy of the message.", "------ This is a copy of the message ------"]
)
def test_what_our_own_mail_asks_for_makes_no_challenge_of_its_bounce(copy: str) -> None:
    body = (
        "A message that you sent could not be delivered. The following address failed:\n\nbob@receiver.example\n"
        f"No such user here\n\n{copy}\n\nSubject: An idea\n\nReply with the word stop. Click here: https://x.example"
    )
    text = (
        f"Auto-Submitted: auto-replied\nFrom: {{}}\nSubject: Mail delivery failed\nTo: ann@sender.example\n\n{body}\n"
    )
    for sender in ("Mail Delivery System <mailer-daemon@x.example>", "robot@x.example"):
        assert bounce(text.format(sender)).kind is HARD


def test_a_daemon_that_reports_a_failure_asks_for_nothing() -> None:
    body = "Your message could not be delivered. Click here to have your message delivered: https://x.example"
    assert bounce(f"From: MAILER-DAEMON@x.example\nSubject: Delivery failure\n\n{body}\n").kind is SOFT
