-- What the catalogs of Postgres 18 hold in addition, in the schema app.
SET ROLE ferry_owner;
CREATE TABLE app.virtual (
  a integer,
  doubled integer GENERATED ALWAYS AS (a * 2),
  CONSTRAINT a_is_there NOT NULL a
);
CREATE TABLE app.rooms (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE app.bookings (
  room int4range,
  during daterange,
  FOREIGN KEY (room, PERIOD during) REFERENCES app.rooms (room, PERIOD during)
);
RESET ROLE;
