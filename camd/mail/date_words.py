"""Months, weekdays and the words beside a date, in the ten languages that camd reads, as `phrases.fold` leaves them."""

from collections.abc import Mapping
from types import MappingProxyType

_MONTHS = """
january jan januar janner jaenner janvier janv enero ene gennaio gen janeiro januari stycznia styczen
february feb februar fevrier fevr fev febrero febbraio fevereiro februari lutego luty
march mar marz maerz mrz mars marzo marco maart mrt marca marzec
april apr avril avr abril abr aprile kwietnia kwiecien
may mai mayo maggio mag maio mei maj maja
june jun juni juin junio giugno giu junho czerwca czerwiec
july jul juli juillet juil julio luglio lug julho lipca lipiec
august aug aout agosto ago augustus augusti sierpnia sierpien
september sep sept septembre septiembre setiembre settembre set setembro wrzesnia wrzesien
october oct oktober okt octobre octubre ottobre ott outubro out pazdziernika pazdziernik
november nov novembre noviembre novembro listopada listopad
december dec dezember dez decembre diciembre dic dicembre dezembro grudnia grudzien
"""
_WEEKDAYS = """
monday montag lundi lunes lunedi segunda-feira segunda maandag mandag poniedzialek poniedzialku 月曜日 月曜
tuesday dienstag mardi martes martedi terca-feira terca dinsdag tisdag wtorek wtorku 火曜日 火曜
wednesday mittwoch mercredi miercoles mercoledi quarta-feira quarta woensdag onsdag sroda srode srody 水曜日 水曜
thursday donnerstag jeudi jueves giovedi quinta-feira quinta donderdag torsdag czwartek czwartku 木曜日 木曜
friday freitag vendredi viernes venerdi sexta-feira sexta vrijdag fredag piatek piatku 金曜日 金曜
saturday samstag sonnabend samedi sabado sabato zaterdag lordag sobota sobote soboty 土曜日 土曜
sunday sonntag dimanche domingo domenica zondag sondag niedziela niedziele niedzieli 日曜日 日曜
"""


def _numbered(table: str, first: int) -> Mapping[str, int]:
    lines = enumerate(table.strip().splitlines(), start=first)
    return MappingProxyType({name: number for number, line in lines for name in line.split()})


MONTHS = _numbered(_MONTHS, 1)
WEEKDAYS = _numbered(_WEEKDAYS, 0)
"""Monday is 0."""
SHORT_WEEKDAYS = (
    "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "mo", "di", "mi", "fr", "sa", "lun",
    "jeu",
    "ven", "sam", "dim", "mer", "jue", "vie", "gio", "maa", "woe", "vrij",
)  # fmt: skip

TOMORROW = ("tomorrow", "morgen", "demain", "manana", "domani", "amanha", "imorgon", "i morgon", "jutro", "jutra")
TODAY = ("today", "heute", "aujourd'hui", "hoy", "oggi", "hoje", "vandaag", "idag", "i dag", "dzis", "dzisiaj")
NEXT_WEEK = (
    "next week", "nachste woche", "nachster woche", "nachsten woche", "naechste woche", "kommende woche",
    "semaine prochaine",
    "proxima semana", "semana que viene", "semana proxima", "settimana prossima", "prossima settimana",
    "semana que vem",
    "volgende week", "nasta vecka", "przyszlym tygodniu", "przyszlego tygodnia", "来週",
)  # fmt: skip
THIS_WEEK = (
    "this week", "diese woche", "dieser woche", "cette semaine", "esta semana", "questa settimana", "deze week",
    "denna vecka", "den har veckan", "tym tygodniu", "今週",
)  # fmt: skip

UNTIL = (
    r"until|till|til|thru|through|throughout|up to|bis|jusqu'(?:a|au|en)?|jusque|hasta|fino(?: a| al| all'"
    r"| alla)?|sino al?"
    r"|ate|tot|t/m|t\.?o\.?m\.?|till och med|do(?! dia)"
)
CONNECTS = r"to|and|bis|und|au|et|al|a|y|e|ao|tot|en|till|och|do|i|[-–—~〜/]"  # noqa: RUF001 - dashes
"""Between the two days of a range."""
FILLS = (
    r"the|and|to|including|incl\.?|inclusive|inclusively|on|of|einschliesslich|einschl\.?|inklusive|inkl\.?"
    r"|zum|und mit|mit"
    r"|den|dem|der|am|le|la|el|il|lo|o|os|al|au|ao|a|dia|dnia|dn\.|de|det|en met|met|och med|y|compris|inclus"
    r"|incluso|compreso"
    r"|inclusief|wlacznie|next|nachsten|kommenden|prochain|proximo|prossimo|om|op|em|no|na|end"
)
STARTS = (
    r"from|starting|beginning|since|as of|vom|von|seit|du|depuis|a partir (?:du|de|del|do|da)|a compter du"
    r"|des le|desde|del|dal|dall'|do dia"
    r"|de|a partire dal|vanaf|van|fran|fran och med|fr\.?o\.?m\.?|od|ab"
)
"""Before the day on which an absence begins; with a word of return beside it, the day of return."""
BACK = (
    r"back|return\w*|again|resum\w+|re-?open\w*|zuruck\w*|zurueck\w*|wieder|ruckkehr|rueckkehr|retour|reviens"
    r"|reviendr\w+"
    r"|repren\w+|reprise|rentr\w+|(?:a|de) nouveau|vuelv\w+|volver\w*|vuelta|regres\w+|retorn\w+|reincorpor\w+|de nuevo"
    r"|nuevamente|rientr\w+|ritorn\w+|torno|tornero|torneremo|di nuovo|nuovamente|riapr\w+|volto|voltarei"
    r"|voltamos|de volta"
    r"|novamente|de novo|terug\w*|weer|tillbaka|ater|igen|aterkom\w+|aterga\w+|wrac\w+|wroc\w+|powr\w+"
    r"|ponownie|znowu|znow"
)
BACK_IN_JAPANESE = r"出社|出勤|復帰|通常|再開|戻|以降|営業"
ANSWERS = (
    r"available|reachable|reach me|reply|respond|answer\w*|erreichbar|zur verfugung|verfugbar|antwort\w*"
    r"|beantwort\w*|bearbeit\w*"
    r"|joignable|disponibl\w+|repondr\w+|disponibile|raggiungibile|rispond\w*|atender\w*|disponivel"
    r"|contactavel|respond\w+|bereikbaar"
    r"|aanwezig|beschikbaar|reageer|antwoord|svarar|nabar|antraffbar|tillganglig|dostepn\w+|osiagaln\w+|odpowi\w+"
)
ANSWERS_IN_JAPANESE = "返信|対応"
ABSENT_BESIDE = (
    r"out|ooo|away|absen\w+|not|no access|unavailable|leave|vacation|holidays?|closed|travel\w*|off"
    r"|abwesen\w*|nicht|kein\w*|urlaub\w*|ausser|dienstreise|elternzeit|geschlossen|ferien"
    r"|conges?|pas|deplacement|indisponible|ferme\w*|vacances|fuera|vacaciones|ausen\w+|no|baja|cerrad\w+"
    r"|assen\w+|ferie|fuori|non|chius\w+|malattia|ferias|fora|nao|licenca|encerrad\w+|fechad\w+"
    r"|afwezig\w*|vakantie|verlof|niet|gesloten|semester\w*|franvar\w*|inte|ledig|foraldraledig|stangt"
    r"|urlop\w*|nieobecn\w*|poza|nie|nieczynn\w+|zwolnieni\w+"
)
ABSENT_IN_JAPANESE = "不在|休暇|休み|休業|出張"
