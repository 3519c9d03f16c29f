-- What the first release left behind: its schema as SQLite keeps it, and people in the middle of their campaigns.
-- :at is the instant of everything, in microseconds since 1970; :past is how many people of years there are.

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE campaigns (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    status_by TEXT NOT NULL,
    status_at BIGINT NOT NULL,
    status_figures TEXT NOT NULL,
    status_detail TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    steps_version INTEGER NOT NULL,
    planned_dry BOOLEAN NOT NULL,
    first_live_at BIGINT,
    next_cycle_at BIGINT,
    mutes TEXT NOT NULL,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL
);
CREATE INDEX ix_campaigns_name ON campaigns (name, id);
CREATE INDEX ix_campaigns_status ON campaigns (status, id, next_cycle_at);
CREATE UNIQUE INDEX uq_campaigns_name ON campaigns (name) WHERE status != 'archived';
CREATE TABLE campaign_steps (
    campaign_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    steps TEXT NOT NULL,
    PRIMARY KEY (campaign_id, version),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE TABLE campaign_crashes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    at BIGINT NOT NULL,
    error TEXT NOT NULL,
    traceback TEXT NOT NULL,
    lead_id TEXT,
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE INDEX ix_campaign_crashes_campaign ON campaign_crashes (campaign_id, id);
CREATE INDEX ix_campaign_crashes_at ON campaign_crashes (at);
CREATE TABLE campaign_sources (
    campaign_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    cursor TEXT,
    exhausted BOOLEAN NOT NULL,
    found INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, position),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE TABLE candidates (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    source_ref TEXT NOT NULL,
    facts TEXT NOT NULL,
    do_not_contact BOOLEAN NOT NULL,
    verdict TEXT,
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE INDEX ix_candidates_campaign ON candidates (campaign_id, id);
CREATE UNIQUE INDEX uq_candidates_source_ref ON candidates (campaign_id, source, source_ref);
CREATE TABLE imports (
    id TEXT NOT NULL,
    campaign_id INTEGER NOT NULL,
    file_name TEXT,
    rows INTEGER NOT NULL,
    counts TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    "by" TEXT NOT NULL,
    finished_at BIGINT,
    undone_at BIGINT,
    PRIMARY KEY (id),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE INDEX ix_imports_campaign ON imports (campaign_id, id);
CREATE INDEX ix_imports_unfinished ON imports (id) WHERE finished_at IS NULL AND undone_at IS NULL;
CREATE TABLE leads (
    id TEXT NOT NULL,
    campaign_id INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    status TEXT NOT NULL,
    lost_reason TEXT,
    ever_enriched BOOLEAN NOT NULL,
    ever_handed_over BOOLEAN NOT NULL,
    ever_replied BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    verdict TEXT,
    verdict_evidence TEXT,
    score FLOAT,
    enriched_at BIGINT,
    steps_version INTEGER,
    next_action TEXT,
    next_action_at BIGINT,
    waits_for TEXT,
    won_mrr BIGINT,
    strikes INTEGER NOT NULL,
    import_id TEXT,
    version INTEGER NOT NULL,
    address_key TEXT,
    address_domain TEXT,
    linkedin TEXT,
    name TEXT,
    source TEXT,
    source_ref TEXT,
    tags TEXT NOT NULL,
    search TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id),
    FOREIGN KEY(import_id) REFERENCES imports (id)
);
CREATE INDEX ix_leads_address_domain ON leads (address_domain, id) WHERE address_domain IS NOT NULL;
CREATE INDEX ix_leads_address_key ON leads (address_key, id) WHERE address_key IS NOT NULL;
CREATE INDEX ix_leads_campaign ON leads (campaign_id, id);
CREATE INDEX ix_leads_due ON leads (campaign_id, next_action, next_action_at, id) WHERE next_action IS NOT NULL;
CREATE INDEX ix_leads_import ON leads (import_id, id) WHERE import_id IS NOT NULL;
CREATE INDEX ix_leads_linkedin ON leads (campaign_id, linkedin, id) WHERE linkedin IS NOT NULL;
CREATE INDEX ix_leads_name ON leads (campaign_id, name, id) WHERE name IS NOT NULL;
CREATE INDEX ix_leads_source ON leads (campaign_id, source, source_ref, id) WHERE source_ref IS NOT NULL;
CREATE INDEX ix_leads_status ON leads (campaign_id, status, id);
CREATE UNIQUE INDEX uq_leads_key ON leads (campaign_id, "key");
CREATE TABLE lead_holds (
    lead_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    note TEXT,
    PRIMARY KEY (lead_id, reason),
    FOREIGN KEY(lead_id) REFERENCES leads (id)
);
CREATE TABLE tallies (
    campaign_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, name),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE TABLE touches (
    id TEXT NOT NULL,
    campaign_id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    mailbox TEXT,
    subject TEXT,
    body TEXT,
    reason TEXT,
    message_id TEXT,
    sent_at BIGINT,
    steps_version INTEGER NOT NULL,
    created_at BIGINT,
    version INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id),
    FOREIGN KEY(lead_id) REFERENCES leads (id)
);
CREATE UNIQUE INDEX uq_touches_campaign_step ON touches (campaign_id, lead_id, step);
CREATE UNIQUE INDEX uq_touches_step ON touches (lead_id, step);
CREATE TABLE previews (
    lead_id TEXT NOT NULL,
    campaign_id INTEGER NOT NULL,
    step INTEGER NOT NULL,
    due_at BIGINT NOT NULL,
    mailbox TEXT,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (lead_id),
    FOREIGN KEY(lead_id) REFERENCES leads (id),
    FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
CREATE INDEX ix_previews_due ON previews (campaign_id, due_at, lead_id);
CREATE TABLE suppressions (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    value TEXT,
    reason TEXT NOT NULL,
    note TEXT,
    created_at BIGINT NOT NULL,
    "by" TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_suppressions_reason ON suppressions (reason, id);
CREATE UNIQUE INDEX uq_suppressions_hash ON suppressions (hash, kind);
CREATE TABLE quota_buckets (
    name TEXT NOT NULL,
    theoretical_arrival BIGINT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE quota_debits (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    "key" TEXT NOT NULL,
    at BIGINT NOT NULL,
    day DATE NOT NULL,
    amount INTEGER NOT NULL
);
CREATE INDEX ix_quota_debits_at ON quota_debits (scope, "key", at, id);
CREATE INDEX ix_quota_debits_day ON quota_debits (scope, "key", day, amount);
CREATE TABLE ledger (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    campaign_id BIGINT,
    lead_id TEXT,
    touch_id TEXT,
    data TEXT NOT NULL
);
CREATE INDEX ix_ledger_campaign ON ledger (campaign_id, seq);
CREATE INDEX ix_ledger_lead ON ledger (lead_id, seq);
CREATE TABLE instance (
    id INTEGER NOT NULL CHECK (id = 1),
    "key" BLOB NOT NULL,
    kill_switch BOOLEAN NOT NULL,
    kill_switch_reason TEXT,
    kill_switch_since BIGINT,
    kill_switch_by TEXT,
    PRIMARY KEY (id)
);

INSERT INTO alembic_version VALUES ('0001');

INSERT INTO instance (id, "key", kill_switch)
VALUES (1, X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 0);

INSERT INTO campaigns
SELECT id, name, status, NULL, 'os:ann', :at, '{}', NULL, :at, :at, 1, 0, NULL, NULL, '{}', 1, json_object(
    'name', name, 'description', NULL, 'target_niche', NULL, 'service_key', NULL, 'target_clients', NULL,
    'target_mrr', NULL, 'mrr_per_client', NULL, 'currency', 'EUR', 'goal_counts', 'qualified',
    'daily_email_limit', 500, 'timezone', 'UTC', 'language', 'en', 'channels', json('["email"]'),
    'mailboxes', json('[]'), 'dry_run', json('false'), 'first_touch_spread_hours', 0.0, 'no_reply_days', 30,
    'icp', json('{"titles":[],"seniorities":[],"industries":[],"employee_min":null,"employee_max":null,"countries":[]}'),
    'window', json('{"days":[0,1,2,3,4,5,6],"start_minute":0,"end_minute":1440,"holidays":false}'),
    'sources', json('[]'), 'enrichment', json('{"providers":[],"credits_per_day":null}'),
    'scoring', json('{"weights":{"address":0.3,"role_fit":0.25,"company_fit":0.25,"completeness":0.1,"intent":0.1},"min_score":0.0,"auto_qualify":true,"auto_qualify_score":0.7}'),
    'steps', json('[]'),
    'pause_rules', json('{"loss_rate":0.5,"loss_min_contacted":10,"loss_counts_no_reply":false,"age_days":90,"bounce_slow":0.05,"bounce_pause":0.08,"bounce_min_sent":20,"complaint_rate":0.003}'),
    'autonomy', json('{"mode":"full","approve_first":0}')
)
FROM (SELECT 1 AS id, 'Spring' AS name, 'active' AS status UNION SELECT 2, 'Winter', 'paused');

INSERT INTO campaign_steps
SELECT id, 1, '[{"number":1,"subject":"For {{ company }}","body":"This is mail 1 to {{ first_name }}.","channel":"email","wait_days":"0"},{"number":2,"subject":"Again","body":"This is mail 2 to {{ first_name }}.","channel":"email","wait_days":"0"}]'
FROM campaigns;

-- In Spring 39 people, of whom one said no; in Winter those of years, all of them lost.
INSERT INTO leads
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 39 + :past),
person AS (
    SELECT n, n > 39 AS is_past, n = 3 AS said_no, format('p%d@c%d.example', n, n) AS address,
        format('c%d.example', n) AS domain
    FROM number WHERE n != 4
)
SELECT format('ld_%d_%07d', 1 + is_past, n), 1 + is_past, 'address:' || address,
    iif(is_past OR said_no, 'lost', 'enriched'), iif(is_past, 'no_reply', iif(said_no, 'opted_out', NULL)), 1, 0, 0,
    :at, :at, 'valid', NULL, 0.5, :at, NULL, iif(is_past OR said_no, NULL, 'outreach'),
    iif(is_past OR said_no OR n BETWEEN 10 AND 14, NULL, :at), NULL, NULL, 0, NULL, 1, address, domain, NULL,
    'grace|hopper|' || domain, NULL, NULL, '', format('grace hopper acme p%d c%d example', n, n), json_object(
        'email', address, 'first_name', 'Grace', 'last_name', 'Hopper', 'title', NULL, 'seniority', NULL,
        'company', 'Acme', 'domain', NULL, 'industry', NULL, 'employee_count', NULL, 'country', 'FR', 'city', NULL,
        'timezone', NULL, 'language', NULL, 'linkedin_url', NULL, 'phone', NULL, 'tags', json('[]'), 'consent', NULL,
        'custom', json('{}'), 'source', NULL, 'source_ref', NULL, 'expected_mrr', NULL
    )
FROM person;

INSERT INTO tallies VALUES (1, 'status:enriched', 38), (1, 'status:lost', 1), (2, 'status:lost', :past);

-- Planned and approved before the upgrade.
INSERT INTO touches
SELECT 'to_' || substr(id, 4), 1, id, 1, 'email', 'approved', :at, 'sales', 'For Acme',
    'This is mail 1 to Grace.' || char(10), NULL, NULL, NULL, 1, :at, 1
FROM leads WHERE id BETWEEN 'ld_1_0000010' AND 'ld_1_0000014';

INSERT INTO ledger (at, type, actor, campaign_id, lead_id, touch_id, data)
SELECT :at, 'touch.planned', 'engine', 1, lead_id, id, '{"step":1}' FROM touches;

-- p3@c3.example by its own click, and p4@c4.example, of whom only the hash was kept.
INSERT INTO suppressions VALUES
('su_0001', 'address', 'b113f00b8bb36b37a74fe40bb372f698e265861752ff0f65a0863529053a86f9', 'p3@c3.example', 'opted_out', NULL, :at, 'person'),
('su_0002', 'address', 'a8139147d82ac775dbc0850800915dab691fbcaa18aab5bc3a5b940813d8c2d0', NULL, 'erased', NULL, :at, 'os:ann');
