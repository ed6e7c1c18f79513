"""Reads Prometheus' text format from its input, by Prometheus' own client for Python: writes families with their samples as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = [
    {
        "name": family.name,
        "type": family.type,
        "help": family.documentation,
        "samples": [
            {"name": sample.name, "labels": sample.labels, "value": sample.value} for sample in family.samples
        ],
    }
    for family in text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8"))
]
json.dump(families, sys.stdout)
