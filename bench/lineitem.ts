/** TPC-H's lineitem with its 16 columns; values are computed, so that a row costs little. */
export const createPostgresLineitem = (rows: number, table = 'lineitem') => `
  CREATE UNLOGGED TABLE ${table} AS SELECT
    g AS l_rowid, (g / 4)::bigint AS l_orderkey, (g * 7919 % 200000)::int AS l_partkey, (g * 104729 % 10000)::int AS l_suppkey,
    (g % 7 + 1)::int AS l_linenumber, (g % 50 + 1)::numeric(15,2) AS l_quantity, (g * 31 % 10000000 / 100.0)::numeric(15,2) AS l_extendedprice,
    (g % 11 / 100.0)::numeric(15,2) AS l_discount, (g % 9 / 100.0)::numeric(15,2) AS l_tax,
    chr(65 + (g % 3)::int) AS l_returnflag, chr(79 + (g % 2)::int) AS l_linestatus,
    date '1992-01-01' + (g % 2526)::int AS l_shipdate, date '1992-02-01' + (g % 2526)::int AS l_commitdate,
    (ARRAY['DELIVER IN PERSON','COLLECT COD','NONE','TAKE BACK RETURN'])[g % 4 + 1] AS l_shipinstruct,
    (ARRAY['TRUCK','MAIL','REG AIR','SHIP','AIR','FOB','RAIL'])[g % 7 + 1] AS l_shipmode,
    'comment für ' || md5(g::text) AS l_comment
  FROM generate_series(1, ${rows}::bigint) g`;

/** The same for MariaDB, in database `ferry`. */
export const createMariadbLineitem = (rows: number, table = 'lineitem') => `
  CREATE TABLE ferry.${table} ENGINE=InnoDB AS SELECT
    seq AS l_rowid, CAST(seq DIV 4 AS SIGNED) AS l_orderkey, CAST(seq * 7919 % 200000 AS INT) AS l_partkey,
    CAST(seq * 104729 % 10000 AS INT) AS l_suppkey, CAST(seq % 7 + 1 AS INT) AS l_linenumber,
    CAST(seq % 50 + 1 AS DECIMAL(15,2)) AS l_quantity, CAST(seq * 31 % 10000000 / 100 AS DECIMAL(15,2)) AS l_extendedprice,
    CAST(seq % 11 / 100 AS DECIMAL(15,2)) AS l_discount, CAST(seq % 9 / 100 AS DECIMAL(15,2)) AS l_tax,
    CHAR(65 + seq % 3 USING utf8mb4) AS l_returnflag, CHAR(79 + seq % 2 USING utf8mb4) AS l_linestatus,
    DATE '1992-01-01' + INTERVAL seq % 2526 DAY AS l_shipdate, DATE '1992-02-01' + INTERVAL seq % 2526 DAY AS l_commitdate,
    ELT(seq % 4 + 1, 'DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN') AS l_shipinstruct,
    ELT(seq % 7 + 1, 'TRUCK', 'MAIL', 'REG AIR', 'SHIP', 'AIR', 'FOB', 'RAIL') AS l_shipmode,
    CONCAT('comment für ', MD5(seq)) AS l_comment
  FROM ferry.seq_1_to_${rows}`;

/** A table of 30 columns of many types, as administrations have them. */
export const createPostgresMixed = (rows: number) => `
  CREATE UNLOGGED TABLE mixed AS SELECT
    g AS l_rowid, g * 3 AS n2, g * 7919 % 100000 AS n3, -g AS n4,
    (g % 100)::int AS i1, (g % 1000)::int AS i2, (g % 7)::int AS i3, (g % 30000)::smallint AS i4,
    (g / 7.0)::numeric(18,4) AS d1, (g * 31 % 10000000 / 100.0)::numeric(15,2) AS d2, (g % 11 / 100.0)::numeric(5,2) AS d3,
    (g / 3.0)::numeric(38,10) AS d4, (g * 1.5)::float8 AS f1, (g % 13)::float4 AS f2,
    'Müller ' || g % 5000 AS t1, md5(g::text) AS t2, repeat('x', (g % 60)::int) AS t3, CASE WHEN g % 3 = 0 THEN NULL ELSE 'Straße ' || g END AS t4,
    'A' || g % 10 AS t5, to_char(g % 100000, 'FM00000') AS t6, 'a longer text that describes case ' || g AS t7,
    timestamptz '2020-01-01 00:00+00' + g * interval '1 second' AS z1, timestamptz '2021-01-01 00:00+00' + g * interval '1 minute' AS z2,
    timestamp '2022-01-01' + g * interval '1 millisecond' AS z3, date '2000-01-01' + (g % 9000)::int AS z4,
    g % 2 = 0 AS b1, CASE WHEN g % 5 = 0 THEN NULL ELSE g % 3 = 0 END AS b2,
    md5(g::text)::uuid AS u1, jsonb_build_object('id', g, 'name', 'n' || g % 100) AS j1, decode(md5(g::text), 'hex') AS y1
  FROM generate_series(1, ${rows}::bigint) g`;
