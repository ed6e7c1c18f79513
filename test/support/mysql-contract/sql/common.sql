CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE DATABASE Shop CHARACTER SET utf8mb4;
CREATE DATABASE void;
CREATE DATABASE llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll CHARACTER SET utf8mb4;
CREATE DATABASE `select` CHARACTER SET utf8mb4;
CREATE DATABASE we_b CHARACTER SET utf8mb4;
CREATE DATABASE wexb CHARACTER SET utf8mb4;
CREATE DATABASE secret CHARACTER SET utf8mb4;
CREATE DATABASE `odd 'q' "d" \ ``b`` % ☃ ü` CHARACTER SET utf8mb4;

-- Every kind of type that both have.
CREATE TABLE shop.types (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'The <b>number</b>,\r\n\tcounted\n up',
  t1 TINYINT(1) NOT NULL DEFAULT 0, t2 SMALLINT UNSIGNED, t3 MEDIUMINT, t4 INT(7) UNSIGNED ZEROFILL, bits BIT(12),
  price DECIMAL(12,3) NOT NULL DEFAULT 1.5 COMMENT 'a < b and b > c', whole DECIMAL(65,0), f1 FLOAT, f2 DOUBLE, f3 FLOAT(7,3),
  c1 CHAR(3) CHARACTER SET latin1, c2 VARCHAR(255) COLLATE utf8mb4_bin, c3 TEXT, c4 LONGTEXT, c5 TINYTEXT, c6 MEDIUMTEXT,
  b1 BINARY(16), b2 VARBINARY(33), b3 BLOB, b4 LONGBLOB,
  d1 DATE, d2 DATETIME(6), d3 TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, d4 TIME(3), d5 YEAR,
  e ENUM('a','b, c','d''e','ü ☃','(x)') NOT NULL DEFAULT 'a', s SET('eins','zwei','drei'), j JSON, p POINT,
  doubled DECIMAL(13,3) GENERATED ALWAYS AS (price * 2) VIRTUAL, kept VARCHAR(300) GENERATED ALWAYS AS (concat(c2, ' ''x''')) STORED,
  hidden_one INT INVISIBLE
) COMMENT '<p>All\r\n  types</p>  of <i>both</i>';

-- The name of a primary key is PRIMARY everywhere.
CREATE TABLE shop.plain (a INT, b INT, c INT, UNIQUE KEY u (b));
CREATE TABLE shop.one (a INT PRIMARY KEY, b INT NOT NULL UNIQUE KEY);
CREATE TABLE shop.two (b INT, a INT, c INT, d INT, PRIMARY KEY (a, b), UNIQUE KEY u (c), KEY k (d));
CREATE TABLE Shop.two (b INT PRIMARY KEY, a INT);
CREATE TABLE shop.Two (z INT);
CREATE TABLE shop.children (
  a INT, b INT, parent INT, other INT, twice INT NOT NULL, c INT,
  PRIMARY KEY (a, twice), UNIQUE KEY u (twice),
  CONSTRAINT fk_pair FOREIGN KEY (a, b) REFERENCES shop.two (a, b),
  CONSTRAINT fk_self FOREIGN KEY (parent) REFERENCES shop.children (twice),
  CONSTRAINT fk_away FOREIGN KEY (other) REFERENCES Shop.two (b),
  CONSTRAINT fk_first FOREIGN KEY (twice) REFERENCES shop.one (a),
  CONSTRAINT fk_second FOREIGN KEY (twice) REFERENCES shop.one (b)
);
CREATE TABLE `select`.children (a INT, other INT, CONSTRAINT fk_away FOREIGN KEY (other) REFERENCES shop.one (a));
-- Lists of names longer than 1,024 bytes.
CREATE TABLE shop.wide_key (
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_01 TINYINT, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_02 TINYINT,
  üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü TINYINT, a04 TINYINT, a05 TINYINT, a06 TINYINT, a07 TINYINT, a08 TINYINT,
  a09 TINYINT, a10 TINYINT, a11 TINYINT, a12 TINYINT, a13 TINYINT, a14 TINYINT, a15 TINYINT, a16 TINYINT, no_key TINYINT,
  PRIMARY KEY (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_01, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_02,
    üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü, a04, a05, a06, a07, a08, a09, a10, a11, a12, a13, a14, a15, a16)
);

CREATE TABLE shop.ranged (id INT NOT NULL, at DATE NOT NULL, PRIMARY KEY (id, at))
  PARTITION BY RANGE (year(at)) (PARTITION `p 'old' ☃` VALUES LESS THAN (2020), PARTITION p21 VALUES LESS THAN (2021), PARTITION pmax VALUES LESS THAN MAXVALUE);
CREATE TABLE shop.listed (id INT NOT NULL, land VARCHAR(9) NOT NULL)
  PARTITION BY LIST COLUMNS (land) (PARTITION north VALUES IN ('dk', 'it''s'), PARTITION south VALUES IN ('it', 'es'));
CREATE TABLE shop.hashed (id INT) PARTITION BY HASH (id) PARTITIONS 5;
CREATE TABLE shop.keyed (id INT PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3;
CREATE TABLE shop.sub_parted (id INT NOT NULL, at DATE NOT NULL)
  PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 4 (PARTITION a VALUES LESS THAN (2020), PARTITION b VALUES LESS THAN MAXVALUE);

CREATE TABLE shop.counted (a INT NOT NULL, b VARCHAR(20)) ENGINE = MyISAM ROW_FORMAT = DYNAMIC MAX_ROWS = 77 COMMENT '';
INSERT INTO shop.counted VALUES (1, 'x'), (2, 'y'), (3, 'z');
CREATE TABLE shop.in_memory (a INT) ENGINE = MEMORY;
CREATE TABLE shop.csv (a INT NOT NULL) ENGINE = CSV;
CREATE TABLE shop.gone_part (a INT) ENGINE = MyISAM;
CREATE TABLE shop.merged (a INT) ENGINE = MERGE UNION = (shop.gone_part);
DROP TABLE shop.gone_part;
CREATE TABLE shop.tmp_a (a INT PRIMARY KEY);
CREATE TABLE shop.a_tmp (a INT PRIMARY KEY);
CREATE TABLE shop.tEmp_ok (a INT PRIMARY KEY);

CREATE VIEW shop.v_plain AS SELECT a, b AS `b ü`, 'it''s \\ "x"' AS c FROM shop.two;
CREATE SQL SECURITY INVOKER VIEW shop.v_over AS SELECT * FROM shop.v_plain WITH CHECK OPTION;
CREATE VIEW Shop.v_plain AS SELECT 1 AS one;
CREATE TABLE shop.doomed (x INT, y INT);
CREATE VIEW shop.v_broken AS SELECT x, y FROM shop.doomed;
DROP TABLE shop.doomed;
CREATE TABLE shop.doomed (other INT);
CREATE TABLE shop.doomed2 (x INT);
CREATE VIEW shop.v_lost AS SELECT x FROM shop.doomed2;
CREATE VIEW shop.v_lost_too AS SELECT x FROM shop.v_lost;
DROP TABLE shop.doomed2;
CREATE DEFINER = 'nobody'@'nowhere' VIEW shop.v_orphan AS SELECT a FROM shop.one;
CREATE VIEW shop.v_tmp_ AS SELECT 1 AS a;

CREATE DEFINER = 'nobody'@'nowhere' PROCEDURE shop.twin(IN a INT, INOUT b VARCHAR(20)) COMMENT '<b>Does</b>\n  it' BEGIN
  SELECT a; -- ü ☃
END;
CREATE FUNCTION shop.twin(a INT) RETURNS INT DETERMINISTIC RETURN a + 1;
CREATE PROCEDURE shop.alone() SELECT 'it''s \\ "x"';
CREATE FUNCTION shop.`odd fn 'q' % ☃`() RETURNS VARCHAR(9) DETERMINISTIC RETURN 'x';
CREATE PROCEDURE Shop.alone() SELECT 2;
CREATE TRIGGER shop.trigger_one BEFORE INSERT ON shop.one FOR EACH ROW SET NEW.b = 1;
CREATE EVENT shop.event_one ON SCHEDULE EVERY 1 YEAR DO SELECT 1;

-- A routine and a column of which the paths are the same.
CREATE TABLE shop._procedures_ (alone INT);

CREATE TABLE `select`.`from` (`where` INT PRIMARY KEY, `primary` INT, `key` INT, CONSTRAINT `check` FOREIGN KEY (`primary`) REFERENCES `select`.`from` (`where`));
CREATE TABLE llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll.tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt (
  üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü INT PRIMARY KEY);
CREATE TABLE `odd 'q' "d" \ ``b`` % ☃ ü`.`t 'q' "d" \ ``b`` % ☃ ü` (
  `'q'` INT PRIMARY KEY COMMENT 'it''s \\ "x" 😀 ü', `"d"` INT, `\` INT, `\\n` INT, ```b``` INT, `%s` INT, `☃` INT, `Ä ä` INT, ` lead` INT, `a/b` INT,
  `$1` INT, `{{x}}` INT, `-- x` INT, `/* x` INT, `;` INT, `?` INT, `*` INT,
  CONSTRAINT `fk 'q' \ ☃` FOREIGN KEY (`\`) REFERENCES `odd 'q' "d" \ ``b`` % ☃ ü`.`t 'q' "d" \ ``b`` % ☃ ü` (`'q'`)
) COMMENT 'it''s \\ "x" 😀 ü';
CREATE VIEW `odd 'q' "d" \ ``b`` % ☃ ü`.`v 'q' \ ☃` AS SELECT `'q'`, `\\n` AS `n'\` FROM `odd 'q' "d" \ ``b`` % ☃ ü`.`t 'q' "d" \ ``b`` % ☃ ü`;
CREATE PROCEDURE `odd 'q' "d" \ ``b`` % ☃ ü`.`p 'q' \ ☃`() SELECT 1;

CREATE TABLE we_b.t (a INT);
CREATE TABLE wexb.t (a INT);
CREATE PROCEDURE wexb.p() SELECT 1;
CREATE TABLE secret.open_one (a INT PRIMARY KEY, b INT);
CREATE TABLE secret.columns_only (a INT, b INT, c INT, PRIMARY KEY (b));
CREATE TABLE secret.no_columns (a INT);
CREATE TABLE secret.hidden_one (a INT);
CREATE VIEW secret.v AS SELECT a FROM secret.open_one;
CREATE PROCEDURE secret.p() COMMENT 'Hidden' SELECT 1;
