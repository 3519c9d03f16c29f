"""What a first user does: README's lines as they stand, and two lists exported by other tools."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.acceptance

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

APOLLO = (
    "First Name,Last Name,Title,Company,Company Name for Emails,Email,Email Status,Primary Email Source,"
    "Primary Email Verification Source,Email Confidence,Primary Email Catch-all Status,"
    "Primary Email Last Verified At,Seniority,Departments,Sub Departments,Contact Owner,Work Direct Phone,Home Phone,"
    "Mobile Phone,Corporate Phone,Other Phone,Do Not Call,Stage,Lists,Last Contacted,Account Owner,# Employees,"
    "Industry,Keywords,Person Linkedin Url,Website,Company Linkedin Url,Facebook Url,Twitter Url,City,State,Country,"
    "Company Address,Company City,Company State,Company Country,Company Phone,Technologies,Annual Revenue,"
    "Total Funding,Latest Funding,Latest Funding Amount,Last Raised At,Subsidiary of,Email Sent,Email Open,"
    "Email Bounced,Replied,Demoed,Number of Retail Locations,Apollo Contact Id,Apollo Account Id,Secondary Email,"
    "Secondary Email Source,Secondary Email Status,Tertiary Email"
)


def apollo_row(**cells: str) -> str:
    names = APOLLO.split(",")
    row = {**dict.fromkeys(names, ""), **{name.replace("_", " "): value for name, value in cells.items()}}
    return ",".join(f'"{row[name]}"' for name in names)


def apollo_list() -> bytes:
    rows = [
        apollo_row(First_Name="Ada", Email="ada.lovelace@gmail.com", Company="Clinic A", Apollo_Contact_Id="a1"),
        apollo_row(First_Name="Ada", Email="ada.lovelace@gmail.com", Company="Clinic A", Apollo_Contact_Id="a1"),
        apollo_row(First_Name="Ada", Email="ADA.Lovelace@Gmail.com", Company="Clinic A", Apollo_Contact_Id="a2"),
        apollo_row(First_Name="Ada", Email="ada.lovelace+work@gmail.com", Company="Clinic A", Apollo_Contact_Id="a3"),
        apollo_row(First_Name="Ada", Email="adalovelace@gmail.com", Company="Clinic A", Apollo_Contact_Id="a4"),
        apollo_row(
            First_Name="Bo", Email="bo@clinic-b.example", Company_Address="1 Street\nTown", Apollo_Contact_Id="b"
        ),
        apollo_row(First_Name="Cy", Email="cy at clinic", Apollo_Contact_Id="c"),
        apollo_row(First_Name="Di", Email="di@clinic-d.example", Apollo_Contact_Id="d"),
    ]
    return b"\xef\xbb\xbf" + "\r\n".join([APOLLO, *rows, ""]).encode()


GENERIC = """\
Vorname;Nachname;E-Mail;Firma;Ort
Jürgen;Müller;juergen@praxis-e.example;Praxis Müller;Köln
Jürgen;Müller;JUERGEN@PRAXIS-E.EXAMPLE;Praxis Müller;Köln
Zoë;Groß;zoe@praxis-f.example;Praxis Groß;Gießen
Nur;Name;kein@@praxis.example;;
"""

MAPPED = ["--map", "Vorname=first_name", "--map", "Nachname=last_name", "--map", "Firma=company", "--map", "Ort=city"]


def curl_lines() -> list[str]:
    return re.findall(r"^curl .*$", README, re.MULTILINE)


def test_the_four_curl_lines_work_as_they_stand(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    daemon = start("run")
    url = daemon.url()

    def curl(line: str) -> Any:
        """The request that curl makes of its arguments."""
        words = shlex.split(line.replace("http://localhost:8000", url))[1:]
        options = {words[place]: words[place + 1] for place in range(len(words) - 1) if words[place] in ("-X", "-d")}
        address = next(word for word in words if word.startswith(url))
        return ask(address, options.get("-X", "GET"), options["-d"].encode() if "-d" in options else None)

    listed, created, cycle, every, ready = map(curl, curl_lines())
    assert [answer.status for answer in (listed, created, cycle, every, ready)] == [200, 201, 200, 200, 200]
    assert listed.json == {"items": [], "next": None}
    assert (created.json["name"], created.json["target_clients"], created.json["status"]) == ("Q1", 10, "draft")
    assert (cycle.json["outreach_sent"], cycle.json["dry_run"]) == (0, True)
    assert {"dry_run_instance", "dry_run_campaign", "not_active"} <= cycle.json["waiting_for"].keys()
    assert [report["campaign_id"] for report in every.json] == [1]
    assert daemon.end() == 0


def test_two_exported_lists_imported_twice_make_the_same_leads(
    start: Callable[..., Any], camd: Callable[..., Any], ask: Callable[..., Any], folder: Path
) -> None:
    (folder / "apollo.csv").write_bytes(apollo_list())
    (folder / "generic.csv").write_bytes(GENERIC.encode("cp1252"))
    daemon = start("run")
    campaigns = f"{daemon.url()}/api/cam/campaigns"
    assert ask(campaigns, "POST", b'{"name": "Q1"}').status == 201

    def imported(file: str, *options: str) -> str:
        done = camd("leads", "import", "Q1", file, *options)
        assert done.returncode == 0, done.stderr
        assert isinstance(done.stdout, str)
        return done.stdout

    def leads() -> list[Any]:
        found: list[Any] = ask(f"{campaigns}/1/leads").json["items"]
        return found

    # Lines of the file, counted with the line break inside a quoted cell.
    apollo = imported("apollo.csv")
    assert apollo.startswith("8 rows: 3 added, 0 updated, 4 duplicates, 0 suppressed, 1 rejected\n  line 9: ")
    generic = imported("generic.csv", *MAPPED)
    assert generic.startswith("4 rows: 2 added, 0 updated, 1 duplicates, 0 suppressed, 1 rejected\n  line 5: ")
    once = leads()
    people = {(lead["first_name"], lead["last_name"], lead["city"]) for lead in once}
    assert {("Jürgen", "Müller", "Köln"), ("Zoë", "Groß", "Gießen")} <= people
    again = imported("apollo.csv") + imported("generic.csv", *MAPPED)
    assert again.count(" 0 added, ") == 2
    assert leads() == once
    assert daemon.end() == 0
