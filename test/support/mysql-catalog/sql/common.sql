-- The torture catalog of MySQL and MariaDB. Names are as bad as they come: MySQL takes letters of the first plane only.
CREATE DATABASE app CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE `odd "d" 'q' \ ü/%(x)` CHARACTER SET utf8mb4;
CREATE DATABASE `empty`;
CREATE DATABASE hidden;
CREATE DATABASE partly;

CREATE TABLE app.customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) NOT NULL DEFAULT 'it''s' COMMENT 'Who\n<b>pays</b>  "us" \\ ü 🐘',
  email VARCHAR(255) CHARACTER SET latin1 COLLATE latin1_general_cs UNIQUE,
  balance DECIMAL(12,2) DEFAULT 0.00,
  state ENUM('new','it''s','c,d') NOT NULL DEFAULT 'new',
  flags SET('a','b'),
  photo LONGBLOB,
  note MEDIUMTEXT,
  net DECIMAL(14,4) GENERATED ALWAYS AS (balance / 1.19) STORED,
  label VARCHAR(100) GENERATED ALWAYS AS (CONCAT(name, '!')) VIRTUAL,
  created TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  born DATE,
  noon TIME(6),
  since YEAR,
  small TINYINT(1),
  mid MEDIUMINT UNSIGNED ZEROFILL,
  ratio FLOAT,
  factor DOUBLE(10,3),
  bits BIT(5),
  doc JSON,
  place POINT,
  fixed BINARY(16),
  code CHAR(3),
  KEY by_state (state)
) ENGINE=InnoDB COMMENT='Main  <i>customers</i>\ntable';

CREATE TABLE app.orders (
  id INT NOT NULL PRIMARY KEY,
  customer BIGINT UNSIGNED NOT NULL UNIQUE,
  parent INT,
  CONSTRAINT customer_of FOREIGN KEY (customer) REFERENCES app.customers (id),
  CONSTRAINT parent_of FOREIGN KEY (parent) REFERENCES app.orders (id)
) ENGINE=InnoDB;

-- A column that belongs to the primary key and to a foreign key.
CREATE TABLE app.order_lines (
  order_id INT NOT NULL,
  line INT NOT NULL,
  amount INT CHECK (amount > 0),
  PRIMARY KEY (order_id, line),
  FOREIGN KEY (order_id) REFERENCES app.orders (id)
) ENGINE=InnoDB;

CREATE TABLE app.in_memory (a INT) ENGINE=MEMORY;
CREATE TABLE app.my_isam (a INT, b VARCHAR(10), FULLTEXT (b)) ENGINE=MyISAM MAX_ROWS=1000;
INSERT INTO app.my_isam VALUES (1, 'one'), (2, 'two'), (3, 'three');

CREATE TABLE app.by_range (id INT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day))
  PARTITION BY RANGE (YEAR(day)) (
    PARTITION p2023 VALUES LESS THAN (2024) COMMENT = 'old <b>ones</b>',
    PARTITION p2024 VALUES LESS THAN (2025),
    PARTITION rest VALUES LESS THAN MAXVALUE);
INSERT INTO app.by_range VALUES (1, '2023-05-05'), (2, '2024-05-05'), (3, '2024-06-05');
CREATE TABLE app.by_list (kind VARCHAR(10)) PARTITION BY LIST COLUMNS (kind) (
  PARTITION ab VALUES IN ('a', 'b'),
  PARTITION `o'dd` VALUES IN ('c'));
CREATE TABLE app.by_hash (id INT) PARTITION BY LINEAR HASH (id) PARTITIONS 4;
CREATE TABLE app.by_key (id INT PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 2;
-- Two partitions with three subpartitions each.
CREATE TABLE app.sub_parted (id INT, day DATE)
  PARTITION BY RANGE (YEAR(day)) SUBPARTITION BY HASH (id) SUBPARTITIONS 3 (
    PARTITION p0 VALUES LESS THAN (2000),
    PARTITION p1 VALUES LESS THAN MAXVALUE);

CREATE VIEW app.totals AS SELECT customer, COUNT(*) AS orders, 'it''s \\ "here"' AS note FROM app.orders GROUP BY customer;
CREATE VIEW app.totals_again AS SELECT * FROM app.totals;
CREATE TABLE app.doomed (a INT);
CREATE VIEW app.broken AS SELECT a FROM app.doomed;
DROP TABLE app.doomed;
-- The same name in two schemas.
CREATE TABLE hidden.customers (a INT PRIMARY KEY);
CREATE VIEW hidden.totals AS SELECT a FROM hidden.customers;
CREATE PROCEDURE hidden.secret_procedure() SELECT 1;

CREATE TABLE partly.seen (id INT PRIMARY KEY, secret VARCHAR(10));
CREATE TABLE partly.unseen (id INT PRIMARY KEY);
CREATE VIEW partly.seen_view AS SELECT id FROM partly.seen;
CREATE FUNCTION partly.seen_function(a INT) RETURNS INT DETERMINISTIC RETURN a + 1;

CREATE TABLE app.`Case` (a INT);
CREATE TABLE app.`case` (b INT);
CREATE TABLE app.`select` (`from` INT, `where "x"` INT, `back\slash` INT, `quote's` INT, `tick``s` INT, `per%cent` INT, `slash/es` INT, `ümläut €` INT);
CREATE TABLE app.`abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl` (
  `abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl` INT COMMENT 'sixty-four');
CREATE TABLE `odd "d" 'q' \ ü/%(x)`.`tab/le "t" 't' \ %` (`co/l "c"` INT PRIMARY KEY);
CREATE VIEW `odd "d" 'q' \ ü/%(x)`.`vi"e'w` AS SELECT `co/l "c"` AS x FROM `odd "d" 'q' \ ü/%(x)`.`tab/le "t" 't' \ %`;
CREATE TABLE app.tmp_one (a INT);

CREATE PROCEDURE app.add_order(IN customer BIGINT, OUT id INT, INOUT note VARCHAR(10)) COMMENT 'Adds <b>one</b>'
  MODIFIES SQL DATA
  INSERT INTO app.my_isam VALUES (customer, note);
CREATE FUNCTION app.twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
-- A procedure and a function may share a name.
CREATE PROCEDURE app.same_name() SELECT 1;
CREATE FUNCTION app.same_name(x DECIMAL(10,2)) RETURNS VARCHAR(20) DETERMINISTIC RETURN 'a';
CREATE PROCEDURE app.`proc/e "d" 'ure'`() SELECT 'it''s \\ ü';
CREATE TRIGGER app.before_order BEFORE INSERT ON app.orders FOR EACH ROW SET NEW.id = NEW.id + 1;
CREATE EVENT app.nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM app.my_isam;
