r"""The score file: what a cell's strategy returned, so that new metrics and policies never need a rerun.

Layout: one line of JSON (the header), then one zlib stream of little-endian float32, the arrays one after the other::

    {"arrays":[["test",[1000,2]],["validation",[800,2]]],"format":"imbench-scores","version":1}\n
    <zlib>

Arrays of a cell: scores ``test`` and ``validation``; ``last``, test scores of the last step where another was selected;
``decided``, labels of the strategy's own decision where it decides (float32 holds class codes below 2^24 exactly).

A file is named by the sha256 of its header and its *uncompressed* numbers, so that the name does not depend on the
zlib that packed it. Nothing in it is pickled, and a reader never allocates more than the header says and `LIMIT`
allows.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import uuid
import zlib
from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imbench.errors import EnvironmentFault
from imbench.matrix.seeds import canonical_json

__all__ = ["LIMIT", "VERSION", "LostScores", "Scores", "decode", "encode", "sync_folder", "write_atomically"]

Scores = dict[str, NDArray[np.float32]]

#: Version of the layout. Readers refuse what they do not know.
VERSION = 1

#: Largest uncompressed size that is written or read, in bytes (half a billion scores).
LIMIT = 1 << 31

_FORMAT = "imbench-scores"
_HEADER_LIMIT = 1 << 16
#: zlib level: on softmax scores the higher levels save nothing.
_LEVEL = 1
#: Bytes that are tried to see whether a search for repetitions pays. It does for trees and constant tables (to a sixth
#: of the size); on the scores of a network it takes more than twice the time of Huffman codes alone and saves nothing.
_TRIED = 1 << 12
_WORTH_IT = 0.7


class LostScores(EnvironmentFault):
    """A score file that cannot be read any more; its cell has to run again.

    Attributes:
        fate: ``missing`` or ``damaged``.
    """

    def __init__(self, source: str, fate: str) -> None:
        super().__init__(f"score file {source} is {fate}: restore it, or run its matrix again")
        self.fate = fate


def encode(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, bytes]:
    """Content hash and file bytes of named arrays.

    Args:
        arrays: name → floating-point array of any shape; kept as float32.

    Raises:
        ValueError: an array is not floating point, or all of them exceed `LIMIT`.
    """
    packed = {name: _float32(name, array) for name, array in sorted(arrays.items())}
    if sum(array.nbytes for array in packed.values()) > LIMIT:
        raise ValueError(f"scores: expected at most {LIMIT} bytes, got more")
    header = canonical_json(
        {"arrays": [[name, list(a.shape)] for name, a in packed.items()], "format": _FORMAT, "version": VERSION}
    )
    line = header.encode() + b"\n"
    raw = b"".join(array.tobytes() for array in packed.values())
    return hashlib.sha256(line + raw).hexdigest(), line + _deflate(raw)


def decode(data: bytes, expected: str, source: str) -> Scores:
    """The arrays of a score file.

    Args:
        data: the bytes of the file.
        expected: the content hash it must have.
        source: what to call the file in an error.

    Raises:
        EnvironmentFault: a newer layout.
        LostScores: bytes that are not those that were written.
    """
    damaged = LostScores(source, "damaged")
    line, newline, body = data.partition(b"\n")
    if not newline or len(line) > _HEADER_LIMIT:
        raise damaged
    try:
        header = json.loads(line)
        if header["format"] == _FORMAT and header["version"] != VERSION:
            raise EnvironmentFault(
                f"score file {source} has version {header['version']}, this imbench reads {VERSION}: update imbench"
            )
        shapes = [(str(name), tuple(_size(size) for size in shape)) for name, shape in header["arrays"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged from error
    raw = _inflate(body, sum(math.prod(shape) for _, shape in shapes) * 4)
    if raw is None or hashlib.sha256(line + b"\n" + raw).hexdigest() != expected:
        raise damaged
    arrays, start = {}, 0
    for name, shape in shapes:
        stop = start + math.prod(shape) * 4
        arrays[name] = np.frombuffer(raw[start:stop], dtype="<f4").astype(np.float32).reshape(shape)
        start = stop
    return arrays


def write_atomically(files: Mapping[Path, bytes], scratch: Path, threads: Executor | None = None) -> None:
    """Put files in place so that after a crash or a power cut each is there whole, or not at all.

    Temporary file, fsync, rename, fsync of the folders that gained an entry. A disk takes several fsyncs in hardly
    more time than one if they are asked for together. Raises OSError.

    Args:
        files: where each goes, and its bytes; folders are made if they are missing.
        scratch: an existing folder on the same file system for the temporary files.
        threads: where several wait for the disk together.
    """
    if not files:
        return
    gaining = {path.parent for path in files}
    gaining |= {folder.parent for folder in gaining if not folder.is_dir()}
    each = map if threads is None or len(files) == 1 else threads.map
    # lists, so that what one of them raises comes out here
    list(each(partial(_put, scratch), files, files.values()))
    list(each(sync_folder, gaining))


def _put(scratch: Path, path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = scratch / f"{os.getpid()}-{uuid.uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows has no such call, and its renames do not need one."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _deflate(raw: bytes) -> bytes:
    """One zlib stream. How it is packed is free: a file's name does not depend on it."""
    middle = raw[len(raw) // 2 :][:_TRIED]  # of the scores, not of the labels before them
    repeats = len(zlib.compress(middle, _LEVEL)) < _WORTH_IT * len(middle)
    stream = zlib.compressobj(_LEVEL, strategy=zlib.Z_DEFAULT_STRATEGY if repeats else zlib.Z_RLE)
    return stream.compress(raw) + stream.flush()


def _float32(name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind != "f":
        raise ValueError(f"scores {name!r}: expected floating point, got {array.dtype}")
    return np.ascontiguousarray(array, dtype="<f4")


def _size(value: object) -> int:
    """A length out of a header. Raises ValueError for anything that no array has."""
    if type(value) is not int or not 0 <= value <= LIMIT:
        raise ValueError(f"expected a length, got {value!r}")
    return value


def _inflate(body: bytes, size: int) -> bytes | None:
    """Exactly ``size`` bytes out of one zlib stream, or None. Never allocates more than ``size`` (at most `LIMIT`)."""
    if size > LIMIT:
        return None
    stream = zlib.decompressobj()
    try:
        # one byte more than expected, so that the end of the stream is reached and a longer one is noticed
        raw = stream.decompress(body, size + 1)
    except zlib.error:
        return None
    return raw if len(raw) == size and stream.eof and not stream.unused_data else None
