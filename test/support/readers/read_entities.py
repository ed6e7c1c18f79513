"""Reads lines of entities as Atlan's own client does: each by the class of its type, and out again.

For each line on the input, the path of a file as JSON, it answers {"content": {"read": how many of each type, "lost": …}}: the paths
in entities, each with the type, that the client does not know or changes, and an example of each.
"""

import json
import sys

from pyatlan.model import assets


def differences(given, read, path):
    if isinstance(given, dict) and isinstance(read, dict):
        for key, value in given.items():
            if key in read:
                yield from differences(value, read[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}", value, None
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for one, other in zip(given, read):
            yield from differences(one, other, f"{path}[]")
    elif given != read or isinstance(given, bool) != isinstance(read, bool):
        yield path, given, read


def read_file(file):
    lost = {}
    read = {}
    with open(file, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            entity = json.loads(line)
            type_name = entity["typeName"]
            # As the client does with the answers of Atlan's server.
            known = getattr(assets, type_name)(**entity)
            read[type_name] = read.get(type_name, 0) + 1
            again = json.loads(known.json(by_alias=True, exclude_unset=True))
            for path, given, got in differences(entity, again, type_name):
                lost.setdefault(path, [given, got])
    return {"read": read, "lost": lost}


for line in sys.stdin:
    try:
        print(json.dumps({"content": read_file(json.loads(line))}), flush=True)
    except Exception as error:  # noqa: BLE001
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
