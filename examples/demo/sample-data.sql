-- What the database of a small German town might contain: citizens' reports, the budget, the register of street trees.
-- Invented, and the same at each start: setseed() makes random() repeatable.
SELECT setseed(0.42);

CREATE SCHEMA stadt;

CREATE TYPE stadt.meldestatus AS ENUM ('neu', 'in Bearbeitung', 'erledigt');

CREATE TABLE stadt.ortsteile (
  id int PRIMARY KEY,
  name text NOT NULL,
  einwohner int NOT NULL
);
INSERT INTO stadt.ortsteile VALUES
  (1, 'Altstadt', 8214), (2, 'Südvorstadt', 12077), (3, 'Großzschocher', 5391),
  (4, 'Königshöhe', 3120), (5, 'Mühlenviertel', 9466);

CREATE TABLE stadt.meldungen (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  eingegangen timestamptz NOT NULL,
  kategorie text NOT NULL,
  beschreibung text,
  ortsteil_id int NOT NULL REFERENCES stadt.ortsteile,
  status stadt.meldestatus NOT NULL,
  erledigt_am date
);
INSERT INTO stadt.meldungen (eingegangen, kategorie, beschreibung, ortsteil_id, status, erledigt_am)
SELECT
  eingegangen,
  kategorie,
  CASE WHEN random() < 0.1 THEN NULL ELSE kategorie || ' in der ' || straße || ', Höhe Nr. ' || (1 + floor(random() * 120))::int END,
  1 + floor(random() * 5)::int,
  status::stadt.meldestatus,
  CASE WHEN status = 'erledigt' THEN (eingegangen + interval '1 day' * (1 + floor(random() * 30)))::date END
FROM (
  SELECT
    timestamptz '2026-01-01 06:00:00+01' + interval '37 minutes' * g AS eingegangen,
    (ARRAY['Schlagloch', 'Straßenlaterne defekt', 'Wilder Müll', 'Ampel gestört', 'Spielplatz beschädigt', 'Überfüllter Papierkorb'])[1 + floor(random() * 6)::int] AS kategorie,
    (ARRAY['Goethestraße', 'Schützenallee', 'Mühlgasse', 'Kurfürstenstraße', 'Am Weißen Bach', 'Größlerweg'])[1 + floor(random() * 6)::int] AS straße,
    (ARRAY['neu', 'in Bearbeitung', 'erledigt', 'erledigt'])[1 + floor(random() * 4)::int] AS status
  FROM generate_series(1, 12000) g
) meldung;

CREATE TABLE stadt.haushalt (
  jahr int NOT NULL,
  produktbereich text NOT NULL,
  ertrag numeric(14, 2) NOT NULL,
  aufwand numeric(14, 2) NOT NULL,
  PRIMARY KEY (jahr, produktbereich)
);
INSERT INTO stadt.haushalt
SELECT jahr, bereich, round((random() * 9000000)::numeric, 2), round((random() * 14000000)::numeric, 2)
FROM generate_series(2020, 2026) jahr,
  unnest(ARRAY['Innere Verwaltung', 'Sicherheit und Ordnung', 'Schulträgeraufgaben', 'Kultur', 'Soziale Hilfen',
    'Räumliche Planung', 'Verkehrsflächen und ÖPNV', 'Natur- und Landschaftspflege']) bereich;

CREATE TABLE stadt.bäume (
  nummer text PRIMARY KEY,
  art text NOT NULL,
  pflanzjahr smallint,
  höhe_m real,
  ortsteil_id int NOT NULL REFERENCES stadt.ortsteile,
  gefällt boolean NOT NULL
);
INSERT INTO stadt.bäume
SELECT
  'B-' || lpad(g::text, 5, '0'),
  (ARRAY['Winterlinde', 'Spitzahorn', 'Stieleiche', 'Hängebirke', 'Rosskastanie', 'Blutbuche'])[1 + floor(random() * 6)::int],
  CASE WHEN random() < 0.95 THEN 1890 + floor(random() * 135)::int END,
  round((2 + random() * 26)::numeric, 1),
  1 + floor(random() * 5)::int,
  random() < 0.03
FROM generate_series(1, 8000) g;

-- Ferry needs no other rights.
CREATE ROLE ferry LOGIN;
GRANT USAGE ON SCHEMA stadt TO ferry;
GRANT SELECT ON ALL TABLES IN SCHEMA stadt TO ferry;
