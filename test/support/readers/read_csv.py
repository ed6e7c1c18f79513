"""Reads CSV files: the text of each value, null where it is nothing, and the types that pyarrow itself would see. See python-reader.ts."""

import json
import sys

import pyarrow as pa
import pyarrow.csv as csv

LINES = csv.ParseOptions(newlines_in_values=True)
NULLS = {"null_values": [""], "strings_can_be_null": True, "quoted_strings_can_be_null": False}


def content(path):
    seen = csv.read_csv(path, parse_options=LINES, convert_options=csv.ConvertOptions(**NULLS))
    as_text = {name: pa.string() for name in seen.column_names}
    convert = csv.ConvertOptions(column_types=as_text, **NULLS)
    table = csv.read_csv(path, parse_options=LINES, convert_options=convert)
    return {
        "columns": [{"name": field.name, "type": str(field.type)} for field in seen.schema],
        "rows": [list(row.values()) for row in table.to_pylist()],
    }


for line in sys.stdin:
    try:
        answer = {"content": content(json.loads(line))}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, allow_nan=False), flush=True)
