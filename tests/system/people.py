"""Fifty people who are written to: where their mail goes, what comes back from them, and how each of them ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from itertools import chain, count, zip_longest

from camd.domain.inbound import InboundClass
from camd.domain.lead import HoldReason, LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason
from tests.system.mail_site import SENDER, Place

STEPS = 3
AWAY = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Mail:
    """What somebody sends back. `{back}` in its text is a day ten days ahead; our mail stands below it as a quote."""

    text: str
    introduction: str = "On Monday sales@us.example wrote:"
    subject: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    charset: str = "utf-8"
    is_html: bool = False
    quotes: bool = True
    is_threaded: bool = True
    sender: str | None = None
    """Another address than the one that was written to."""


@dataclass(frozen=True, slots=True)
class Click:
    """One click on the way out that the mail names (RFC 8058)."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How a lead ends. `kinds` are the classes of all that came from them, in any order."""

    status: LeadStatus = LeadStatus.CONTACTED
    reason: LostReason | None = None
    holds: frozenset[HoldReason] = frozenset()
    suppressed: SuppressionReason | None = None
    kinds: tuple[InboundClass, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """`answers` are by the step to which they come; who has the higher `score` is written to first."""

    address: str
    fate: Fate
    answers: Mapping[int, Mail | Click] = field(default_factory=dict)
    place: Place = Place.NEAR
    score: float = 0.5
    last_step: int = STEPS
    """The one after which nobody may write to them."""

    @property
    def name(self) -> str:
        return self.address.partition("@")[0]

    @property
    def is_there(self) -> bool:
        return self.place in (Place.NEAR, Place.LEAVES)


SILENT = Fate()
POSITIVE = Fate(LeadStatus.QUALIFIED, kinds=(InboundClass.HUMAN_POSITIVE,))
NEUTRAL = Fate(LeadStatus.REPLIED, kinds=(InboundClass.HUMAN_NEUTRAL,))
NEGATIVE = Fate(LeadStatus.LOST, LostReason.NEGATIVE_REPLY, kinds=(InboundClass.HUMAN_NEGATIVE,))
MACHINE = Fate(kinds=(InboundClass.AUTO_REPLY,))
ABSENT = Fate(holds=frozenset({HoldReason.OUT_OF_OFFICE}), kinds=(InboundClass.OUT_OF_OFFICE,))
BOUNCED = Fate(
    LeadStatus.LOST,
    LostReason.BOUNCED,
    suppressed=SuppressionReason.HARD_BOUNCE,
    kinds=(InboundClass.HARD_BOUNCE,),
)
FULL = Fate(holds=frozenset({HoldReason.SOFT_BOUNCES}), kinds=(InboundClass.SOFT_BOUNCE,) * STEPS)
CLICKED = Fate(LeadStatus.LOST, LostReason.OPTED_OUT, suppressed=SuppressionReason.OPTED_OUT)
OPTED_OUT = replace(CLICKED, kinds=(InboundClass.OPT_OUT_REQUEST,))
COLLEAGUE = Fate(holds=frozenset({HoldReason.COMPANY_REPLIED}))

_AUTOMATIC = {"Auto-Submitted": "auto-replied"}
_GERMAN = "Am Montag schrieb sales@us.example:"
_FRENCH = "Le lundi, sales@us.example a écrit :"

_ANSWERS: Sequence[tuple[int, Fate, Mail]] = (
    (1, POSITIVE, Mail("Yes, this sounds interesting. Could you call me on Thursday?\n\nGrace")),
    (
        1,
        POSITIVE,
        Mail("Guten Tag,\n\ndas klingt interessant. Können wir nächste Woche telefonieren?\n\nGrüße\nJörg", _GERMAN),
    ),
    (2, POSITIVE, Mail("Bonjour,\n\ncela m'intéresse, pouvez-vous m'appeler demain ?", _FRENCH, charset="iso-8859-1")),
    (
        1,
        POSITIVE,
        Mail("Sí, me interesa. ¿Podemos hablar el jueves?", "El lunes, sales@us.example escribió:", is_html=True),
    ),
    (
        3,
        POSITIVE,
        Mail("Buongiorno,\nsono interessato, mi mandi pure maggiori informazioni.", "Il lunedì sales ha scritto:"),
    ),
    (
        1,
        POSITIVE,
        Mail(
            "お世話になっております。\nぜひ詳しいお話を伺いたいです。",
            "月曜日、sales さんは書きました:",
            charset="iso-2022-jp",
        ),
    ),
    (1, NEGATIVE, Mail("No thanks, we are not interested.\n\n-- \nBob\nFirm Ltd.")),
    (1, NEGATIVE, Mail("Nein danke, wir haben kein Interesse.", _GERMAN)),
    (2, NEGATIVE, Mail("Merci, mais cela ne nous intéresse pas.", _FRENCH)),
    (1, NEGATIVE, Mail("Nee, bedankt, wij hebben geen interesse.", "Op maandag schreef sales@us.example:")),
    (3, NEGATIVE, Mail("Dziękuję, nie jesteśmy zainteresowani.", "W poniedziałek sales@us.example napisał:")),
    (1, NEUTRAL, Mail("Who gave you my address?")),
    (2, NEUTRAL, Mail("Woher haben Sie meine Adresse?", _GERMAN)),
    (1, NEUTRAL, Mail("Vem har gett er min adress?", "Den måndag skrev sales@us.example:")),
    (1, NEUTRAL, Mail("Quem lhe deu o meu contacto?", "Na segunda-feira, sales@us.example escreveu:")),
    (1, POSITIVE, Mail("Please call me tomorrow, I would like to hear more.", sender="assistant@elsewhere.example")),
    (1, POSITIVE, Mail("Please send me your prices.", subject="Your mail", quotes=False, is_threaded=False)),
    (
        1,
        MACHINE,
        Mail(
            "Thank you for your message. We have received it and answer within two working days.",
            subject="We have received your message",
            headers=_AUTOMATIC,
            quotes=False,
        ),
    ),
    (
        1,
        MACHINE,
        Mail(
            "Vielen Dank für Ihre Nachricht. Ihre Anfrage wurde unter der Nummer 4711 erfasst.",
            subject="[#4711] Ihre Anfrage",
            headers={**_AUTOMATIC, "Precedence": "bulk"},
        ),
    ),
    (
        1,
        MACHINE,
        Mail(
            "Hemos recibido su mensaje. Gracias.",
            subject="Respuesta automática",
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
            quotes=False,
        ),
    ),
    (2, MACHINE, Mail("Nous avons bien reçu votre message.", subject="Accusé de réception", headers=_AUTOMATIC)),
    (
        1,
        ABSENT,
        Mail(
            "I am out of the office until {back}. In urgent cases call my colleague.",
            subject="Automatic reply: out of office",
            headers=_AUTOMATIC,
            quotes=False,
        ),
    ),
    (
        1,
        ABSENT,
        Mail("Ich bin bis zum {back} nicht im Büro.", subject="Abwesenheitsnotiz", headers=_AUTOMATIC, quotes=False),
    ),
    (
        2,
        ABSENT,
        Mail(
            "Je suis absente du bureau jusqu'au {back}.",
            subject="Réponse automatique : absence",
            headers={"X-Autoreply": "yes", "Precedence": "junk"},
            quotes=False,
        ),
    ),
    (
        1,
        ABSENT,
        Mail("Sono fuori ufficio fino al {back}.", subject="Risposta automatica", headers=_AUTOMATIC, quotes=False),
    ),
    (1, OPTED_OUT, Mail("", subject="unsubscribe", quotes=False, is_threaded=False)),
    (1, OPTED_OUT, Mail("Please remove me from your list.")),
    (1, OPTED_OUT, Mail("Bitte nehmen Sie mich aus Ihrem Verteiler.", _GERMAN)),
    (2, OPTED_OUT, Mail("Abmelden", _GERMAN)),
)
_CLICKS = (1, 1, 2, 3)
_SILENT_ONES = 11


def fifty() -> list[Person]:
    """Those who say nothing stand between the others: of the first ten, never more than half are lost at once."""
    numbers = count(1)
    quiet = [_person(numbers, SILENT) for _ in range(_SILENT_ONES)]
    answering = [_person(numbers, fate, {step: mail}) for step, fate, mail in _ANSWERS]
    clicking = [_person(numbers, CLICKED, {step: Click()}) for step in _CLICKS]
    mixed = [one for one in chain(*zip_longest(answering, quiet, clicking)) if one is not None]
    return [*_at_one_company(numbers), *mixed, *_returned(numbers)]


def a_few() -> list[Person]:
    """One of each that follow-ups must not reach, and one that they must."""
    numbers = count(1)
    wanted = (POSITIVE, NEGATIVE, OPTED_OUT)
    firsts = [next(mail for step, each, mail in _ANSWERS if each == fate and step == 1) for fate in wanted]
    answering = [_person(numbers, fate, {1: mail}) for fate, mail in zip(wanted, firsts, strict=True)]
    return [*answering, _person(numbers, SILENT)]


def _person(numbers: Iterator[int], fate: Fate, answers: Mapping[int, Mail | Click] | None = None) -> Person:
    """At a company of their own."""
    number = next(numbers)
    is_over = fate not in (SILENT, MACHINE)
    last_step = min(answers) if answers and is_over else STEPS
    return Person(f"p{number:02}@c{number:02}.example", fate, answers or {}, last_step=last_step)


def _at_one_company(numbers: Iterator[int]) -> list[Person]:
    """The one answers to the second mail, and then nobody writes to the other. They come first: a kill close by could
    leave the one without that mail."""
    number = next(numbers)
    speaks = Person(
        f"p{number:02}@c{number:02}.example", POSITIVE, {2: Mail("Yes please, send us an offer.")}, last_step=2
    )
    return [speaks, Person(f"q{number:02}@c{number:02}.example", COLLEAGUE, last_step=1)]


def _returned(numbers: Iterator[int]) -> list[Person]:
    """Whose mail comes back: written to last, since more than one such in twenty mails stops the mailbox for a day."""
    ends = ((Place.UNKNOWN, BOUNCED, 1), (Place.REFUSED, BOUNCED, 1), (Place.LEAVES, BOUNCED, 2), (Place.FULL, FULL, 3))
    return [
        replace(_person(numbers, fate), place=place, score=0.1, last_step=last_step) for place, fate, last_step in ends
    ]


def written_back(mail: Mail, person: Person, ours: EmailMessage, now: datetime) -> EmailMessage:
    """Their mail in answer to ours, with everything a mail program adds."""
    message = EmailMessage()
    message["From"] = mail.sender or person.address
    message["To"] = SENDER
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=person.address.partition("@")[2])
    message["Subject"] = mail.subject if mail.subject is not None else f"Re: {ours['Subject']}"
    if mail.is_threaded:
        message["In-Reply-To"] = message["References"] = ours["Message-ID"]
    for name, value in mail.headers.items():
        message[name] = value
    text = mail.text.replace("{back}", (now + AWAY).strftime("%d.%m.%Y"))
    quoted = ours.get_content().splitlines() if mail.quotes else []
    if mail.is_html:
        cited = "<br>".join(quoted)
        message.set_content(
            f"<p>{text}</p><p>{mail.introduction}</p><blockquote type='cite'>{cited}</blockquote>",
            subtype="html",
            charset=mail.charset,
        )
    else:
        below = [mail.introduction, *(f"> {line}" for line in quoted)] if quoted else []
        message.set_content("\n".join([text, "", *below]), charset=mail.charset)
    return message
