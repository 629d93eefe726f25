"""Fills a built city with cases, voices, clocks and events by SQL: mostly closed, some open.

The rows keep every constraint; the digests of the filled events are only of the right length, so
`verify_log` has nothing to say about a bench database.
"""

from urllib.parse import urlsplit

import psycopg2

OPEN_AT_MOST = 50_000
OPEN_SHARE = 0.2
POINTS_PER_CELL = 100
TABLES = ("dispatch_case", "dispatch_intake", "dispatch_timer", "dispatch_event")

_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_SPOTS = """
CREATE TEMP TABLE spot AS
SELECT row_number() OVER () - 1 AS n, a.code, left(a.code, 6) AS district,
       left(a.code, 9) AS street, left(a.code, 12) AS community, ST_X(p.geom) AS lon,
       ST_Y(p.geom) AS lat, u.units
FROM citygis_area a
CROSS JOIN LATERAL ST_Dump(ST_GeneratePoints(a.geom, %s, 7)) p
JOIN (SELECT area_code, array_agg(id ORDER BY id) AS units FROM accounts_unit GROUP BY 1) u
  ON u.area_code = left(a.code, 6)
WHERE a.level = 'CELL' AND a.valid_to IS NULL
"""
_KINDS = """
CREATE TEMP TABLE kind AS
SELECT row_number() OVER (ORDER BY code) - 1 AS n, code, family, priority, name
FROM dispatch_category WHERE selectable AND code ~ '^[CE]'
"""
_CASES = """
INSERT INTO dispatch_case
  (id, case_no, state, is_open, line, lines, category_code, condition_code, family, priority,
   sensitive, title, address, location, accuracy_m, area_code, district_code, street_code,
   community_code, cell_code, component_id, lead_unit_id, intakes_count, rework_count, due_stage,
   due_at, created_at, state_at, closed_at, close_type, version)
SELECT i, s.district || to_char(t.at, 'YYYYMMDD') || 'B' || lpad(i::text, 8, '0'), t.state,
       t.is_open, t.line, t.line, k.code, '', k.family, k.priority, false,
       k.name || '需要处理 ' || i, '春晓路 ' || i %% 900 || ' 号',
       ST_SetSRID(ST_Point(s.lon + (random() - 0.5) * 1e-4, s.lat + (random() - 0.5) * 1e-4), 4326),
       8, s.code, s.district, s.street, s.community, s.code, '', s.units[1 + i %% 3], 1, 0,
       CASE WHEN t.is_open THEN t.stage ELSE '' END,
       CASE WHEN t.is_open THEN t.at + (i %% 1009) * interval '25 minutes'
            ELSE '9999-12-31T00:00:00Z' END,
       t.at, t.at + interval '1 hour', CASE WHEN NOT t.is_open THEN t.at + interval '3 days' END,
       CASE WHEN t.is_open THEN '' ELSE 'NORMAL' END, 4
FROM generate_series(1, %(cases)s) i
CROSS JOIN LATERAL (
  SELECT i > %(cases)s - %(open)s AS is_open,
         (ARRAY['HOTLINE', 'GRID', 'GRID', 'AFFAIRS'])[1 + i %% 4] AS line) f
CROSS JOIN LATERAL (
  SELECT f.is_open, f.line,
         CASE WHEN f.is_open THEN (ARRAY['PENDING_SIGN', 'PENDING_SIGN', 'PENDING_SIGN',
           'PROCESSING', 'PROCESSING', 'PROCESSING', 'PROCESSING', 'REGISTERED',
           'PENDING_DISPATCH', 'CHECKING'])[1 + (i / 4) %% 10] ELSE 'CLOSED' END AS state,
         (ARRAY['SIGN', 'SIGN', 'SIGN', 'DISPOSAL', 'DISPOSAL', 'DISPOSAL', 'DISPOSAL',
           'ACCEPT', 'DISPATCH', 'CHECK'])[1 + (i / 4) %% 10] AS stage,
         CASE WHEN f.is_open THEN %(now)s::timestamptz
                - ((%(cases)s - i) * 14.0 / %(open)s) * interval '1 day'
              ELSE %(now)s::timestamptz - interval '14 days'
                - ((%(cases)s - i) * 700.0 / %(cases)s) * interval '1 day' END AS at) t
JOIN spot s ON s.n = (i::bigint * 7919) %% (SELECT count(*) FROM spot)
JOIN kind k ON k.n = (i::bigint * 31 + i / 7) %% (SELECT count(*) FROM kind)
ORDER BY i
"""
_VOICES = """
INSERT INTO dispatch_intake
  (case_id, intake_no, query_code, line, channel, kind, category_code, title, content, address,
   phone_index, anonymous, confidential, wants_reply, location, raw_crs, accuracy_m, occurred_at,
   received_at, source_system, source_id, request_digest)
SELECT id, right(case_no, -6), '000000', line, 'PHONE', 'COMPLAINT', category_code, title,
       title || '，请尽快处理。', address, md5((id %% 300000)::text), false, false, true, location,
       'WGS84', 8, created_at, created_at, 'bench', id::text, md5(id::text)
FROM dispatch_case ORDER BY dispatch_case.id
"""
_CLOCKS = """
INSERT INTO dispatch_timer (case_id, stage, state, started_at, due_at, ended_at, limit_amount,
                            limit_unit, limit_counting, overdue_at, said_percent, next_at,
                            limit_minutes)
SELECT id, CASE WHEN is_open THEN due_stage ELSE 'DISPOSAL' END,
       CASE WHEN is_open THEN 'RUNNING' ELSE 'MET' END, created_at,
       CASE WHEN is_open THEN due_at ELSE created_at + interval '5 days' END, closed_at, 5, 'WD',
       'DAY_COUNT', CASE WHEN is_open AND due_at <= %(now)s THEN due_at END,
       CASE WHEN is_open AND due_at <= %(now)s THEN 300 ELSE 75 END,
       CASE WHEN is_open AND due_at > %(now)s THEN due_at END, 2400
FROM dispatch_case ORDER BY dispatch_case.id
"""
_ASSIGNMENTS = """
INSERT INTO dispatch_assignment (case_id, unit_id, role, why, dispatched_at)
SELECT id, lead_unit_id, 'LEAD', 'bench', state_at FROM dispatch_case
WHERE is_open AND state IN ('PENDING_SIGN', 'PROCESSING', 'CHECKING')
"""
_EVENTS = """
INSERT INTO dispatch_event (case_id, case_no, topic, at, from_state, to_state, line, category,
                            priority, district, payload, seq, digest)
SELECT id, case_no, topic, at, from_state, to_state, line, category_code, priority,
       district_code, jsonb_build_object('unit', lead_unit_id),
       row_number() OVER (PARTITION BY district_code ORDER BY at, id), md5(id::text) || md5(topic)
FROM (
  SELECT *, 'case.registered' AS topic, created_at AS at, '' AS from_state,
         'REGISTERED' AS to_state FROM dispatch_case
  UNION ALL
  SELECT *, 'case.closed', state_at, 'REGISTERED', state FROM dispatch_case
  WHERE state <> 'REGISTERED') e
ORDER BY at
"""
_HEADS = """
INSERT INTO dispatch_feedhead (district, seq, digest, at)
SELECT district, max(seq), md5(district) || md5(district), %(now)s FROM dispatch_event GROUP BY 1;
INSERT INTO dispatch_tally (district, line, category, state, count)
SELECT district_code, line, category_code, state, count(*) FROM dispatch_case GROUP BY 1, 2, 3, 4;
SELECT setval('dispatch_case_id_seq', %(cases)s)
"""


def fill(database_url: str, *, cases: int, now: str) -> None:
    """Fill the built city of one database; `now` is an ISO time. Secondary indexes come last."""
    open_cases = min(OPEN_AT_MOST, int(cases * OPEN_SHARE))
    numbers = {"cases": cases, "open": open_cases, "now": now}
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off;"
            "SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'; SELECT setseed(0.5)"
        )
        cursor.execute(_INDEXES, [list(TABLES)])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(_SPOTS, [POINTS_PER_CELL])
        cursor.execute(_KINDS)
        for statement in (_CASES, _VOICES, _CLOCKS, _ASSIGNMENTS, _EVENTS, _HEADS):
            cursor.execute(statement, numbers)
        for _, definition in indexes:
            cursor.execute(definition)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    connection.close()


def create_database(server_url: str, name: str, *, template: str = "template0") -> str:
    """A new database in place of an old one of that name; its URL."""
    url = urlsplit(server_url)
    connection = psycopg2.connect(url._replace(path="/postgres").geturl())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    connection.close()
    return url._replace(path=f"/{name}").geturl()


def drop_databases(server_url: str, names: tuple[str, ...]) -> None:
    """Give the disk back."""
    connection = psycopg2.connect(urlsplit(server_url)._replace(path="/postgres").geturl())
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    connection.close()
