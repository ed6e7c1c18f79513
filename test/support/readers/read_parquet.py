"""Reads Parquet files without losing anything that JSON or Python's datetime cannot hold: see python-reader.ts."""

import json
import math
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

UNIT = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def date_text(days):
    """The proleptic Gregorian date: Python's own ends at the year 9999, Parquet's does not."""
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return f"{year:04d}-{month:02d}-{day_of_year - (153 * shifted + 2) // 5 + 1:02d}"


def time_text(value, digits):
    seconds, fraction = divmod(value, 10**digits)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:0{digits}d}" if digits else text


def timestamp_text(value, kind):
    digits = UNIT[kind.unit]
    days, rest = divmod(value, 86400 * 10**digits)
    return f"{date_text(days)}T{time_text(rest, digits)}{'Z' if kind.tz else ''}"


def number(value):
    if isinstance(value, float):
        return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value if abs(value) <= 2**53 else str(value)


def convert(array):
    """The values of an Arrow array, ready for JSON."""
    kind = array.type
    t = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        values = convert(array.storage)
        if kind.extension_name == "arrow.uuid":
            return [value and str(uuid.UUID(value)) for value in values]
        return values
    if t.is_dictionary(kind):
        return convert(array.dictionary_decode())
    if t.is_date32(kind):
        return each(array.cast(pa.int32()), date_text)
    if t.is_timestamp(kind):
        return each(array.cast(pa.int64()), lambda value: timestamp_text(value, kind))
    if t.is_time(kind):
        storage = pa.int32() if t.is_time32(kind) else pa.int64()
        return each(array.cast(storage), lambda value: time_text(value, UNIT[kind.unit]))
    if t.is_decimal(kind):
        return each(array, lambda value: format(value, "f"))
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind):
        return each(array, bytes.hex)
    if t.is_integer(kind) or t.is_floating(kind):
        return each(array, number)
    if t.is_map(kind) or t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        return [convert_nested(item) for item in array]
    if t.is_struct(kind):
        fields = {field.name: convert(array.field(i)) for i, field in enumerate(kind)}
        valid = array.is_valid().to_pylist()
        return [{name: fields[name][i] for name in fields} if valid[i] else None for i in range(len(array))]
    if t.is_string(kind) or t.is_large_string(kind) or t.is_boolean(kind) or t.is_null(kind):
        return array.to_pylist()
    return each(array, str)


def convert_nested(item):
    """A list, or a map as a list of [key, value]."""
    if not item.is_valid:
        return None
    values = convert(item.values)
    return [list(pair.values()) for pair in values] if pa.types.is_map(item.type) else values


def each(array, function):
    return [None if value is None else function(value) for value in array.to_pylist()]


def content(path):
    # Not pq.read_table, which would add columns for a folder called like `day=1`.
    table = pq.ParquetFile(path).read()
    columns = [
        [value for chunk in column.chunks for value in convert(chunk)] for column in table.itercolumns()
    ]
    return {
        "columns": [{"name": field.name, "type": str(field.type)} for field in table.schema],
        "rows": [list(row) for row in zip(*columns)] if columns else [],
        "rowCount": table.num_rows,
    }


for line in sys.stdin:
    try:
        answer = {"content": content(json.loads(line))}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, allow_nan=False), flush=True)
