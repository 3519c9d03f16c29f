"""Countries: codes, one zone each, and the names people write; several zones where the mainland has them.

Codes are ISO 3166-1 (XK is user-assigned, as mail and phone directories use it); zones are the first of
tzdata's `zone.tab`, or of the largest city. Outlying islands, research stations and exclaves do not count
as zones of their own.
"""
# ruff: noqa: RUF001 - names are written in the country's own script

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Country:
    """`zone` is that of the largest city, or None where nobody lives; `edges` only with several zones."""

    code: str
    alpha_3: str
    zone: str | None
    names: tuple[str, ...]
    edges: tuple[str, str] | None = None


# The easternmost and the westernmost mainland zone.
_EDGES = {
    "AU": ("Australia/Sydney", "Australia/Perth"),
    "BR": ("America/Sao_Paulo", "America/Rio_Branco"),
    "CA": ("America/Halifax", "America/Vancouver"),
    "CD": ("Africa/Lubumbashi", "Africa/Kinshasa"),
    "CL": ("America/Punta_Arenas", "America/Santiago"),
    "FM": ("Pacific/Pohnpei", "Pacific/Chuuk"),
    "ID": ("Asia/Jayapura", "Asia/Jakarta"),
    "MN": ("Asia/Ulaanbaatar", "Asia/Hovd"),
    "MX": ("America/Cancun", "America/Tijuana"),
    "RU": ("Asia/Kamchatka", "Europe/Moscow"),
    "US": ("America/New_York", "America/Los_Angeles"),
}

# Alpha-2, alpha-3, zone, names; an indented line continues the one before.
_TABLE = """\
AD AND Europe/Andorra Andorra
AE ARE Asia/Dubai United Arab Emirates|UAE|U.A.E.|Emirates|الإمارات العربية المتحدة
AF AFG Asia/Kabul Afghanistan
AG ATG America/Antigua Antigua and Barbuda|Antigua
AI AIA America/Anguilla Anguilla
AL ALB Europe/Tirane Albania|Shqipëria|Shqipëri
AM ARM Asia/Yerevan Armenia|Հայաստան
AO AGO Africa/Luanda Angola
AQ ATA - Antarctica
AR ARG America/Argentina/Buenos_Aires Argentina|Argentinien|Argentine
AS ASM Pacific/Pago_Pago American Samoa
AT AUT Europe/Vienna Austria|Österreich|Oesterreich|Autriche
AU AUS Australia/Sydney Australia|Commonwealth of Australia|Australien
AW ABW America/Aruba Aruba
AX ALA Europe/Mariehamn Åland Islands|Åland|Aland
AZ AZE Asia/Baku Azerbaijan|Azərbaycan
BA BIH Europe/Sarajevo Bosnia and Herzegovina|Bosnia|Bosna i Hercegovina
BB BRB America/Barbados Barbados
BD BGD Asia/Dhaka Bangladesh
BE BEL Europe/Brussels Belgium|België|Belgie|Belgique|Belgien|Belgio|Bélgica
BF BFA Africa/Ouagadougou Burkina Faso
BG BGR Europe/Sofia Bulgaria|България|Bulgarien
BH BHR Asia/Bahrain Bahrain|البحرين
BI BDI Africa/Bujumbura Burundi
BJ BEN Africa/Porto-Novo Benin
BL BLM America/St_Barthelemy Saint Barthélemy|St Barthelemy
BM BMU Atlantic/Bermuda Bermuda
BN BRN Asia/Brunei Brunei Darussalam|Brunei
BO BOL America/La_Paz Bolivia|Plurinational State of Bolivia
BQ BES America/Kralendijk Bonaire, Sint Eustatius and Saba|Caribbean Netherlands|Bonaire
BR BRA America/Sao_Paulo Brazil|Brasil|Brasilien|Brésil
BS BHS America/Nassau Bahamas|The Bahamas
BT BTN Asia/Thimphu Bhutan
BV BVT - Bouvet Island
BW BWA Africa/Gaborone Botswana
BY BLR Europe/Minsk Belarus|Беларусь|Weißrussland
BZ BLZ America/Belize Belize
CA CAN America/Toronto Canada|Kanada
CC CCK Indian/Cocos Cocos (Keeling) Islands
CD COD Africa/Kinshasa Democratic Republic of the Congo|DR Congo|DRC|Congo, Democratic Republic of the
  République démocratique du Congo|Congo-Kinshasa
CF CAF Africa/Bangui Central African Republic|République centrafricaine
CG COG Africa/Brazzaville Congo|Republic of the Congo|Congo-Brazzaville
CH CHE Europe/Zurich Switzerland|Schweiz|Suisse|Svizzera|Svizra|Suiza
CI CIV Africa/Abidjan Côte d'Ivoire|Ivory Coast|Cote d Ivoire
CK COK Pacific/Rarotonga Cook Islands
CL CHL America/Santiago Chile
CM CMR Africa/Douala Cameroon|Cameroun|Kamerun
CN CHN Asia/Shanghai China|中国|中國|PRC|P.R. China|Mainland China|People's Republic of China|Chine
CO COL America/Bogota Colombia
CR CRI America/Costa_Rica Costa Rica
CU CUB America/Havana Cuba
CV CPV Atlantic/Cape_Verde Cabo Verde|Cape Verde
CW CUW America/Curacao Curaçao
CX CXR Indian/Christmas Christmas Island
CY CYP Asia/Nicosia Cyprus|Κύπρος|Kıbrıs|Zypern
CZ CZE Europe/Prague Czechia|Czech Republic|Česko|Česká republika|Tschechien|Tschechische Republik
DE DEU Europe/Berlin Germany|Deutschland|Federal Republic of Germany|Bundesrepublik Deutschland
  Allemagne|Alemania|Germania|Niemcy|Duitsland|Tyskland|Alemanha
DJ DJI Africa/Djibouti Djibouti
DK DNK Europe/Copenhagen Denmark|Danmark|Dänemark|Danemark
DM DMA America/Dominica Dominica
DO DOM America/Santo_Domingo Dominican Republic|República Dominicana
DZ DZA Africa/Algiers Algeria|Algérie|الجزائر
EC ECU America/Guayaquil Ecuador
EE EST Europe/Tallinn Estonia|Eesti|Estland
EG EGY Africa/Cairo Egypt|مصر|Ägypten|Égypte
EH ESH Africa/El_Aaiun Western Sahara
ER ERI Africa/Asmara Eritrea
ES ESP Europe/Madrid Spain|España|Espanya|Spanien|Espagne|Spagna|Espanha|Kingdom of Spain
ET ETH Africa/Addis_Ababa Ethiopia
FI FIN Europe/Helsinki Finland|Suomi|Finnland|Finlande
FJ FJI Pacific/Fiji Fiji
FK FLK Atlantic/Stanley Falkland Islands|Falkland Islands (Malvinas)
FM FSM Pacific/Chuuk Micronesia|Federated States of Micronesia
FO FRO Atlantic/Faroe Faroe Islands|Føroyar|Færøerne
FR FRA Europe/Paris France|Frankreich|Francia|République française|French Republic|Frankrijk
GA GAB Africa/Libreville Gabon
GB GBR Europe/London United Kingdom|UK|U.K.|Great Britain|Britain|England|Scotland|Wales
  Northern Ireland|United Kingdom of Great Britain and Northern Ireland|Großbritannien
  Vereinigtes Königreich|Royaume-Uni|Reino Unido|Regno Unito|Wielka Brytania
GD GRD America/Grenada Grenada
GE GEO Asia/Tbilisi Georgia|საქართველო|Georgien
GF GUF America/Cayenne French Guiana|Guyane
GG GGY Europe/Guernsey Guernsey
GH GHA Africa/Accra Ghana
GI GIB Europe/Gibraltar Gibraltar
GL GRL America/Nuuk Greenland|Kalaallit Nunaat|Grønland
GM GMB Africa/Banjul Gambia|The Gambia
GN GIN Africa/Conakry Guinea
GP GLP America/Guadeloupe Guadeloupe
GQ GNQ Africa/Malabo Equatorial Guinea|Guinea Ecuatorial
GR GRC Europe/Athens Greece|Ελλάδα|Ελλάς|Hellas|Griechenland|Grèce|EL
GS SGS Atlantic/South_Georgia South Georgia and the South Sandwich Islands
GT GTM America/Guatemala Guatemala
GU GUM Pacific/Guam Guam
GW GNB Africa/Bissau Guinea-Bissau
GY GUY America/Guyana Guyana
HK HKG Asia/Hong_Kong Hong Kong|Hong Kong SAR|香港
HM HMD - Heard Island and McDonald Islands
HN HND America/Tegucigalpa Honduras
HR HRV Europe/Zagreb Croatia|Hrvatska|Kroatien|Croatie
HT HTI America/Port-au-Prince Haiti
HU HUN Europe/Budapest Hungary|Magyarország|Ungarn|Hongrie
ID IDN Asia/Jakarta Indonesia|Indonesien
IE IRL Europe/Dublin Ireland|Éire|Republic of Ireland|Irland|Irlande
IL ISR Asia/Jerusalem Israel|ישראל
IM IMN Europe/Isle_of_Man Isle of Man
IN IND Asia/Kolkata India|भारत|Bharat|Indien
IO IOT Indian/Chagos British Indian Ocean Territory
IQ IRQ Asia/Baghdad Iraq|العراق
IR IRN Asia/Tehran Iran|Islamic Republic of Iran|ایران
IS ISL Atlantic/Reykjavik Iceland|Ísland|Island
IT ITA Europe/Rome Italy|Italia|Italien|Italie|Włochy|Italië
JE JEY Europe/Jersey Jersey
JM JAM America/Jamaica Jamaica
JO JOR Asia/Amman Jordan|الأردن
JP JPN Asia/Tokyo Japan|日本|Japon|Nippon
KE KEN Africa/Nairobi Kenya
KG KGZ Asia/Bishkek Kyrgyzstan|Кыргызстан
KH KHM Asia/Phnom_Penh Cambodia|Kampuchea
KI KIR Pacific/Tarawa Kiribati
KM COM Indian/Comoro Comoros
KN KNA America/St_Kitts Saint Kitts and Nevis|St Kitts and Nevis
KP PRK Asia/Pyongyang North Korea|Democratic People's Republic of Korea|DPRK
KR KOR Asia/Seoul South Korea|Korea|Republic of Korea|Korea, Republic of|Korea, South|대한민국|한국|Südkorea
KW KWT Asia/Kuwait Kuwait|الكويت
KY CYM America/Cayman Cayman Islands
KZ KAZ Asia/Almaty Kazakhstan|Қазақстан|Казахстан
LA LAO Asia/Vientiane Laos|Lao People's Democratic Republic|Lao PDR
LB LBN Asia/Beirut Lebanon|Liban|لبنان
LC LCA America/St_Lucia Saint Lucia|St Lucia
LI LIE Europe/Vaduz Liechtenstein
LK LKA Asia/Colombo Sri Lanka
LR LBR Africa/Monrovia Liberia
LS LSO Africa/Maseru Lesotho
LT LTU Europe/Vilnius Lithuania|Lietuva|Litauen
LU LUX Europe/Luxembourg Luxembourg|Luxemburg|Lëtzebuerg
LV LVA Europe/Riga Latvia|Latvija|Lettland
LY LBY Africa/Tripoli Libya|ليبيا
MA MAR Africa/Casablanca Morocco|Maroc|المغرب|Marokko
MC MCO Europe/Monaco Monaco
MD MDA Europe/Chisinau Moldova|Republic of Moldova
ME MNE Europe/Podgorica Montenegro|Crna Gora
MF MAF America/Marigot Saint Martin|St Martin
MG MDG Indian/Antananarivo Madagascar
MH MHL Pacific/Majuro Marshall Islands
MK MKD Europe/Skopje North Macedonia|Macedonia|Северна Македонија
ML MLI Africa/Bamako Mali
MM MMR Asia/Yangon Myanmar|Burma
MN MNG Asia/Ulaanbaatar Mongolia
MO MAC Asia/Macau Macao|Macau|澳門
MP MNP Pacific/Saipan Northern Mariana Islands
MQ MTQ America/Martinique Martinique
MR MRT Africa/Nouakchott Mauritania|Mauritanie
MS MSR America/Montserrat Montserrat
MT MLT Europe/Malta Malta
MU MUS Indian/Mauritius Mauritius|Maurice
MV MDV Indian/Maldives Maldives
MW MWI Africa/Blantyre Malawi
MX MEX America/Mexico_City Mexico|México|Mexiko|Mexique
MY MYS Asia/Kuala_Lumpur Malaysia
MZ MOZ Africa/Maputo Mozambique|Moçambique
NA NAM Africa/Windhoek Namibia
NC NCL Pacific/Noumea New Caledonia|Nouvelle-Calédonie
NE NER Africa/Niamey Niger
NF NFK Pacific/Norfolk Norfolk Island
NG NGA Africa/Lagos Nigeria
NI NIC America/Managua Nicaragua
NL NLD Europe/Amsterdam Netherlands|The Netherlands|Nederland|Holland|Niederlande|Pays-Bas|Países Bajos
  Paesi Bassi|Kingdom of the Netherlands
NO NOR Europe/Oslo Norway|Norge|Noreg|Norwegen|Norvège
NP NPL Asia/Kathmandu Nepal
NR NRU Pacific/Nauru Nauru
NU NIU Pacific/Niue Niue
NZ NZL Pacific/Auckland New Zealand|Aotearoa|Neuseeland
OM OMN Asia/Muscat Oman|عمان
PA PAN America/Panama Panama
PE PER America/Lima Peru|Perú
PF PYF Pacific/Tahiti French Polynesia|Polynésie française
PG PNG Pacific/Port_Moresby Papua New Guinea
PH PHL Asia/Manila Philippines|The Philippines|Pilipinas
PK PAK Asia/Karachi Pakistan|پاکستان
PL POL Europe/Warsaw Poland|Polska|Polen|Pologne|Polonia
PM SPM America/Miquelon Saint Pierre and Miquelon
PN PCN Pacific/Pitcairn Pitcairn|Pitcairn Islands
PR PRI America/Puerto_Rico Puerto Rico
PS PSE Asia/Gaza Palestine|State of Palestine|فلسطين
PT PRT Europe/Lisbon Portugal
PW PLW Pacific/Palau Palau
PY PRY America/Asuncion Paraguay
QA QAT Asia/Qatar Qatar|قطر
RE REU Indian/Reunion Réunion|La Réunion
RO ROU Europe/Bucharest Romania|România|Rumänien|Roumanie
RS SRB Europe/Belgrade Serbia|Србија|Srbija|Serbien
RU RUS Europe/Moscow Russia|Russian Federation|Россия|Российская Федерация|Russland|Russie
RW RWA Africa/Kigali Rwanda
SA SAU Asia/Riyadh Saudi Arabia|Kingdom of Saudi Arabia|KSA|السعودية
SB SLB Pacific/Guadalcanal Solomon Islands
SC SYC Indian/Mahe Seychelles
SD SDN Africa/Khartoum Sudan
SE SWE Europe/Stockholm Sweden|Sverige|Schweden|Suède
SG SGP Asia/Singapore Singapore|Singapur|新加坡
SH SHN Atlantic/St_Helena Saint Helena|Saint Helena, Ascension and Tristan da Cunha|St Helena
SI SVN Europe/Ljubljana Slovenia|Slovenija|Slowenien
SJ SJM Arctic/Longyearbyen Svalbard and Jan Mayen
SK SVK Europe/Bratislava Slovakia|Slovak Republic|Slovensko|Slowakei
SL SLE Africa/Freetown Sierra Leone
SM SMR Europe/San_Marino San Marino
SN SEN Africa/Dakar Senegal
SO SOM Africa/Mogadishu Somalia
SR SUR America/Paramaribo Suriname
SS SSD Africa/Juba South Sudan
ST STP Africa/Sao_Tome São Tomé and Príncipe
SV SLV America/El_Salvador El Salvador
SX SXM America/Lower_Princes Sint Maarten
SY SYR Asia/Damascus Syria|Syrian Arab Republic|سوريا
SZ SWZ Africa/Mbabane Eswatini|Swaziland
TC TCA America/Grand_Turk Turks and Caicos Islands
TD TCD Africa/Ndjamena Chad|Tchad
TF ATF Indian/Kerguelen French Southern Territories
TG TGO Africa/Lome Togo
TH THA Asia/Bangkok Thailand|ประเทศไทย|ไทย
TJ TJK Asia/Dushanbe Tajikistan
TK TKL Pacific/Fakaofo Tokelau
TL TLS Asia/Dili Timor-Leste|East Timor
TM TKM Asia/Ashgabat Turkmenistan
TN TUN Africa/Tunis Tunisia|Tunisie|تونس
TO TON Pacific/Tongatapu Tonga
TR TUR Europe/Istanbul Turkey|Türkiye|Turkiye|Türkei|Turquie
TT TTO America/Port_of_Spain Trinidad and Tobago|Trinidad
TV TUV Pacific/Funafuti Tuvalu
TW TWN Asia/Taipei Taiwan|Taiwan, Province of China|台灣|台湾|Republic of China
TZ TZA Africa/Dar_es_Salaam Tanzania|United Republic of Tanzania
UA UKR Europe/Kyiv Ukraine|Україна|Украина
UG UGA Africa/Kampala Uganda
UM UMI - United States Minor Outlying Islands|US Minor Outlying Islands
US USA America/New_York United States|United States of America|U.S.|U.S.A.|America|The United States
  Vereinigte Staaten|États-Unis|Estados Unidos|Stati Uniti|Verenigde Staten|Stany Zjednoczone
UY URY America/Montevideo Uruguay
UZ UZB Asia/Samarkand Uzbekistan|Oʻzbekiston|O'zbekiston
VA VAT Europe/Vatican Holy See|Vatican City|Vatican
VC VCT America/St_Vincent Saint Vincent and the Grenadines|St Vincent and the Grenadines
VE VEN America/Caracas Venezuela|Bolivarian Republic of Venezuela
VG VGB America/Tortola British Virgin Islands|Virgin Islands, British
VI VIR America/St_Thomas US Virgin Islands|U.S. Virgin Islands|Virgin Islands, U.S.
VN VNM Asia/Ho_Chi_Minh Vietnam|Viet Nam|Việt Nam
VU VUT Pacific/Efate Vanuatu
WF WLF Pacific/Wallis Wallis and Futuna
WS WSM Pacific/Apia Samoa
XK XKX Europe/Belgrade Kosovo
YE YEM Asia/Aden Yemen|اليمن
YT MYT Indian/Mayotte Mayotte
ZA ZAF Africa/Johannesburg South Africa|Suid-Afrika|Südafrika|RSA
ZM ZMB Africa/Lusaka Zambia
ZW ZWE Africa/Harare Zimbabwe
"""


def _country(row: str) -> Country:
    code, alpha_3, zone, names = row.split(" ", 3)
    return Country(code, alpha_3, None if zone == "-" else zone, tuple(names.split("|")), _EDGES.get(code))


COUNTRIES: Mapping[str, Country] = MappingProxyType(
    {row[:2]: _country(row) for row in _TABLE.replace("\n  ", "|").splitlines()}
)

# Country domains that the whole world uses: Google Search's list of generic country domains, and those
# sold mainly as abbreviations or given away. They say nothing about where a company is.
_GENERIC = """
ac ad ag ai am as bz cc cd cf co cx dj fm ga gg gl gq gs im io la ly md me ml ms nf nu pw sc sh so sr st
tk tm to tv vc vg vu ws
"""
GENERIC_COUNTRY_DOMAINS = frozenset(_GENERIC.split())
