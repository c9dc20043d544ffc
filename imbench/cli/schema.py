"""``imbench schema``: the JSON Schema of matrix files, for editors."""

from __future__ import annotations

from imbench.cli.text import out_json

__all__ = ["schema"]


def schema() -> None:
    """Print the JSON Schema of matrix files.

    Put '#:schema ./imbench.schema.json' on the first line of a matrix, and editors complete its keys.
    """
    from imbench.matrix.schema import json_schema

    out_json(json_schema())
