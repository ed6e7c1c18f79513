"""Makes of each T-SQL on a line (as JSON) the same for DuckDB. It fails for anything that is no T-SQL."""

import json
import sys

from sqlglot import exp, parse

# A statement that the parser does not know would only be a warning.
import logging

logging.disable(logging.CRITICAL)


def replace(tree, kind, make):
    for node in list(tree.find_all(kind)):
        # It may have gone with one around it.
        if node.root() is tree:
            node.replace(make(node))
    return tree


def converted(node):
    """CONVERT(varchar, CONVERT(varbinary, x), 2) has the digits of the letters of x; any other one is a cast."""
    style = node.args.get("style")
    if style is None:
        return exp.Cast(this=node.expression, to=node.this)
    inner = node.expression
    assert style.name == "2" and isinstance(inner, exp.Convert), node.sql("tsql")
    return exp.Anonymous(this="utf16hex", expressions=[inner.expression])


for line in sys.stdin:
    try:
        [tree] = parse(json.loads(line), read="tsql")
        assert isinstance(tree, exp.Select), "a SELECT is expected"
        tree = replace(tree, exp.Convert, converted)
        tree = replace(tree, exp.National, lambda node: exp.Literal.string(node.name))
        tree = replace(tree, exp.Collate, lambda node: node.this)
        # In Ferry's queries, every sum is of texts, and every quotient of integers.
        tree = replace(tree, exp.Add, lambda node: exp.DPipe(this=node.this, expression=node.expression))
        tree = replace(tree, exp.Div, lambda node: exp.IntDiv(this=node.this, expression=node.expression))
        print(json.dumps({"content": tree.sql("duckdb")}), flush=True)
    except Exception as error:  # noqa: BLE001
        print(json.dumps({"error": str(error)}), flush=True)
