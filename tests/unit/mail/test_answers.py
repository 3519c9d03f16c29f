import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.inbound import InboundClass
from camd.mail.answer_phrases import vocabularies
from camd.mail.answer_text import LOOKED_AT
from camd.mail.answers import judge

OURS = "Re: A quicker way to plan routes"
CASES = Path(__file__).parent / "answers"
"""A file for each language: a section for each reading, a message a line, ` / ` for the end of one."""


def messages(section: str) -> Sequence[object]:
    return [
        pytest.param(line.replace(" / ", "\n"), id=f"{path.stem}: {line[:60]}")
        for path in sorted(CASES.glob("*.txt"))
        for line in path.read_text("utf-8").partition(f"[{section}]\n")[2].partition("\n\n")[0].splitlines()
    ]


def full_width(words: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) if each.isalpha() else each for each in words)


@pytest.mark.parametrize("words", messages("opt out"))
def test_an_opt_out_is_not_missed(words: str) -> None:
    assert judge(OURS, words).kind is InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize("words", messages("not opt out"))
def test_an_opt_out_is_not_invented(words: str) -> None:
    assert judge(OURS, words).kind is not InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize("words", messages("positive"))
def test_interest_is_positive(words: str) -> None:
    assert judge(OURS, words).kind is InboundClass.HUMAN_POSITIVE


@pytest.mark.parametrize("words", messages("negative"))
def test_a_refusal_is_negative(words: str) -> None:
    assert judge(OURS, words).kind is InboundClass.HUMAN_NEGATIVE


@pytest.mark.parametrize("words", messages("neutral"))
def test_a_question_and_a_later_are_neutral(words: str) -> None:
    reading = judge(OURS, words)
    assert (reading.kind, reading.is_doubtful) == (InboundClass.HUMAN_NEUTRAL, False)


@pytest.mark.parametrize("words", messages("doubtful"))
def test_what_only_hints_and_what_contradicts_itself_is_for_a_person(words: str) -> None:
    reading = judge(OURS, words)
    assert (reading.kind, reading.is_doubtful) == (InboundClass.HUMAN_NEUTRAL, True)


@pytest.mark.parametrize(
    "subject",
    [
        "unsubscribe",
        "Unsubscribe",
        "UNSUBSCRIBE ME",
        "Re: unsubscribe",
        "AW: Abmelden",
        "Re: [EXT] Re: STOP",
        "unsubsribe",
        "Please remove me from your list",
        "Abmeldung vom Newsletter",
        "désinscription",
        "Baja",
        "cancellami",
        "afmelden",
        "rezygnuję",
        "配信停止",
        "返信: 配信停止",
    ],
)
def test_an_opt_out_is_read_from_the_subject_alone(subject: str) -> None:
    assert judge(subject, "").kind is InboundClass.OPT_OUT_REQUEST
    assert judge(subject, "\n  \nSent by a program that adds a line.\n").kind is InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize(
    "subject", ["RE: please take me off your list", "AW: Bitte löschen Sie meine Adresse", "TR: ne m'écrivez plus"]
)
def test_an_opt_out_for_oneself_in_the_subject_of_a_reply_without_words_counts(subject: str) -> None:
    assert judge(subject, "").kind is InboundClass.OPT_OUT_REQUEST
    assert judge(subject, "What is this?").kind is InboundClass.HUMAN_NEUTRAL


@pytest.mark.parametrize(
    "subject", ["Re: Stop sending offers that nobody reads", "AW: Are you interested?", "Re: Yes!", "Re: Stop, look"]
)
def test_the_subject_of_a_reply_is_our_own(subject: str) -> None:
    assert judge(subject, "").kind is InboundClass.HUMAN_NEUTRAL


def test_a_reply_to_a_subject_that_reads_as_an_opt_out_and_shows_interest_is_for_a_person() -> None:
    reading = judge("Re: Stop!", "Please send me a quote")
    assert (reading.kind, reading.is_doubtful) == (InboundClass.HUMAN_NEUTRAL, True)
    assert judge("Re: Stop!", "Not interested").kind is InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Not interested", InboundClass.HUMAN_NEGATIVE),
        ("Please call me", InboundClass.HUMAN_POSITIVE),
        ("Keine weiteren E-Mails", InboundClass.OPT_OUT_REQUEST),
        ("", InboundClass.HUMAN_NEUTRAL),
    ],
)
def test_a_subject_of_their_own_is_read_where_nothing_else_was_written(subject: str, kind: InboundClass) -> None:
    assert judge(subject, "").kind is kind


@pytest.mark.parametrize("words", ["I\u2019m not interested", "I'm not interested", "Im not interested"])
def test_apostrophes_of_any_kind_and_none_read_alike(words: str) -> None:
    assert judge(OURS, words).kind is InboundClass.HUMAN_NEGATIVE
    assert judge(OURS, words.replace("not", "n\u2019t")).kind is not InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize(
    "words",
    ["PLEASE REMOVE ME", "pléase rémove mé", full_width("please remove me"), "please\u00a0re\u00admove\u200b me"],
)
def test_case_accents_width_and_what_is_invisible_do_not_matter(words: str) -> None:
    assert judge(OURS, words).kind is InboundClass.OPT_OUT_REQUEST


def test_an_opt_out_wins_over_interest_and_tells_of_it() -> None:
    reading = judge(OURS, "I would love to have a demo.\n\nBut please remove this address from your list.")
    assert (reading.kind, reading.is_doubtful) == (InboundClass.OPT_OUT_REQUEST, True)


def test_an_opt_out_broken_over_two_lines_is_found() -> None:
    assert judge(OURS, "Ne me contactez\nplus").kind is InboundClass.OPT_OUT_REQUEST
    assert judge(OURS, "今後は送らな\nいでください").kind is InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize(
    "fine_print",
    [
        "If you are not the intended recipient, please delete this email and notify the sender. Do not contact us.",
        "If you no longer wish to receive our newsletter, unsubscribe here.",
        "Falls Sie diese E-Mail irrtümlich erhalten haben, löschen Sie bitte Ihre Kopie aus Ihrem System.",
        "Si vous avez reçu ce message par erreur, supprimez le mail de votre base.",
    ],
)
def test_the_fine_print_below_an_answer_asks_for_nothing(fine_print: str) -> None:
    assert judge(OURS, f"Yes, call me.\n\n{fine_print}").kind is InboundClass.HUMAN_POSITIVE


def test_a_request_before_the_fine_print_of_the_same_paragraph_counts() -> None:
    words = "Please remove me. If you are not the intended recipient, delete this email."
    assert judge(OURS, words).kind is InboundClass.OPT_OUT_REQUEST


def test_a_link_and_an_address_are_no_words() -> None:
    reading = judge(OURS, "See https://example.com/unsubscribe?stop and write to unsubscribe@example.com")
    assert reading.kind is not InboundClass.OPT_OUT_REQUEST


def test_a_mention_is_a_request_in_a_short_message_and_a_hint_in_a_long_one() -> None:
    assert judge(OURS, "unsubscribing bob smith").kind is InboundClass.OPT_OUT_REQUEST
    reading = judge(OURS, "In the year before last we wrote an article about unsubscribing that went round the world.")
    assert (reading.kind, reading.is_doubtful) == (InboundClass.HUMAN_NEUTRAL, True)


@pytest.mark.parametrize(
    ("picture", "kind"),
    [
        ("\N{THUMBS UP SIGN}", InboundClass.HUMAN_POSITIVE),
        ("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-3}", InboundClass.HUMAN_POSITIVE),
        ("\N{THUMBS DOWN SIGN}", InboundClass.HUMAN_NEGATIVE),
        ("\N{NO ENTRY SIGN}", InboundClass.HUMAN_NEUTRAL),
    ],
)
def test_a_picture_alone_is_doubtful(picture: str, kind: InboundClass) -> None:
    reading = judge(OURS, picture)
    assert (reading.kind, reading.is_doubtful) == (kind, True)


def test_a_picture_beside_words_says_nothing() -> None:
    assert judge(OURS, "Not interested \N{THUMBS UP SIGN}").kind is InboundClass.HUMAN_NEGATIVE


@pytest.mark.parametrize(
    ("words", "evidence"),
    [
        ("Bitte abmelden", 'opt-out: "abmelden" (de)'),
        ("No budget, sorry", 'refusal: "no budget" (en)'),
        ("How did you get my address?", 'hint at an opt-out: "how did you get my address" (en)'),
        ("No budget. Call me", 'interest: "call me" (en), but refusal: "no budget" (en)'),
        ("The sky is blue", "no rule knows these words"),
        (" \n ", "nothing was written"),
    ],
)
def test_the_evidence_names_rule_word_and_language(words: str, evidence: str) -> None:
    assert judge(OURS, words).evidence == evidence


def test_the_evidence_holds_no_address() -> None:
    assert "@" not in judge(OURS, "Please remove jane.doe@example.com from your list").evidence


def test_what_lies_far_down_is_not_looked_at() -> None:
    assert judge(OURS, "word " * LOOKED_AT + "unsubscribe").evidence == "no rule knows these words"


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "not ",
        "no, ",
        "remove the ",
        "dont want to ",
        "\n",
        "\n \t",
        "配信の",
        "ーア",
        "a@",
        "www.",
        "S ",
        "\ufdfa",
        "re: ",
        "'",
    ],
)
def test_hostile_text_is_judged(piece: str) -> None:
    judge(piece * 100_000, piece * 300_000)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=1500))
def test_any_text_has_a_human_reading(subject: str, words: str) -> None:
    reading = judge(subject, words)
    assert reading.kind in (
        InboundClass.HUMAN_POSITIVE,
        InboundClass.HUMAN_NEGATIVE,
        InboundClass.HUMAN_NEUTRAL,
        InboundClass.OPT_OUT_REQUEST,
    )
    assert reading.evidence


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted(set(re.findall(r"\w+", " ".join(v.opt_outs + v.steps for v in vocabularies()))))),
        max_size=40,
    )
)
def test_any_order_of_known_words_has_a_reading(words: list[str]) -> None:
    assert judge(OURS, " ".join(words)).evidence


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(
        ["Unsubscribe", "Bitte abmelden", "désinscription", "Quiero darme de baja", "配信停止してください", "STOP"]
    ),
    st.sampled_from(["", "Hello,\n\n", "Sehr geehrte Damen und Herren,\n\n", "Hi Tom,\n", "拝啓\n\n"]),
    st.sampled_from(
        ["", "\n\nBest regards\nJohn Smith", "\nThanks!", "\n\nMit freundlichen Grüßen\nA. Meier", " \r\n\r\n"]
    ),
)
def test_greeting_and_closing_hide_no_opt_out(request: str, greeting: str, closing: str) -> None:
    assert judge(OURS, greeting + request + closing).kind is InboundClass.OPT_OUT_REQUEST


@pytest.mark.parametrize("vocabulary", vocabularies(), ids=lambda each: each.language)
def test_every_column_of_every_vocabulary_is_filled(vocabulary: object) -> None:
    for column in (
        "opt_outs",
        "commands",
        "hints",
        "excused",
        "insisted",
        "refusals",
        "steps",
        "revisits",
        "later",
        "noes",
        "yeses",
    ):
        assert getattr(vocabulary, column).strip(), column
