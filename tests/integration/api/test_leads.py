"""The routes of leads, imports and suppressions."""

from pathlib import Path

import httpx
import pytest

LEADS = "/api/cam/campaigns/Q1/leads"
ANN = {"email": "ann@firm.example", "first_name": "Ann", "company": "Firm"}
CSV = b"Email,First Name,Company\r\nann@firm.example,Ann,Firm\r\nbob@other.example,Bob,Other\r\nnobody,,\r\n"


@pytest.fixture(autouse=True)
async def campaign(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})


async def ann(http: httpx.AsyncClient) -> str:
    lead_id: str = (await http.post(LEADS, json=ANN)).json()["id"]
    return f"/api/cam/leads/{lead_id}"


async def test_somebody_new_is_201_and_somebody_known_is_200(http: httpx.AsyncClient) -> None:
    first, again = await http.post(LEADS, json=ANN), await http.post(LEADS, json=ANN)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    shown = (await http.get(first.headers["Location"])).json()
    assert shown == first.json() | {"verdict_evidence": None, "receipts": []}


async def test_leads_are_listed_by_filter(http: httpx.AsyncClient) -> None:
    await http.post(LEADS, json=ANN | {"tags": ["fair"]})
    for params, found in (({"tag": "fair"}, 1), ({"tag": "other"}, 0), ({"held": "true"}, 0), ({"search": "ann"}, 1)):
        assert len((await http.get(LEADS, params=params)).json()["items"]) == found, params


async def test_facts_are_changed_and_null_empties(http: httpx.AsyncClient) -> None:
    path = await ann(http)
    changed = (await http.patch(path, json={"first_name": None, "city": "Bonn"})).json()
    assert (changed["first_name"], changed["city"], changed["company"]) == (None, "Bonn", "Firm")


async def test_why_and_export_tell_what_is_known(http: httpx.AsyncClient) -> None:
    path = await ann(http)
    why = (await http.get(f"{path}/why")).json()
    assert why["allowed"] is False
    assert {"name", "passed", "reason", "until"} <= set(why["checks"][0])
    assert (await http.get(f"{path}/export")).json()["lead"]["email"] == "ann@firm.example"


async def test_a_person_decides_about_a_lead(http: httpx.AsyncClient) -> None:
    path = await ann(http)
    held = await http.post(f"{path}/hold", json={"reason": "on holiday"})
    assert [hold["note"] for hold in held.json()["holds"]] == ["on holiday"]
    assert (await http.post(f"{path}/release")).json()["holds"] == []
    assert (await http.post(f"{path}/qualify", json={"note": "called"})).json()["status"] == "qualified"
    assert (await http.post(f"{path}/won", json={"mrr": 99.5})).json()["won_mrr"] == 99.5
    again = await http.post(f"{path}/qualify")
    assert (again.status_code, again.json()["type"]) == (409, "urn:camd:problem:illegal-move")


async def test_a_lost_lead_is_reopened(http: httpx.AsyncClient) -> None:
    path = await ann(http)
    assert (await http.post(f"{path}/lost", json={"reason": "operator"})).json()["status"] == "lost"
    assert (await http.post(f"{path}/reopen")).json()["status"] == "new"


async def test_delete_erases_and_the_person_cannot_come_back(http: httpx.AsyncClient) -> None:
    path = await ann(http)
    assert (await http.delete(path)).json()["email"] is None
    again = await http.post(LEADS, json=ANN)
    assert (again.status_code, again.json()["type"]) == (409, "urn:camd:problem:suppressed")


async def test_an_import_reports_every_rejected_line(http: httpx.AsyncClient) -> None:
    report = (await http.post(f"{LEADS}/import", content=CSV, params={"file_name": "fair.csv"})).json()
    assert (report["rows"], report["added"], report["dry_run"]) == (3, 2, False)
    assert [line["line"] for line in report["rejected"]] == [4]
    listed = (await http.get("/api/cam/imports", params={"campaign": "Q1"})).json()["items"]
    assert [(row["id"], row["file_name"]) for row in listed] == [(report["import_id"], "fair.csv")]


async def test_a_rehearsed_import_stores_nothing(http: httpx.AsyncClient) -> None:
    report = (await http.post(f"{LEADS}/import?dry_run=true", content=CSV)).json()
    assert (report["added"], report["import_id"]) == (2, None)
    assert (await http.get(LEADS)).json()["items"] == []


async def test_columns_are_mapped_as_asked(http: httpx.AsyncClient) -> None:
    csv = b"Kontakt=Mail;Ort\r\nann@firm.example;Bonn\r\n"
    params = (("map", "Kontakt=Mail=email"), ("map", "Ort=city"))
    assert (await http.post(f"{LEADS}/import", content=csv, params=params)).json()["added"] == 1
    assert (await http.get(LEADS)).json()["items"][0]["city"] == "Bonn"


async def test_a_mapping_without_a_field_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{LEADS}/import", content=CSV, params={"map": "Email"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["map.0"]


async def test_an_import_is_undone_without_suppressing(http: httpx.AsyncClient) -> None:
    import_id = (await http.post(f"{LEADS}/import", content=CSV)).json()["import_id"]
    assert (await http.post(f"/api/cam/imports/{import_id}/undo")).json()["removed"] == 2
    assert (await http.post(f"{LEADS}/import", content=CSV)).json()["added"] == 2


async def test_fault_79_an_export_holds_no_formula(http: httpx.AsyncClient) -> None:
    await http.post(LEADS, json=ANN | {"company": "=cmd|' /C calc'!A0"})
    answer = await http.get(f"{LEADS}/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    header, row = answer.text.splitlines()
    assert header.startswith("id,campaign_id,status")
    assert "'=cmd|" in row


async def test_the_head_of_an_export_has_no_body(http: httpx.AsyncClient) -> None:
    await ann(http)
    answer = await http.head(f"{LEADS}/export")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await http.get("/livez")).status_code == 200


async def test_a_temporary_file_is_gone_after_an_import(
    http: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    await http.post(f"{LEADS}/import", content=CSV)
    assert list((tmp_path / "spool").iterdir()) == []


async def test_suppressions_are_added_listed_and_removed(http: httpx.AsyncClient) -> None:
    first = await http.post("/api/cam/suppressions", json={"value": "ann@firm.example", "note": "phoned"})
    again = await http.post("/api/cam/suppressions", json={"value": "ANN@firm.example"})
    assert (first.status_code, again.status_code) == (201, 200)
    listed = (await http.get("/api/cam/suppressions", params={"reason": "operator"})).json()["items"]
    assert [(row["value"], row["note"]) for row in listed] == [("ann@firm.example", "phoned")]
    assert (await http.delete(f"/api/cam/suppressions/{listed[0]['id']}")).status_code == 204
    assert (await http.get("/api/cam/suppressions")).json()["items"] == []


async def test_a_file_of_suppressions_is_taken_in(http: httpx.AsyncClient) -> None:
    content = b"email\nann@firm.example\nfirm.example\n not one \n"
    report = await http.post("/api/cam/suppressions/import", content=content, params={"reason": "opted_out"})
    assert (report.json()["added"], len(report.json()["rejected"])) == (2, 1)
