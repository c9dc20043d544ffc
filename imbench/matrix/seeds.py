"""Random streams named by what they are for, never by who asks.

Every stream derives from the sha256 of (dataset, ratio, seed, purpose). The strategy is not among them, so all
strategies of a block see the same split, the same thinned rows, the same initial weights and the same batch order.
Python's ``hash()`` is salted per process and is never used.
"""

from __future__ import annotations

import hashlib
import json

__all__ = ["canonical_json", "derive_seed", "digest"]


def canonical_json(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, NaN refused (ValueError)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """Hex sha256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def derive_seed(*words: str | int | float | None) -> int:
    """A 63-bit seed for the stream named by ``words`` (dataset, ratio, seed, purpose, …)."""
    return int.from_bytes(hashlib.sha256(canonical_json(list(words)).encode()).digest()[:8], "big") >> 1
