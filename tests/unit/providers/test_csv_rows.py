import io
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.domain.facts import Facts, Verdict
from camd.ports.providers import Found, Rejected
from camd.providers.csv_rows import read_rows

APOLLO = (
    "First Name,Last Name,Title,Company,Company Name for Emails,Email,Email Status,Primary Email Source,"
    "Primary Email Verification Source,Email Confidence,Primary Email Catch-all Status,"
    "Primary Email Last Verified At,Seniority,Departments,Sub Departments,Contact Owner,Work Direct Phone,"
    "Home Phone,Mobile Phone,Corporate Phone,Other Phone,Do Not Call,Stage,Lists,Last Contacted,Account Owner,"
    "# Employees,Industry,Keywords,Person Linkedin Url,Website,Company Linkedin Url,Facebook Url,Twitter Url,"
    "City,State,Country,Company Address,Company City,Company State,Company Country,Company Phone,Technologies,"
    "Annual Revenue,Total Funding,Latest Funding,Latest Funding Amount,Last Raised At,Subsidiary of,Email Sent,"
    "Email Open,Email Bounced,Replied,Demoed,Number of Retail Locations,Apollo Contact Id,Apollo Account Id,"
    "Secondary Email,Secondary Email Source,Secondary Email Status,Tertiary Email"
)
EVABOOT = (
    "First Name,Last Name,Full Name,Current Job,Email,Email Status,Location,Linkedin URL Public,"
    "Linkedin URL Unique ID,Company Name,Company Domain,Company Website URL,Company Linkedin URL Unique ID,"
    "Company Location,Company Headquarters (Full Address),Company Country,Company Industry,Company Type,"
    "Company Employee Exact Count,Company Employee Range,Company Year Founded,Company Description,"
    "Company Specialities,Company Revenue Min (Millions USD),Company Revenue Max (Millions USD),"
    "Company Employee Growth 1 Year (%),Company Funding Stage,Department Headcounts,Matches Filters,No Match Reasons"
)
PHANTOMBUSTER = (
    "profileUrl,fullName,firstName,lastName,companyName,title,companyId,companyUrl,regularCompanyUrl,summary,"
    "industry,companyLocation,location,connectionDegree,name,vmid,linkedInProfileUrl,query,timestamp,"
    "defaultProfileUrl"
)
CONNECTIONS = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Job Title,Company Name,Website URL,Country/Region,City,State/Region,"
    "Phone Number,LinkedIn URL,Industry,Number of Employees,Time Zone,Lifecycle Stage,"
    "Unsubscribed from all email"
)
LEMLIST = (
    "email,firstName,lastName,companyName,companyDomain,jobTitle,phone,linkedinUrl,picture,icebreaker,timezone,"
    "isUnsubscribed"
)
SMARTLEAD = (
    "first_name,last_name,email,phone_number,company_name,website,location,linkedin_profile,company_url,custom_fields"
)
DROPCONTACT = "first_name,last_name,company,website,email,qualification,linkedin,phone"
HUNTER = "Domain name,Email address,First name,Last name,Position,Verification status"
INSTANTLY = "Email,First Name,Last Name,Company Name,Personalization,Phone,Website"


def rows(text: str | bytes, mapping: Mapping[str, str] | None = None) -> list[Found | Rejected]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(read_rows(io.BytesIO(data), mapping=mapping))


def only(text: str | bytes, mapping: Mapping[str, str] | None = None) -> Found:
    (found,) = rows(text, mapping)
    assert isinstance(found, Found), found
    return found


def written(header: str, values: Mapping[str, str]) -> str:
    names = header.split(",")
    assert set(values) <= set(names)
    line = ",".join('"' + values.get(name, "").replace('"', '""') + '"' for name in names)
    return f"{header}\n{line}\n"


def row(header: str, values: Mapping[str, str]) -> Found:
    return only(written(header, values))


def refusal(text: str | bytes) -> Rejected:
    (found,) = rows(text)
    assert isinstance(found, Rejected), found
    return found


def test_apollos_export_is_understood() -> None:
    found = row(
        APOLLO,
        {
            "First Name": "Anna",
            "Last Name": "Berg",
            "Title": "Practice Owner",
            "Company": "Praxis Berg GmbH & Co. KG",
            "Company Name for Emails": "Praxis Berg",
            "Email": "Anna@Praxis-Berg.example",
            "Email Status": "Verified",
            "Seniority": "Owner",
            "Work Direct Phone": "'+49 30 901820",
            "Mobile Phone": "+49 151 0000000",
            "Do Not Call": "true",
            "Lists": "dental, berlin",
            "# Employees": "1,600",
            "Keywords": "implants, whitening",
            "Person Linkedin Url": "http://de.linkedin.com/in/Anna-Berg/?trk=x",
            "Website": "https://www.praxis-berg.example/team",
            "Company Linkedin Url": "http://www.linkedin.com/company/praxis",
            "City": "Berlin",
            "State": "Berlin",
            "Country": "Germany",
            "Company Country": "France",
            "Email Bounced": "false",
            "Apollo Contact Id": "64f0c0ffee",
            "Secondary Email": "anna@other.example",
        },
    )
    assert found == Found(
        source_ref="apollo_contact_id:64f0c0ffee",
        facts=Facts(
            email="Anna@praxis-berg.example",
            first_name="Anna",
            last_name="Berg",
            title="Practice Owner",
            seniority="owner",
            company="Praxis Berg",
            domain="praxis-berg.example",
            employee_count=1600,
            country="DE",
            city="Berlin",
            linkedin_url="https://www.linkedin.com/in/anna-berg",
            phone="+4930901820",
            tags=("dental", "berlin", "do_not_call"),
            custom={
                "employee_count": "1,600",
                "region": "Berlin",
                "email_status": "Verified",
                "keywords": "implants, whitening",
                "company_linkedin_url": "http://www.linkedin.com/company/praxis",
                "secondary_email": "anna@other.example",
            },
            source="csv",
            source_ref="apollo_contact_id:64f0c0ffee",
        ),
        line=2,
        verdict=Verdict.VALID,
    )


@pytest.mark.parametrize(
    ("column", "value", "opted_out", "verdict"),
    [
        ("Email Bounced", "true", True, Verdict.INVALID),
        ("Email Bounced", "false", False, Verdict.VALID),
        ("Primary Email Catch-all Status", "Catch-all", False, Verdict.CATCH_ALL),
        ("Primary Email Catch-all Status", "Not Catch-all", False, Verdict.VALID),
        ("Lists", "clinics, Do-Not-Contact", True, Verdict.VALID),
        ("Lists", "DNC", True, Verdict.VALID),
    ],
)
def test_what_apollo_says_of_an_address(column: str, value: str, opted_out: bool, verdict: Verdict) -> None:
    found = row(APOLLO, {"Email": "a@b.example", "Email Status": "verified", column: value})
    assert (found.do_not_contact, found.verdict) == (opted_out, verdict)


def test_apollos_locked_address_is_none_and_no_other_is_made_up() -> None:
    found = row(APOLLO, {"First Name": "Anna", "Company": "Praxis", "Email": "email_not_unlocked@domain.com"})
    assert (found.facts.email, found.facts.domain, found.verdict) == (None, None, None)


def test_evaboots_public_url_is_kept_and_its_member_id_is_the_reference() -> None:
    found = row(
        EVABOOT,
        {
            "Full Name": "BERG, ANNA",
            "Linkedin URL Unique ID": "https://www.linkedin.com/in/ACwAAAbCdEf",
            "Linkedin URL Public": "https://www.linkedin.com/in/anna-berg",
            "Company Domain": "Praxis.Example",
            "Location": "Lyon, Auvergne-Rhône-Alpes, France",
            "Company Country": "Germany",
            "Company Employee Range": "51-200",
            "Department Headcounts": "Sales: 3\nCare: 4",
            "Matches Filters": "YES",
        },
    )
    facts = found.facts
    assert (facts.first_name, facts.last_name) == ("Anna", "Berg")
    assert facts.linkedin_url == "https://www.linkedin.com/in/anna-berg"
    assert found.source_ref == facts.source_ref == "linkedin:ACwAAAbCdEf"
    assert (facts.domain, facts.employee_count) == ("praxis.example", 51)
    assert (facts.city, facts.country) == ("Lyon", "FR")
    assert facts.custom["department_headcounts"] == "Sales: 3\nCare: 4"


def test_evaboots_noughts_mean_that_nobody_knows() -> None:
    found = row(
        EVABOOT,
        {
            "Email": "a@b.example",
            "Company Employee Exact Count": "0",
            "Company Employee Range": "51-200",
            "Company Year Founded": "0",
            "Company Revenue Min (Millions USD)": "0.0",
            "Company Revenue Max (Millions USD)": "0.0 ONE",
            "Company Employee Growth 1 Year (%)": "0",
        },
    )
    assert found.facts.employee_count == 51
    assert found.facts.custom == {"employee_count": "51-200", "company_employee_growth_1_year": "0"}
    known = row(EVABOOT, {"Email": "a@b.example", "Company Year Founded": "1998"})
    assert known.facts.custom == {"company_year_founded": "1998"}


def test_evaboots_rows_outside_the_search_are_refused_unless_the_operator_agrees() -> None:
    text = written(EVABOOT, {"Email": "a@b.example", "Matches Filters": "NO", "No Match Reasons": "title\nchanged"})
    assert refusal(text) == Rejected(2, "not_matched: title changed")
    agreed = only(text, {"Matches Filters": "custom.matches_filters"})
    assert (agreed.facts.email, agreed.facts.custom) == ("a@b.example", {"matches_filters": "NO"})


def test_phantombusters_sales_navigator_links_identify_nobody() -> None:
    found = row(
        PHANTOMBUSTER,
        {
            "profileUrl": "https://www.linkedin.com/sales/lead/ACwAAAbCdEf,NAME_SEARCH,x",
            "fullName": "Anna Berg",
            "firstName": "Anna",
            "lastName": "Berg",
            "companyName": "Praxis",
            "companyUrl": "https://www.linkedin.com/sales/company/1",
            "regularCompanyUrl": "https://www.linkedin.com/company/1",
            "companyLocation": "Kyoto, Japan",
            "vmid": "ACwAAAbCdEf",
        },
    )
    assert found.source_ref == "linkedin:ACwAAAbCdEf"
    assert (found.facts.linkedin_url, found.facts.domain) == (None, None)
    assert (found.facts.city, found.facts.country) == ("Kyoto", "JP")


def test_phantombusters_default_profile_goes_before_its_member_link() -> None:
    found = row(
        PHANTOMBUSTER,
        {
            "linkedInProfileUrl": "https://www.linkedin.com/in/ACwAAAbCdEf/",
            "defaultProfileUrl": "https://www.linkedin.com/in/Anna-Berg/",
            "location": "Greater Berlin",
            "companyLocation": "Kyoto, Japan",
        },
    )
    assert found.facts.linkedin_url == "https://www.linkedin.com/in/anna-berg"
    assert (found.facts.city, found.facts.country) == ("Kyoto", "JP")
    assert found.facts.custom == {"location": "Greater Berlin"}


def test_linkedins_connections_are_found_behind_their_preamble() -> None:
    preamble = 'Notes:\n"When exporting your connection data, some ""email"" addresses are missing."\n\n'
    first = "Anna,Berg,https://www.linkedin.com/in/anna-berg,,Praxis,Owner,03 Mar 2026"
    found = rows(f"{preamble}{CONNECTIONS}\n{first}\n,,,,,,\n")
    assert isinstance(found[0], Found)
    assert (found[0].line, found[0].facts.title) == (5, "Owner")
    assert found[0].facts.custom == {"connected_on": "03 Mar 2026"}
    assert found[1] == Rejected(6, "empty: the row holds only delimiters")


def test_hubspots_customers_are_tagged_and_its_unsubscribed_are_not_contacted() -> None:
    found = row(
        HUBSPOT,
        {
            "Record ID": "150000001",
            "Email": "anna@praxis.example",
            "Country/Region": "Deutschland",
            "LinkedIn URL": "linkedin.com/in/anna-berg",
            "Time Zone": "europe_slash_berlin",
            "Lifecycle Stage": "Customer",
            "Unsubscribed from all email": "2026-03-01",
        },
    )
    assert found.do_not_contact
    assert found.source_ref == "record_id:150000001"
    assert (found.facts.country, found.facts.timezone) == ("DE", "Europe/Berlin")
    assert found.facts.tags == ("customer",)
    assert found.facts.linkedin_url == "https://www.linkedin.com/in/anna-berg"


def test_lemlists_camel_case_is_understood() -> None:
    found = row(
        LEMLIST,
        {
            "email": "anna@praxis.example",
            "firstName": "anna",
            "companyDomain": "praxis.example",
            "jobTitle": "Zahnärztin",
            "linkedinUrl": "https://www.linkedin.com/in/anna-berg",
            "icebreaker": "Loved your talk",
            "timezone": "Europe/Berlin",
            "isUnsubscribed": "true",
        },
    )
    assert found.do_not_contact
    assert (found.facts.first_name, found.facts.title) == ("Anna", "Zahnärztin")
    assert found.facts.custom == {"icebreaker": "Loved your talk"}


def test_instantlys_list_is_understood() -> None:
    found = row(INSTANTLY, {"Email": "a@b.example", "Personalization": "Hello", "Website": "https://b.example"})
    assert (found.facts.domain, found.facts.custom) == ("b.example", {"personalization": "Hello"})


def test_smartleads_list_is_understood() -> None:
    found = row(
        SMARTLEAD,
        {
            "email": "a@b.example",
            "phone_number": "+49 30 901820",
            "location": "Göteborg, Sweden",
            "linkedin_profile": "https://www.linkedin.com/in/anna-berg",
            "company_url": "https://www.linkedin.com/company/praxis",
            "custom_fields": '{"branch": "dental"}',
        },
    )
    facts = found.facts
    assert (facts.domain, facts.phone, facts.city, facts.country) == ("b.example", "+4930901820", "Göteborg", "SE")
    assert facts.linkedin_url == "https://www.linkedin.com/in/anna-berg"
    assert facts.custom == {"custom_fields": '{"branch": "dental"}'}


@pytest.mark.parametrize(
    ("qualification", "verdict", "opted_out"),
    [
        ("nominative@pro", Verdict.VALID, False),
        ("nominative@perso", Verdict.FREEMAIL, False),
        ("nominatif@jetable", Verdict.INVALID, False),
        ("ne_pas_contacter@perso", Verdict.SUPPRESSED, True),
    ],
)
def test_what_dropcontact_says_of_an_address(qualification: str, verdict: Verdict, opted_out: bool) -> None:
    found = row(
        DROPCONTACT,
        {
            "email": "a@b.example",
            "website": "www.b.example",
            "qualification": qualification,
            "linkedin": "www.linkedin.com/in/a-b",
        },
    )
    assert (found.verdict, found.do_not_contact) == (verdict, opted_out)
    assert (found.facts.domain, found.facts.linkedin_url) == ("b.example", "https://www.linkedin.com/in/a-b")
    assert found.facts.custom == {"email_status": qualification}


def test_hunters_list_is_understood() -> None:
    found = row(
        HUNTER, {"Email address": "a@b.example", "Domain name": "b.example", "Verification status": "accept_all"}
    )
    assert (found.facts.email, found.facts.domain, found.verdict) == ("a@b.example", "b.example", Verdict.CATCH_ALL)


def test_a_semicolon_file_from_a_german_excel_is_read() -> None:
    text = "sep=;\r\nE-Mail;Vorname;Nachname;Firma;Ort;Land\r\na@b.example;Jörg;Groß;Zähne, schön;Köln;Österreich\r\n"
    facts = only(text.encode("cp1252")).facts
    assert (facts.first_name, facts.last_name, facts.company) == ("Jörg", "Groß", "Zähne, schön")
    assert (facts.city, facts.country) == ("Köln", "AT")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_header_tells_the_delimiter(delimiter: str, encoding: str) -> None:
    text = "\n".join(delimiter.join(line) for line in (["Email", "Company"], ["a@b.example", '"a,b;c\t|d"']))
    assert only(text.encode(encoding)).facts.company == "a,b;c\t|d"


def test_the_line_by_which_excel_names_the_delimiter_is_passed_over() -> None:
    found = only("sep=;\r\nE-Mail;Firma\r\na@b.example;Weiß, Berg & Co\r\n")
    assert (found.line, found.facts.company) == (3, "Weiß, Berg & Co")


def test_a_list_that_excel_saved_as_unicode_text_is_read() -> None:
    found = only("E-Mail\tVorname\tOrt\r\na@b.example\tZoë 👏\tŁódź\r\n".encode("utf-16"))
    assert (found.facts.first_name, found.facts.city) == ("Zoë", "Łódź")


@pytest.mark.parametrize(
    ("line", "opted_out"),
    [
        ("false,false,,", False),
        ("FALSCH,FAUX,,Cold", False),
        ("false,true,,", True),
        (",WAHR,,", True),
        ("2026-03-01,,,", True),
        (",,,Do Not Contact", True),
        (",,unsubscribed,Open", True),
    ],
)
def test_one_column_that_says_so_opts_a_person_out(line: str, opted_out: bool) -> None:
    header = "email,Unsubscribed,Do Not Contact,Stage,Lead Status"
    assert only(f"{header}\na@b.example,{line}\n").do_not_contact is opted_out


def test_a_stage_stays_a_variable_of_the_templates() -> None:
    assert only("email,stage,lead status\na@b.example,Cold,Open\n").facts.custom == {
        "stage": "Cold",
        "lead_status": "Open",
    }


@pytest.mark.parametrize(
    ("columns", "cells", "city", "country"),
    [
        ("City,Country,Company City,Company Country", "Lyon,France,Berlin,Germany", "Lyon", "FR"),
        ("City,Country,Company City,Company Country", ",France,Berlin,Germany", None, "FR"),
        ("City,Country,Company City,Company Country", ",France,Lyon,France", "Lyon", "FR"),
        ("City,Country,Company City,Company Country", ",,Berlin,Germany", "Berlin", "DE"),
        ("Country,Company City", "France,Lyon", "Lyon", "FR"),
        ("Location,Company Country", '"Lyon, France",Germany', "Lyon", "FR"),
        ("Location,Company Country", "Greater Lyon,France", None, "FR"),
        ("Country,Location", 'Germany,"Lyon, France"', None, "DE"),
    ],
)
def test_the_persons_place_goes_before_the_companys_and_is_never_made_of_two_countries(
    columns: str, cells: str, city: str | None, country: str
) -> None:
    facts = only(f"email,{columns}\na@b.example,{cells}\n").facts
    assert (facts.city, facts.country) == (city, country)


def test_a_link_that_leads_elsewhere_than_linkedin_is_kept_as_it_is() -> None:
    found = only("email,LinkedIn URL,url\na@b.example,linkedin.com/in/anna,https://praxis.example\n")
    assert found.facts.linkedin_url == "https://www.linkedin.com/in/anna"
    assert found.facts.custom == {"url": "https://praxis.example"}


def test_variants_of_one_address_share_their_reference_and_are_all_answered() -> None:
    spellings = ["Anna@Praxis.example", "anna@praxis.example", "anna+news@praxis.EXAMPLE"]
    found = rows("email,company\n" + "".join(f"{spelling},x\n" for spelling in spellings * 2))
    assert len(found) == 6
    assert len({row.source_ref for row in found if isinstance(row, Found)}) == 1


def test_the_reference_of_a_row_without_an_id_is_its_identity_however_it_is_written() -> None:
    first = rows("first_name,last_name,company,city\nAna,Muñoz,Clínica,Lugo\n")[0]
    again = rows("company;last_name;first_name\nCLINICA;MUNOZ;ANA\n")[0]
    other = rows("company;last_name;first_name\nClínica;Muñoz;Eva\n")[0]
    assert isinstance(first, Found)
    assert isinstance(again, Found)
    assert isinstance(other, Found)
    assert first.source_ref == again.source_ref != other.source_ref


def test_a_column_that_only_counts_rows_is_no_reference_unless_it_is_mapped_to_it() -> None:
    text = "id,email\n12,a@b.example\n"
    assert only(text).source_ref.startswith("row:")
    assert only(text, {"id": "source_ref"}).source_ref == "id:12"


def test_the_map_goes_before_the_aliases() -> None:
    text = "Email,Personal Email,Company,Segment\nwork@b.example,home@c.example,x,gold\n"
    found = only(text, {"Personal Email": "email", "segment": "custom.Tier", "Company": "custom.firm"})
    assert (found.facts.email, found.facts.company) == ("home@c.example", None)
    assert found.facts.custom == {"tier": "gold", "firm": "x"}


def test_a_file_without_any_known_column_is_read_by_its_map() -> None:
    assert only("Kontaktpunkt\na@b.example\n", {"Kontaktpunkt": "email"}).facts.email == "a@b.example"


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ({"Mail": "e-mail"}, "'e-mail' is no field"),
        ({"Mail": "custom."}, "is no field"),
        ({"Post": "email"}, "no column Post in the file; it has: Mail, Company"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(mapping: Mapping[str, str], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint) as refused:
        rows("Mail,Company\na@b.example,x\n", mapping)
    assert refused.value.field == "map"


def test_a_plain_list_of_addresses_is_a_file_of_people() -> None:
    [found] = rows("Email\nann@b.example\n")
    assert isinstance(found, Found)
    assert found.facts.email == "ann@b.example"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\n\n", "name\nAnn Lee\n", "x\n" * 10 + "email,company\n"])
def test_a_file_without_a_header_is_refused_at_the_call(text: str) -> None:
    with pytest.raises(Invalid, match="--map") as refused:
        read_rows(io.BytesIO(text.encode()))
    assert refused.value.field == "file"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nobody,Anna,Berg,Praxis,", "bad_email: there is no @"),
        ("anna@@praxis.example,Anna,Berg,Praxis,", "bad_email: "),
        (",Anna,Berg,,", "no_identity: "),
        (",,,Praxis,", "no_identity: "),
        (",Anna,Berg,Praxis,,one,more", "malformed: 7 cells where 5 are allowed"),
        ('a@b.example,"An\r\nBcc: x@y.example",Berg,Praxis,', "malformed: first_name holds a line break"),
        ('"a@b.example\nBcc: x@y.example",Anna,Berg,Praxis,', "bad_email: email holds a line break"),
        ("a@b.example,Anna,Berg,Pra\u2028xis,", "malformed: company holds a line break"),
        (f"a@b.example,{'A' * 1001},Berg,Praxis,", "malformed: first_name has more than"),
        ('a@b.example,"Anna" x,Berg,Praxis,', "malformed: a quoted cell"),
        ("a@b.example,An\0na,Berg,Praxis,", "malformed: holds a NUL"),
        ("Email,First Name,Last Name,Company,Note", "malformed: the header line"),
    ],
)
def test_a_row_that_is_refused_says_why_and_the_next_is_read(line: str, reason: str) -> None:
    found = rows(f"Email,First Name,Last Name,Company,Note\n{line}\nok@b.example,,,,\n")
    assert isinstance(found[0], Rejected)
    assert found[0].line == 2
    assert found[0].reason.startswith(reason)
    assert isinstance(found[-1], Found)


def test_a_refusal_repeats_no_address() -> None:
    assert "praxis" not in refusal("email,company\nanna@@praxis.example,x\n").reason


def test_the_first_readable_address_by_priority_wins_and_its_neighbours_become_tags() -> None:
    found = only("email_1,email,company\nlast@b.example,first@b.example; next@b.example,x\n")
    assert (found.facts.email, found.facts.tags) == ("first@b.example", ("next@b.example",))


@pytest.mark.parametrize("nothing", ["", " ", "-", "N/A", "null", "None", "undefined"])
def test_words_for_nothing_are_nothing(nothing: str) -> None:
    facts = only(f"email,work_email,company,segment\n{nothing},a@b.example,{nothing},{nothing}\n").facts
    assert (facts.email, facts.company, facts.custom) == ("a@b.example", None, {})


def test_a_dutch_name_keeps_its_apostrophe() -> None:
    assert only("email,last_name\na@b.example,'t Hooft\n").facts.last_name == "'t Hooft"


@pytest.mark.parametrize(
    ("email", "website", "domain"),
    [
        ("a@praxis.example", "", "praxis.example"),
        ("a@gmail.com", "", None),
        ("a@gmail.com", "https://www.facebook.com/praxis", None),
        ("a@gmail.com", "praxis.example", "praxis.example"),
    ],
)
def test_the_domain_comes_from_the_address_where_that_is_the_companys(
    email: str, website: str, domain: str | None
) -> None:
    assert only(f"email,website\n{email},{website}\n").facts.domain == domain


def test_what_is_understood_in_part_is_noted() -> None:
    found = only("email,country,employees,time zone,mrr,location\na@b.example,Atlantis,10-Nov,lunch,much,Moon\n")
    assert [note.partition(":")[0] for note in found.notes] == ["country", "employee_count", "timezone", "expected_mrr"]
    assert found.facts.country == "Atlantis"
    assert found.facts.custom == {"employee_count": "10-Nov", "location": "Moon"}


def test_the_extras_of_a_row_are_bounded() -> None:
    header = ["email", "company", *(f"extra {number}" for number in range(60))]
    found = only(",".join(header) + "\na@b.example,x," + ",".join(["v" * 2000] * 60) + "\n")
    assert len(found.facts.custom) == 50
    assert {len(value) for value in found.facts.custom.values()} == {1000}
    assert found.notes == ("custom: more than 50 other columns, the last ones are left out",)


def test_a_short_row_and_a_nameless_column_are_read() -> None:
    assert only("email,company,,x\na@b.example\n").facts.email == "a@b.example"
    assert only("email,company,\na@b.example,x,kept\n").facts.custom == {"column_3": "kept"}


class Watched(io.BytesIO):
    """Counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data

    def read1(self, size: int | None = -1) -> bytes:
        data = super().read1(size)
        self.taken += len(data)
        return data


def test_a_file_is_never_held_whole() -> None:
    stream = Watched(b"email,company\n" + b"a@b.example,x\n" * 200_000)
    found = read_rows(stream)
    stream.taken = 0
    next(found)
    assert 0 < stream.taken < 100_000


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from([b"", b"email,company\n", "email;name\n".encode("utf-16")]))
def test_no_bytes_raise_anything_but_a_refusal_of_the_file(data: bytes, header: bytes) -> None:
    try:
        found = rows(header + data)
    except Invalid as refused:
        assert refused.field == "file"  # noqa: PT017 - rows are as good an answer
        return
    numbers = [row.line or 0 for row in found]
    assert numbers == sorted(set(numbers))


_cell = st.text(st.characters(exclude_characters='\r\n\0"', exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(_cell, _cell, _cell), max_size=20))
def test_every_line_is_answered_once(lines: list[tuple[str, str, str]]) -> None:
    body = "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines)
    found = rows(f"email,first_name,company\n{body}")
    assert [row.line for row in found] == list(range(2, len(lines) + 2))
