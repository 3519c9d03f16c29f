"""Which languages people do business in, by country: to notice leads who would get a text in a foreign one.

From Unicode's CLDR (territoryInfo, release 47): the languages with official or de facto official status in the whole
country that a fifth of its people use, else the one that most of them use, as ISO 639-1 codes.
"""

from functools import cache

# Language and the countries (ISO 3166-1) that use it; Ukraine's one state language stands against CLDR's Russian.
_USED_IN = """\
am: ET
ar: AE BH DZ EG EH IL IQ JO KM KW LB LY MA MR OM PS QA SA SD SO SY TD TN YE
ay: BO
az: AZ
be: BY
bg: BG
bi: VU
bn: BD
bs: BA
ca: AD
ch: GU
cs: CZ
da: DK
de: AT BE CH DE LI LU
dv: MV
dz: BT
el: CY GR
en: AG AI AS AU BB BM BS BW BZ CA CC CK CM CX DM ER FJ FK FM GB GD GG GH GI GM GS GU GY HK IE IM IO JE JM KI KN KY
  LC LR LS MH MP MS MT MU MW NA NF NG NR NU NZ PG PH PK PN PR SB SC SD SG SH SL SS SX SZ TC TK TO TT TZ UM US VC VG
  VI VU ZA ZM ZW
es: AR BO CL CO CR CU DO EC ES GQ GT HN MX NI PA PE PR SV UY VE
et: EE
fa: AF IR
fi: FI
fj: FJ
fo: FO
fr: BE BF BI BJ BL CA CD CF CG CH CI CM DJ DZ FR GA GF GN GP GQ HT KM LU MA MC MF MG ML MQ MU NC NE PF PM RE SC SN
  TG TN VU WF YT
ga: IE
gn: PY
he: IL
hi: IN
hr: HR
ht: HT
hu: HU
hy: AM
id: ID
is: IS
it: IT SM VA
ja: JP
ka: GE
kk: KZ
kl: GL
km: KH
ko: KP KR
ky: KG
lb: LU
lo: LA
lt: LT
lv: LV
mg: MG
mh: MH
mk: MK
mn: MN
ms: BN MY
mt: MT
my: MM
na: NR
nb: NO SJ
ne: NP
nl: AW BE BQ NL SR
nn: NO
no: NO
ny: MW
pl: PL
ps: AF
pt: AO BR CV GW MZ PT ST TL
qu: BO
rn: BI
ro: MD RO
ru: KG KZ RU
rw: RW
sg: CF
si: LK
sk: SK
sl: SI
sm: AS WS
sn: ZW
so: SO
sq: AL XK
sr: ME RS
ss: SZ
st: LS
sv: AX FI SE
sw: KE TZ UG
tg: TJ
th: TH
ti: ER
tk: TM
tn: BW
to: TO
tr: CY TR
ty: PF
uk: UA
ur: PK
uz: UZ
vi: VN
wo: SN
zh: CN HK MO SG TW
"""


def is_used_in(language: str, country: str) -> bool:
    """`language` is a code such as `de` or `pt-br`; a country of which nothing is known takes any."""
    used = _languages().get(country)
    return used is None or language.lower().partition("-")[0] in used


@cache
def _languages() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in _USED_IN.replace("\n  ", " ").splitlines():
        language, _, countries = line.partition(": ")
        for country in countries.split():
            found.setdefault(country, set()).add(language)
    return found
