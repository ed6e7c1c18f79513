-- What only MySQL has.
CREATE TABLE app.with_invisible (id INT, secret INT INVISIBLE, v VECTOR(3), doc JSON, INDEX ((CAST(doc->'$.a' AS UNSIGNED ARRAY))));
CREATE TABLE app.by_expression (id INT, made_at DATETIME DEFAULT (NOW() + INTERVAL 1 DAY), KEY ((id + 1)));
