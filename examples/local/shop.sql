CREATE TABLE kunden (id int PRIMARY KEY, name varchar(80) CHARACTER SET utf8mb4 NOT NULL, guthaben decimal(12,2));
INSERT INTO kunden VALUES (1, 'Bäckerei Größmann', 120.50), (2, 'Stadtwerke', NULL), (3, 'Müller & Söhne', -0.01);
