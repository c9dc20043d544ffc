"""Frames from a worker to the parent: JSON and raw arrays, never a pickle.

    frame  = length of the header (4 bytes, big-endian) + header (JSON object, UTF-8) + array bytes (little-endian)
    header = {"kind": "working", "item": 3 or null, "doing": "…"}
           | {"kind": "outcome", "item": 3, "header": {…}, "arrays": [["scores", "<f4", [100, 2]], …]}
           | {"kind": "failed",  "item": 3, "status": "oom", "reason": "…", "log": "…"}
           | {"kind": "raised",  "status": "failed", "reason": "…", "log": "…"}
           | {"kind": "done"}

Unpickling runs a callable chosen by the sender, here in the process that holds the test labels. So the parent reads
bytes from a socket into a `Decoder`, which believes nothing: sizes are checked before memory is taken, types come from
an allow-list, and whatever does not fit is `Malformed`. It reads piece by piece, because a worker that stops in the
middle of a frame must not stop the parent (`multiprocessing.Connection.recv_bytes` would wait for the rest for ever).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from imbench.execution.job import STATUSES, Array, Status

__all__ = ["DTYPES", "MAX_BYTES", "Decoder", "Done", "Failed", "Finished", "Malformed", "Message", "Raised", "Working"]
__all__ += ["encode"]

#: types that may cross, by their name in the header: float32, float64, int32, int64, bool
DTYPES = {name: np.dtype(name) for name in ("<f4", "<f8", "<i4", "<i8", "|b1")}
#: largest header and, by default, largest sum of the arrays of one frame, in bytes
MAX_HEADER = 4 << 20
MAX_BYTES = 1 << 30
_MAX_DIMENSIONS = 8
_LENGTH = struct.Struct(">I")


class Malformed(Exception):
    """A frame that breaks the format or a limit; the message is the reason."""


@dataclass(frozen=True)
class Working:
    """The code of `item` runs next; None: all items together."""

    item: int | None
    doing: str


@dataclass(frozen=True, eq=False)
class Finished:
    """The outcome of an item."""

    item: int
    header: Mapping[str, Any]
    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class Failed:
    """An item came to nothing."""

    item: int
    status: Status
    reason: str
    log: str


@dataclass(frozen=True)
class Raised:
    """The target raised out of the job."""

    status: Status
    reason: str
    log: str


@dataclass(frozen=True)
class Done:
    """The target returned."""


Message = Working | Finished | Failed | Raised | Done


def encode(header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> list[bytes | memoryview]:
    """The pieces of one frame, to be sent in order.

    Raises:
        TypeError: an array of another type, or a header that JSON cannot hold.
        ValueError: the header is longer than `MAX_HEADER` bytes.
    """
    described, bodies = [], []
    for name, array in (arrays or {}).items():
        kept = np.asarray(array)
        code = kept.dtype.newbyteorder("<").str
        if code not in DTYPES:
            known = ", ".join(dtype.name for dtype in DTYPES.values())
            raise TypeError(f"array {name!r}: expected one of {known}, got {kept.dtype.name}")
        kept = np.ascontiguousarray(kept, dtype=DTYPES[code]).reshape(kept.shape)
        described.append([str(name), code, list(kept.shape)])
        bodies.append(kept.reshape(-1).view(np.uint8).data)
    whole = {**header, "arrays": described} if arrays is not None else header
    text = json.dumps(whole, default=_plain).encode()
    if len(text) > MAX_HEADER:
        raise ValueError(f"header of {len(text)} bytes: at most {MAX_HEADER} are allowed; send arrays as arrays")
    return [_LENGTH.pack(len(text)) + text, *bodies]


def _plain(value: object) -> Any:
    """NumPy scalars as Python numbers; strategies report counts as either."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"the header must be JSON-ready, got {type(value).__name__}")


class Decoder:
    """Bytes in, messages out.

    Args:
        max_bytes: largest sum of the arrays of one frame.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._header: dict[str, Any] | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes; yield the messages that are complete. Raises Malformed, after which the decoder is of no use."""
        self._buffer += data
        while True:
            if self._header is None:
                text = self._take_header()
                if text is None:
                    return
                self._header = _parse(text)
            layout = _layout(self._header, self._max_bytes)
            size = sum(nbytes for *_, nbytes in layout)
            if len(self._buffer) < size:
                return
            header, self._header = self._header, None
            yield _message(header, self._arrays(layout))

    def _take_header(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_HEADER:
            raise Malformed(f"a header of {length} bytes: at most {MAX_HEADER} are allowed")
        return self._take(length, skip=_LENGTH.size) if len(self._buffer) >= _LENGTH.size + length else None

    def _take(self, size: int, *, skip: int = 0) -> bytes:
        taken = bytes(memoryview(self._buffer)[skip : skip + size])
        del self._buffer[: skip + size]
        return taken

    def _arrays(self, layout: list[tuple[str, np.dtype[Any], tuple[int, ...], int]]) -> dict[str, Array]:
        arrays: dict[str, Array] = {}
        for name, dtype, shape, nbytes in layout:
            raw = self._take(nbytes)  # bytes of its own: aligned, and read-only in NumPy
            if dtype == np.bool_ and raw.strip(b"\0\1"):
                raise Malformed(f"array {name!r}: bytes that are no booleans")
            try:
                arrays[name] = np.frombuffer(raw, dtype).reshape(shape)
            except ValueError:  # no elements, but sides whose product NumPy cannot hold
                raise Malformed(f"array {name!r}: not a shape: {shape}") from None
        return arrays


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a header that is not JSON ({type(error).__name__})") from None
    if not isinstance(header, dict):
        raise Malformed(f"a header that is no object but {type(header).__name__}")
    return header


def _layout(header: dict[str, Any], max_bytes: int) -> list[tuple[str, np.dtype[Any], tuple[int, ...], int]]:
    """(name, dtype, shape, bytes) of the arrays of a frame. Raises Malformed."""
    described = header.get("arrays", []) if header.get("kind") == "outcome" else []
    layout = []
    for entry in described if isinstance(described, list) else [None]:
        match entry:
            case [str(name), str(code), list(shape)] if code in DTYPES and len(shape) <= _MAX_DIMENSIONS:
                if not all(type(length) is int and 0 <= length <= max_bytes for length in shape):
                    raise Malformed(f"array {name[:50]!r}: not a shape: {shape!r:.100}")
                layout.append((name, DTYPES[code], tuple(shape), math.prod(shape) * DTYPES[code].itemsize))
            case _:
                raise Malformed(f"not an array that may cross: {entry!r:.100}")
    if len({name for name, *_ in layout}) != len(layout):
        raise Malformed("two arrays of one name")
    total = sum(nbytes for *_, nbytes in layout)
    if total > max_bytes:
        raise Malformed(f"arrays of {total} bytes: at most {max_bytes} are allowed")
    return layout


def _message(header: dict[str, Any], arrays: dict[str, Array]) -> Message:
    """A header as a typed message. Raises Malformed."""
    match header:
        case {"kind": "working", "item": (int() | None) as item, "doing": str(doing)} if not isinstance(item, bool):
            return Working(item, doing[:200])
        case {"kind": "outcome", "item": int(item), "header": dict(inner)} if not isinstance(item, bool):
            return Finished(item, inner, arrays)
        case {"kind": "failed", "item": int(item), "status": str(status), "reason": str(reason), "log": str(log)} if (
            not isinstance(item, bool)
        ):
            return Failed(item, _failure(status), reason, log)
        case {"kind": "raised", "status": str(status), "reason": str(reason), "log": str(log)}:
            return Raised(_failure(status), reason, log)
        case {"kind": "done"}:
            return Done()
    raise Malformed(f"a header of no known kind: {str(header)[:100]}")


def _failure(status: str) -> Status:
    for known in STATUSES:
        if status == known != "ok":
            return known
    raise Malformed(f"not the status of a failure: {status[:50]!r}")
