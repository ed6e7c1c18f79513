"""Prints a CSV file as JSON: the text of each value, null where it is nothing, and the types that pyarrow itself would see.

usage: read_csv.py FILE
"""

import json
import sys

import pyarrow as pa
import pyarrow.csv as csv

LINES = csv.ParseOptions(newlines_in_values=True)
NULLS = {"null_values": [""], "strings_can_be_null": True, "quoted_strings_can_be_null": False}


def main():
    seen = csv.read_csv(sys.argv[1], parse_options=LINES, convert_options=csv.ConvertOptions(**NULLS))
    as_text = {name: pa.string() for name in seen.column_names}
    convert = csv.ConvertOptions(column_types=as_text, **NULLS)
    table = csv.read_csv(sys.argv[1], parse_options=LINES, convert_options=convert)
    json.dump(
        {
            "columns": [{"name": field.name, "type": str(field.type)} for field in seen.schema],
            "rows": [list(row.values()) for row in table.to_pylist()],
        },
        sys.stdout,
    )


main()
