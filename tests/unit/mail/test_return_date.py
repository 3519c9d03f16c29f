from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.mail.return_date import stated_day

ARRIVED = date(2026, 8, 5)
"""A Wednesday."""


def day(month: int, number: int, year: int = 2026) -> date:
    return date(year, month, number)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("I am out of the office until 14 August with limited access to email.", day(8, 14)),
        ("I will be back on 15 August.", day(8, 15)),
        ("I am on leave until Monday, August 17, 2026.", day(8, 17)),
        ("I am out of the office from August 3 to August 17", day(8, 17)),
        ("I will be out of the office August 3-17, 2026", day(8, 17)),
        ("I am away from 3rd to 14th of August inclusive", day(8, 14)),
        ("I'm out of the office from 3 August and will be back on 15 August.", day(8, 15)),
        ("I will not be back until 17 August", day(8, 17)),
        ("I am out of the office starting 08/03/2026 and will not return until 08/17/2026.", day(8, 17)),
        ("AUTO: Ann Lee is out of the office (returning 14.08.2026)", day(8, 14)),
        ("I came back on 20 July; now I'm away again, back on 24 August", day(8, 24)),
        ("I'm on vacation until the end of August", day(8, 31)),
        ("I'll be back in September", day(9, 1)),
        ("I'm back in the office on the 24th", day(8, 24)),
        ("I will be back at my desk Aug 17th, 2026 at 9:00 am", day(8, 17)),
        ("Our office is closed on 14 August", day(8, 14)),
        ("Ich bin bis einschließlich 14.08. nicht im Büro.", day(8, 14)),
        ("Ich bin bis inkl. Freitag, 14. August nicht im Haus", day(8, 14)),
        ("Vom 03.08. bis 17.08.2026 bin ich im Urlaub. Ab dem 18.08. bin ich wieder erreichbar.", day(8, 18)),
        ("Ich bin vom 03.-14.08. im Urlaub.", day(8, 14)),
        ("bin im Urlaub und ab 24. August zurück", day(8, 24)),
        ("Ich kehre am 24. August zurueck.", day(8, 24)),
        ("Ich bin am Montag, 17.08.26, wieder im Büro", day(8, 17)),
        ("Je suis absent du 3 au 17 août. Merci", day(8, 17)),
        ("absent jusqu'au 21 août inclus", day(8, 21)),
        ("Je suis en congés jusqu’au vendredi 21 août et serai de retour lundi 24 août", day(8, 24)),  # noqa: RUF001
        ("Je serai absente jusqu'au 1er septembre", day(9, 1)),
        ("Mon retour est prévu le 24 août.", day(8, 24)),
        ("Estaré fuera de la oficina hasta el 21 de agosto de 2026", day(8, 21)),
        ("Estaré de vacaciones del 3 al 21 de agosto. Vuelvo el lunes 24 de agosto", day(8, 24)),
        ("Atenderé su correo a partir del 24 de agosto", day(8, 24)),
        ("Sarò disponibile a partire dal 2 settembre", day(9, 2)),
        ("Sono assente fino al 21/08 compreso", day(8, 21)),
        ("dal 3 al 21 agosto gli uffici saranno chiusi", day(8, 21)),
        ("Rientro previsto: 24/08/2026", day(8, 24)),
        ("Estarei de férias de 3 a 17 de agosto", day(8, 17)),
        ("Estarei ausente do dia 3 ao dia 14 de agosto", day(8, 14)),
        ("Regresso no dia 24 de agosto", day(8, 24)),
        ("Estarei de férias até 21 de agosto, regressando dia 24.", day(8, 24)),
        ("Je suis en congés et reprends le mardi 18.", day(8, 18)),
        ("Regreso el lunes 17 por la mañana", day(8, 17)),
        ("I'm off today and back in the office tomorrow.", day(8, 6)),
        ("Jag är ledig idag och är tillbaka i morgon.", day(8, 6)),
        ("On leave this week, back at my desk on Monday 10th August.", day(8, 10)),
        ("I'm out today and will reply to your message on Friday.", day(8, 7)),
        ("Out until Fri", day(8, 7)),
        ("Jag är hemma med sjukt barn idag men svarar på fredag.", day(8, 7)),
        ("Back on Monday 9 am", day(8, 10)),
        ("Ik ben op vakantie t/m 21 augustus", day(8, 21)),
        ("Ik ben afwezig tot en met 21 augustus en ben 24 augustus weer op kantoor", day(8, 24)),
        ("terug op 24-8", day(8, 24)),
        ("Jag har semester till och med den 21 augusti", day(8, 21)),
        ("Jag är tillbaka måndag den 24:e augusti", day(8, 24)),
        ("Kontoret är stängt t.o.m. 14/8, åter den 17/8", day(8, 17)),
        ("Jestem na urlopie do 21 sierpnia.", day(8, 21)),
        ("Będę nieobecny w dniach 3-21 sierpnia 2026", day(8, 21)),
        ("Wracam 24 sierpnia 2026 r.", day(8, 24)),
        ("Będę dostępny od 24 sierpnia", day(8, 24)),
        ("8月14日まで休暇をいただいております。", day(8, 14)),
        ("8月10日から8月14日まで夏季休暇のため", day(8, 14)),
        ("8月10日〜14日まで不在です", day(8, 14)),
        ("2026年8月17日から出社します", day(8, 17)),
        ("休暇のため不在にしております。8/17より出社いたします", day(8, 17)),
        ("８月１７日（月）に出社いたします", day(8, 17)),  # noqa: RUF001
        ("Out of office until 2026-08-14", day(8, 14)),
    ],
)
def test_a_note_states_its_day(text: str, stated: date) -> None:
    assert stated_day(text, ARRIVED) == stated


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Back on Monday", day(8, 10)),
        ("Back on Wednesday", day(8, 12)),
        ("I am away until Friday", day(8, 7)),
        ("Am Montag bin ich wieder da", day(8, 10)),
        ("Vuelvo el martes", day(8, 11)),
        ("来週月曜日に出社します", day(8, 10)),
        ("Out of office; I'll be back tomorrow", day(8, 6)),
        ("bin bis morgen unterwegs", day(8, 6)),
        ("de retour demain", day(8, 6)),
        ("明日は不在です", day(8, 6)),
        ("I am out of the office today.", day(8, 5)),
        ("I'll be back next week", day(8, 10)),
        ("I'm out next week", day(8, 16)),
        ("I'm out of the office this week", day(8, 9)),
    ],
)
def test_days_of_the_week_count_from_the_arrival(text: str, stated: date) -> None:
    assert stated_day(text, ARRIVED) == stated


@pytest.mark.parametrize(
    "text",
    [
        "",
        "back on 3 March 2019",
        "I am out until 31 December 2030",
        "I am out until 31 February",
        "Je suis absent à partir du 10 août",
        "I'm on leave from 10 August",
        "Unsere Bürozeiten sind Montag bis Donnerstag",
        "Ich bin im Urlaub. Öffnungszeiten: 8.00-12.00 Uhr",
        "Please call 089/12-34 or +49 30 12.34.56, I am away",
        "We are available 24/7 again",
        "I'm currently out of the office. Our next conference is on 20 September!",
        "Ich bin derzeit nicht erreichbar. Guten Morgen",
        "I left the company on 31 July 2026",
    ],
)
def test_other_days_are_no_day_of_return(text: str) -> None:
    assert stated_day(text, ARRIVED) is None


@pytest.mark.parametrize(
    ("arrived", "text", "stated"),
    [
        (day(12, 28), "I am back on 4 January", day(1, 4, 2027)),
        (day(1, 2), "I was out until 31 December", day(12, 31, 2025)),
        (day(2, 1), "back on 29 February 2028", None),
        (date(2028, 2, 1), "back on 29 February", date(2028, 2, 29)),
    ],
)
def test_a_day_without_a_year_is_the_nearest(arrived: date, text: str, stated: date | None) -> None:
    assert stated_day(text, arrived) == stated


@pytest.mark.parametrize(
    ("text", "stated"), [("until 08/14/2026", day(8, 14)), ("until 14/08", day(8, 14)), ("until 09/08", day(8, 9))]
)
def test_a_slash_is_read_the_way_that_gives_the_next_day(text: str, stated: date) -> None:
    assert stated_day(f"I am out {text}", ARRIVED) == stated


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.integers(0, 300))
def test_any_day_within_a_year_is_read_as_it_is_stated(arrived: date, days: int) -> None:
    stated = arrived + timedelta(days=days)
    assert stated_day(f"Ich bin ab dem {stated:%d.%m.%Y} wieder da.", arrived) == stated
    assert stated_day(f"I am away until {stated.day} {stated:%B}.", arrived) == stated
    assert stated_day(f"{stated.month}月{stated.day}日まで不在です", arrived) == stated


@settings(max_examples=100)
@given(st.text(alphabet="0123456789./-月日 ,:abikmotu'\n", max_size=200))
def test_whatever_a_note_holds_no_day_is_far(text: str) -> None:
    stated = stated_day(f"back on {text} until {text}", ARRIVED)
    assert stated is None or timedelta(days=-40) <= stated - ARRIVED <= timedelta(days=400)


@pytest.mark.parametrize(
    "unit", ["1.", "a", "12 ", "monday ", "\n", "until ", "1日", "3 august ", "until the ", " ", "not back "]
)
def test_100_kilobytes_of_one_word_are_read(unit: str) -> None:
    assert stated_day((unit * 100_000)[:100_000], ARRIVED) is None or unit in {"3 august ", "1日"}
