from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.preflight import (
    CONSENT_COUNTRIES,
    Allowed,
    Blocked,
    Capacity,
    CountryPolicy,
    CountryVerdict,
    Finding,
    FindingName,
    Level,
    LogIn,
    MailboxCheck,
    MailboxPace,
    NeedsConsent,
    PreflightInput,
    Undecided,
    capacity,
    country_verdict,
    preflight,
)
from camd.domain.token_bucket import QuotaScope

SALES = MailboxCheck("sales", LogIn.OK, has_inbox=True, spf=True, dkim=True, dmarc=True)
DEAF = replace(SALES, name="info", has_inbox=False)
READY = PreflightInput(
    instance_dry_run=False,
    steps=2,
    language="de",
    mailboxes=(SALES,),
    config_file="/etc/camd/camd.toml",
    sender_name="Ada Berg",
    sender_company="Berg GmbH",
    sender_postal_address="Weg 1, 10115 Berlin",
    notify_email=("ada@berg.example",),
    tested_since_edit=True,
)


def the_only(check: PreflightInput) -> Finding:
    [finding] = preflight(check)
    return finding


def names(check: PreflightInput) -> list[tuple[Level, FindingName]]:
    return [(finding.level, finding.name) for finding in preflight(check)]


def test_a_campaign_that_lacks_nothing_has_no_finding() -> None:
    assert preflight(READY) == ()


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (replace(READY, steps=0), FindingName.NO_STEPS),
        (replace(READY, instance_dry_run=True), FindingName.INSTANCE_DRY_RUN),
        (replace(READY, sender_name=None), FindingName.SENDER_NAME),
        (replace(READY, sender_company=""), FindingName.SENDER_COMPANY),
        (replace(READY, sender_postal_address="  "), FindingName.SENDER_POSTAL_ADDRESS),
        (replace(READY, mailboxes=(replace(SALES, login=LogIn.FAILED),)), FindingName.LOGIN_FAILED),
        (replace(READY, mailboxes=(replace(SALES, login=LogIn.NOT_TRIED),)), FindingName.MAILBOX_DISABLED),
        (replace(READY, footer_problem="line 3: unexpected '}'"), FindingName.FOOTER),
        (replace(READY, reply_opt_out=False), FindingName.NO_WAY_OUT),
        (replace(READY, unrenderable_steps=(2,)), FindingName.STEP_RENDERS_FOR_NOBODY),
        (replace(READY, recipient_countries={"DE": 3}), FindingName.COUNTRY_UNDECIDED),
    ],
    ids=lambda value: str(value) if isinstance(value, FindingName) else "",
)
def test_it_stops_for(check: PreflightInput, name: FindingName) -> None:
    assert names(check) == [(Level.STOP, name)]


def test_without_a_mailbox_nobody_is_written_to_and_nobody_could_answer() -> None:
    assert names(replace(READY, mailboxes=())) == [
        (Level.STOP, FindingName.NO_MAILBOX),
        (Level.STOP, FindingName.NO_WAY_OUT),
    ]


def test_an_instance_in_dry_run_is_mended_in_the_file_it_was_read_from() -> None:
    assert "/etc/camd/camd.toml" in the_only(replace(READY, instance_dry_run=True)).mend


def test_without_a_file_the_mend_says_that_one_is_needed() -> None:
    assert "a new camd.toml" in the_only(replace(READY, instance_dry_run=True, config_file=None)).mend


def test_a_failed_log_in_says_what_the_server_said() -> None:
    refused = replace(SALES, login=LogIn.FAILED, detail="535 5.7.8 bad credentials")
    assert "535 5.7.8 bad credentials" in the_only(replace(READY, mailboxes=(refused,))).message


DISABLED = replace(SALES, name="old", login=LogIn.NOT_TRIED, detail="535 no", spf=None, dkim=None, dmarc=None)


def test_a_disabled_mailbox_names_its_mend() -> None:
    finding = the_only(replace(READY, mailboxes=(DISABLED,)))
    assert finding.message == "The mailbox old is disabled: 535 no"
    assert "`camd mailboxes enable old`" in finding.mend


def test_a_disabled_mailbox_only_warns_while_another_can_send() -> None:
    assert names(replace(READY, mailboxes=(DISABLED, SALES))) == [(Level.WARN, FindingName.MAILBOX_DISABLED)]
    both = replace(READY, mailboxes=(DISABLED, replace(DISABLED, name="sales")))
    assert names(both) == [(Level.STOP, FindingName.MAILBOX_DISABLED)] * 2


def test_a_footer_that_cannot_be_rendered_says_where_to_correct_it() -> None:
    finding = the_only(replace(READY, footer_problem="line 3: unexpected '}'"))
    assert finding.message.endswith("'de' cannot be rendered: line 3: unexpected '}'")
    assert "[sender.footers] in /etc/camd/camd.toml" in finding.mend


PAGE = replace(READY, steps=1, reply_opt_out=False, public_enabled=True, public_base_url="https://mail.example.com")


@pytest.mark.parametrize(
    ("check", "way_out"),
    [
        (PAGE, True),
        (replace(PAGE, public_base_url="http://mail.example.com"), False),
        (replace(PAGE, public_base_url=None), False),
        (replace(PAGE, public_enabled=False), False),
        (replace(PAGE, public_enabled=False, reply_opt_out=True), True),
        (replace(PAGE, public_enabled=False, reply_opt_out=True, mailboxes=(SALES, DEAF)), False),
    ],
)
def test_a_recipient_gets_out_by_an_https_page_or_by_a_reply_that_is_read(check: PreflightInput, way_out: bool) -> None:
    assert names(check) == ([] if way_out else [(Level.STOP, FindingName.NO_WAY_OUT)])


def test_follow_ups_need_an_inbox_in_every_mailbox() -> None:
    finding = the_only(replace(PAGE, steps=2, mailboxes=(SALES, DEAF)))
    assert (finding.level, finding.name) == (Level.STOP, FindingName.NO_INBOX)
    assert "info" in finding.message


def test_a_single_step_needs_no_inbox() -> None:
    assert names(replace(PAGE, steps=1, mailboxes=(SALES, DEAF))) == []


UNREAD = replace(SALES, inbox_problem="LOGIN: invalid credentials")


@pytest.mark.parametrize(
    ("check", "level"),
    [
        (replace(READY, public_enabled=True, public_base_url=PAGE.public_base_url), Level.STOP),
        (replace(READY, steps=1), Level.STOP),
        (replace(PAGE, reply_opt_out=True), Level.WARN),
        (PAGE, Level.WARN),
    ],
    ids=["follow_ups", "no_other_way_out", "another_way_out", "the_page_alone"],
)
def test_an_inbox_that_cannot_be_read_stops_where_an_answer_has_to_be_seen(check: PreflightInput, level: Level) -> None:
    finding = the_only(replace(check, mailboxes=(SALES, replace(UNREAD, name="info"))))
    assert (finding.level, finding.name) == (level, FindingName.INBOX_FAILED)
    assert finding.message == "The inbox of mailbox info cannot be read: LOGIN: invalid credentials"
    assert "[mailboxes.info] in /etc/camd/camd.toml" in finding.mend
    assert "`camd mailboxes test info`" in finding.mend


def test_an_inbox_that_nobody_is_told_to_write_to_only_warns() -> None:
    silent = replace(READY, steps=1, reply_opt_out=False, mailboxes=(UNREAD,))
    assert names(silent) == [(Level.STOP, FindingName.NO_WAY_OUT), (Level.WARN, FindingName.INBOX_FAILED)]


def test_only_the_countries_built_in_need_a_decision() -> None:
    leads = {"DE": 3, "AT": 1, "FR": 7, "US": 9, "unknown": 4}
    messages = [finding.message for finding in preflight(replace(READY, recipient_countries=leads))]
    assert [message.partition(",")[0] for message in messages] == ["1 lead in AT", "3 leads in DE"]


@pytest.mark.parametrize("policy", CountryPolicy)
def test_any_decision_on_a_country_ends_its_stop(policy: CountryPolicy) -> None:
    assert preflight(replace(READY, recipient_countries={"DE": 3}, decisions={"DE": policy})) == ()


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (replace(READY, mailboxes=(replace(SALES, spf=False),)), FindingName.SPF),
        (replace(READY, mailboxes=(replace(SALES, dkim=None),)), FindingName.DKIM),
        (replace(READY, mailboxes=(replace(SALES, dmarc=False),)), FindingName.DMARC),
        (replace(READY, missing_variables={"first_name": 1}), FindingName.MISSING_VARIABLE),
        (replace(READY, other_language_leads={"FR": 1}), FindingName.OTHER_LANGUAGE),
        (replace(READY, notify_email=()), FindingName.NO_NOTIFY_EMAIL),
        (replace(READY, tested_since_edit=False), FindingName.NO_TEST_MAIL),
        (replace(READY, capacity=Capacity(5, 45, 12, None)), FindingName.CAPACITY),
    ],
    ids=lambda value: str(value) if isinstance(value, FindingName) else "",
)
def test_it_warns_of(check: PreflightInput, name: FindingName) -> None:
    assert names(check) == [(Level.WARN, name)]


def test_a_record_that_could_not_be_looked_up_is_not_called_missing() -> None:
    messages = [
        finding.message for finding in preflight(replace(READY, mailboxes=(replace(SALES, spf=None, dkim=False),)))
    ]
    assert messages == [
        "The SPF record for the domain of mailbox sales could not be looked up",
        "The DKIM record for the domain of mailbox sales is missing",
    ]


def test_missing_variables_are_named_with_their_leads_most_first() -> None:
    found = preflight(replace(READY, missing_variables={"company": 3, "title": 12, "city": 3}))
    assert [finding.message.partition(" is")[0] for finding in found] == [
        "12 leads would be held: title",
        "3 leads would be held: city",
        "3 leads would be held: company",
    ]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            Capacity(5, 45, 12, QuotaScope.MAILBOX_DAY),
            "5 mails on day 1, 45 in week 1, the last first mail on working day 12; the limit mailbox_day binds",
        ),
        (
            Capacity(1, 5, None, None),
            "1 mails on day 1, 5 in week 1, the last first mail in more than ten years; no limit binds",
        ),
    ],
)
def test_the_pace_is_told_in_figures(found: Capacity, sentence: str) -> None:
    assert the_only(replace(READY, capacity=found)).message == sentence


def test_stops_stand_before_warnings() -> None:
    mailboxes = (DISABLED, replace(SALES, login=LogIn.FAILED, has_inbox=False))
    check = PreflightInput(instance_dry_run=True, steps=0, language="en", mailboxes=mailboxes)
    levels = [finding.level for finding in preflight(check)]
    assert levels == sorted(levels)
    assert {Level.STOP, Level.WARN} <= set(levels)


ALLOW, CONSENT, BLOCK = CountryPolicy


@pytest.mark.parametrize(
    ("country", "decisions", "has_consent", "verdict"),
    [
        ("DE", {}, True, Undecided()),
        ("FR", {}, False, Allowed()),
        (None, {}, False, Allowed()),
        ("DE", {"DE": ALLOW}, False, Allowed()),
        ("DE", {"DE": CONSENT}, False, NeedsConsent()),
        ("DE", {"DE": CONSENT}, True, Allowed()),
        ("DE", {"DE": BLOCK}, True, Blocked()),
        ("FR", {"FR": BLOCK}, True, Blocked()),
        (None, {"unknown": BLOCK}, True, Blocked()),
        (None, {"unknown": CONSENT}, False, NeedsConsent()),
        ("FR", {"unknown": BLOCK}, False, Allowed()),
    ],
)
def test_a_country_is_decided_by_the_operator_and_never_silently_where_consent_is_law(
    country: str | None, decisions: Mapping[str, CountryPolicy], has_consent: bool, verdict: CountryVerdict
) -> None:
    assert country_verdict(country, decisions, has_consent) == verdict


def test_seven_countries_are_built_in() -> None:
    assert sorted(CONSENT_COUNTRIES) == ["AT", "CA", "DE", "DK", "ES", "IT", "PL"]


MINUTES = timedelta(minutes=1)
WINDOW = timedelta(hours=8)
FAST = MailboxPace(daily_limit=100, gap=MINUTES, ramp=False)


def plan(
    leads: int = 1_000,
    waits: tuple[int, ...] = (),
    campaign_limit: int = 20,
    mailboxes: tuple[MailboxPace, ...] = (FAST,),
    instance_limit: int = 0,
) -> Capacity:
    return capacity(
        leads=leads,
        waits=waits,
        campaign_limit=campaign_limit,
        mailboxes=mailboxes,
        window_length=WINDOW,
        instance_limit=instance_limit,
    )


def test_the_campaigns_limit_lets_out_so_many_a_day() -> None:
    assert plan(leads=205) == Capacity(20, 100, 11, QuotaScope.CAMPAIGN)


def test_where_all_fit_into_a_day_no_limit_binds() -> None:
    assert plan(leads=20) == Capacity(20, 20, 1, None)


def test_without_leads_there_is_nothing_to_wait_for() -> None:
    assert plan(leads=0) == Capacity(0, 0, 0, None)


def test_a_mailbox_that_warms_up_starts_with_five_and_adds_two_a_day() -> None:
    warming = MailboxPace(daily_limit=30, gap=MINUTES)
    assert plan(leads=45, mailboxes=(warming,)) == Capacity(5, 5 + 7 + 9 + 11 + 13, 5, QuotaScope.MAILBOX_DAY)


def test_a_mailbox_goes_on_warming_up_where_it_stands() -> None:
    assert plan(mailboxes=(MailboxPace(daily_limit=30, gap=MINUTES, clean_days=3),)).day_1 == 11


def test_mailboxes_add_up() -> None:
    slow = MailboxPace(daily_limit=4, gap=MINUTES, ramp=False)
    assert plan(mailboxes=(slow, slow)).day_1 == 8


def test_the_gap_between_mails_binds_in_a_short_window() -> None:
    paced = MailboxPace(daily_limit=100, gap=60 * MINUTES, ramp=False)
    assert plan(leads=9, mailboxes=(paced,)) == Capacity(8, 9, 2, QuotaScope.MAILBOX_PACE)


def test_mailboxes_without_a_gap_have_no_pace() -> None:
    assert plan(campaign_limit=90, mailboxes=(replace(FAST, gap=timedelta()),)).day_1 == 90


def test_an_instance_limit_binds_where_it_is_the_smallest() -> None:
    assert plan(leads=25, instance_limit=10) == Capacity(10, 25, 3, QuotaScope.INSTANCE)


def test_follow_ups_go_before_first_mails() -> None:
    # Three days of first mails, three of follow-ups to them, and one for the ten leads left over.
    assert plan(leads=40, waits=(3,), campaign_limit=10) == Capacity(10, 50, 7, QuotaScope.CAMPAIGN)


def test_a_follow_up_takes_no_room_before_its_wait_is_over() -> None:
    assert plan(leads=30, waits=(3,), campaign_limit=10) == Capacity(10, 50, 3, QuotaScope.CAMPAIGN)


def test_the_limit_named_is_the_one_that_binds_on_most_days() -> None:
    warming = MailboxPace(daily_limit=30, gap=MINUTES)
    assert plan(leads=100, mailboxes=(warming,)).binding is QuotaScope.MAILBOX_DAY
    assert plan(leads=1_000, mailboxes=(warming,)).binding is QuotaScope.CAMPAIGN


@pytest.mark.parametrize("limits", [{"mailboxes": ()}, {"leads": 10**9, "campaign_limit": 1}])
def test_what_takes_more_than_ten_years_has_no_end(limits: dict[str, object]) -> None:
    assert plan(**limits).working_days is None  # type: ignore[arg-type]  # one of two shapes


@given(
    leads=st.integers(0, 300),
    waits=st.lists(st.integers(0, 6), max_size=4).map(tuple),
    limit=st.integers(1, 30),
    volume=st.integers(1, 30),
)
@settings(deadline=None, max_examples=60)
def test_no_day_is_planned_over_a_limit_and_every_lead_has_its_turn(
    leads: int, waits: tuple[int, ...], limit: int, volume: int
) -> None:
    found = plan(leads, waits, limit, (MailboxPace(volume, MINUTES),))
    assert found.day_1 == min(leads, limit, volume, 5)
    assert found.day_1 <= found.week_1 <= 5 * min(limit, volume)
    assert found.working_days is not None
    assert found.working_days * min(limit, volume) >= leads
