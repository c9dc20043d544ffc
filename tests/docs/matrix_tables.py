"""The tables of docs/matrix.md, made from the schema; ``python tests/docs/matrix_tables.py`` writes them into it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from imbench.matrix.schema import json_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "matrix.md"

#: What TOML calls them.
_WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "object": "table",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}


def tables() -> dict[str, str]:
    """Name of a table of the file (the top level is ``matrix``) → Markdown table of its keys."""
    schema = json_schema()
    found = {"matrix": _table(schema)}
    for key in ("datasets", "strategies", "profile", "budget", "tuning", "cost", "limits"):
        names = re.findall(r"#/\$defs/(\w+)", json.dumps(schema["properties"][key]))
        found[key] = _table(schema["$defs"][names[0]])
    return found


def with_tables(page: str) -> str:
    """The page with every table between its markers replaced."""
    for name, table in tables().items():
        start, end = f"<!-- keys of {name} -->", f"<!-- end of {name} -->"
        before, found, rest = page.partition(start)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{PAGE.name} lacks the markers {start} and {end}")
        page = f"{before}{start}\n{table}\n{end}{after}"
    return page


def _table(schema: dict[str, Any]) -> str:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, field in schema["properties"].items():
        default = "**required**" if key in schema.get("required", ()) else _toml(field.get("default"))
        lines.append(f"| `{key}` | {_type(field)} | {default} | {field.get('description') or 'see below'} |")
    return "\n".join(lines)


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f'`"{value}"`' for value in field["enum"])
    if "const" in field:
        return f'`"{field["const"]}"`'
    if "anyOf" in field:
        kinds = [_type(each) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "whole number" or "number" not in kinds))
    if "$ref" in field:
        return "table"
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if field["type"] == "object":
        return "table"
    bounds = [f"{sign} {field[name]:,g}" for name, sign in _BOUNDS.items() if name in field]
    return " ".join([_WORDS[field["type"]], ", ".join(bounds)]).strip()


def _toml(value: Any) -> str:
    if value in (None, "", [], {}) or isinstance(value, dict):
        return ""
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
