"""The store: a folder that holds every result, and loses none.

    results.db              SQLite (WAL, synchronous=FULL): attempts, costs, notes
    scores/ab/<sha256>.f32z score files, see `imbench.results.scores`
    lock, owner.json        who runs on this store

What `Store.add` returned is on the disk: the score files are there before the rows are committed, and the rows of one
call are one transaction. After ``kill -9`` at any moment the same command goes on where it stopped. Every record
carries its sha256, so that a damaged byte is an error and never a wrong number.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import filelock
import numpy as np
from numpy.typing import NDArray

from imbench.errors import EnvironmentFault
from imbench.matrix.seeds import canonical_json
from imbench.results import scores as score_files
from imbench.results.database import SCHEMA, connect, damaged, pack, transaction, translated
from imbench.results.result import CostRecord, Result

__all__ = ["SCHEMA", "Attempt", "Store"]

#: fsyncs at a time.
_AT_ONCE = 8

#: The last good row of each key, or the last one if none is good.
_LATEST = """
SELECT row.key, row.sha256, row.record FROM {table} AS row JOIN
    (SELECT key, coalesce(max(CASE WHEN good THEN id END), max(id)) AS id FROM {table} {where} GROUP BY key) AS chosen
    ON row.id = chosen.id ORDER BY row.id
"""


@dataclass(frozen=True, eq=False)
class Attempt:
    """An attempt of a cell, to be stored.

    Attributes:
        result: the outcome. If it names a score file already, that one stays.
        arrays: what goes into a score file, see `imbench.results.scores`; empty if there is nothing new.
    """

    result: Result
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Store:
    """A folder of results; open it with `Store.open`, close it with ``with`` or `close`."""

    def __init__(self, folder: Path, database: sqlite3.Connection, *, readonly: bool) -> None:
        self.folder = folder
        self.readonly = readonly
        self._database = database
        self._threads = ThreadPoolExecutor(_AT_ONCE)  # each starts when it is first needed

    @classmethod
    def open(cls, folder: Path | str, *, create: bool = True, readonly: bool = False) -> Store:
        """Open a store, or make one.

        Args:
            folder: where it is.
            create: make it if it is missing.
            readonly: change nothing; works in a folder that cannot be written.

        Raises:
            EnvironmentFault: the folder is missing, a file, not writable, not a store, damaged, or of a newer imbench.
        """
        folder = Path(folder).absolute()
        database = connect(folder, create=create, readonly=readonly)
        if not readonly:
            with translated(folder):
                (folder / "scores" / "tmp").mkdir(parents=True, exist_ok=True)
        return cls(folder, database, readonly=readonly)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        self._threads.shutdown()
        with translated(self.folder):
            self._database.close()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for one run. Raises EnvironmentFault at once if another run holds it."""
        self._require_writable()
        owner = self.folder / "owner.json"
        lock = filelock.FileLock(self.folder / "lock")
        with translated(self.folder):
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                raise EnvironmentFault(
                    f"store {self.folder} is in use by another run ({_describe(owner)}): "
                    "wait for it, stop it, or give this run a --store of its own"
                ) from None
        try:
            with translated(self.folder):
                scratch = self.folder / "scores" / "tmp"
                for leftover in scratch.iterdir():  # of runs that were killed; the lock says that they are gone
                    leftover.unlink()
                who = {"pid": os.getpid(), "host": socket.gethostname()}
                score_files.write_atomically({owner: canonical_json(who).encode()}, scratch)
            yield
        finally:
            lock.release()

    def add(
        self,
        result: Result,
        scores: NDArray[np.floating[Any]] | None = None,
        validation_scores: NDArray[np.floating[Any]] | None = None,
    ) -> Result:
        """Store one attempt of a cell. When this returns, the attempt survives a crash.

        Args:
            result: the outcome.
            scores: (rows, classes) of the test rows.
            validation_scores: (rows, classes) of the validation rows.

        Returns:
            The result as it will be read back, with ``scores`` set to the name of its score file.

        Raises:
            EnvironmentFault: it could not be stored (disk full, read-only, …); the store is as it was before.
        """
        given = {"test": scores, "validation": validation_scores}
        arrays = {name: array for name, array in given.items() if array is not None}
        return self.add_all([Attempt(result, arrays)])[0]

    def add_all(self, attempts: Sequence[Attempt]) -> list[Result]:
        """Store attempts in one transaction. When this returns, all of them survive a crash; if it raises, none does.

        Returns:
            The results as they will be read back, in order, as `add` does.

        Raises:
            EnvironmentFault: as `add`.
        """
        self._require_writable()
        files: dict[Path, bytes] = {}
        named: list[Result] = []
        for attempt in attempts:
            result = attempt.result
            if attempt.arrays:
                name, data = score_files.encode(attempt.arrays)
                files[self._score_path(name)] = data
                result = replace(result, scores=name)
            named.append(result)
        with translated(self.folder):
            score_files.write_atomically(files, self.folder / "scores" / "tmp", self._threads)
        texts = self._append("attempts", [(each.key, each.done, each.to_json()) for each in named])
        return [Result.from_json(json.loads(text)) for text in texts]

    def latest(self, keys: Iterable[str] | None = None) -> dict[str, Result]:
        """Key → result that counts: the latest with scores, else the latest of all. None asks for every key."""
        return {key: Result.from_json(record) for key, record in self._latest("attempts", keys)}

    def attempts(self, key: str) -> list[Result]:
        """All attempts of a cell, oldest first."""
        rows = self._read("SELECT key, sha256, record FROM attempts WHERE key = ? ORDER BY id", (key,))
        return [Result.from_json(record) for _, record in rows]

    def read_scores(self, name: str) -> score_files.Scores:
        """The arrays of a score file.

        Raises:
            LostScores: it is missing or damaged.
            EnvironmentFault: it is of a newer imbench, or cannot be read.
        """
        if not re.fullmatch("[0-9a-f]{64}", name):
            raise EnvironmentFault(f"score file: expected a sha256 in hex, got {name[:80]!r}")
        path = self._score_path(name)
        with translated(self.folder):
            if not path.is_file():
                raise score_files.LostScores(str(path), "missing")
            if path.stat().st_size > score_files.LIMIT:
                raise score_files.LostScores(str(path), "damaged")
            return score_files.decode(path.read_bytes(), name, str(path))

    def add_cost(self, record: CostRecord) -> CostRecord:
        """Store one measurement of the cost lane, as durably as a result."""
        (text,) = self._append("costs", [(record.key, not record.reason, record.to_json())])
        return CostRecord.from_json(json.loads(text))

    def costs(self, keys: Iterable[str] | None = None) -> dict[str, CostRecord]:
        """Key → measurement that counts: the latest with figures, or the latest of all if none has."""
        return {key: CostRecord.from_json(record) for key, record in self._latest("costs", keys)}

    def set_note(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name (run manifests); the last one written is kept."""
        self._require_writable()
        text, sha256 = pack(value, f"note {name!r}")
        with transaction(self.folder, self._database) as database:
            database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (name, sha256, text))

    def note(self, name: str) -> Any:
        """The JSON value kept under a name, or None."""
        rows = self._read("SELECT name, sha256, record FROM notes WHERE name = ?", (name,), keyed=False)
        return rows[0][1] if rows else None

    def _score_path(self, name: str) -> Path:
        return self.folder / "scores" / name[:2] / f"{name}.f32z"

    def _append(self, table: str, rows: Sequence[tuple[str, bool, dict[str, Any]]]) -> list[str]:
        """Add (key, good, record) rows; their texts as stored."""
        self._require_writable()
        packed = [(key, good, *pack(record, f"record {key!r}")) for key, good, record in rows]
        with transaction(self.folder, self._database) as database:
            database.executemany(f"INSERT INTO {table} (key, good, record, sha256) VALUES (?, ?, ?, ?)", packed)
        return [text for _, _, text, _ in packed]

    def _latest(self, table: str, keys: Iterable[str] | None) -> list[tuple[str, dict[str, Any]]]:
        if keys is None:
            return self._read(_LATEST.format(table=table, where=""), ())
        where = "WHERE key IN (SELECT value FROM json_each(?))"
        return self._read(_LATEST.format(table=table, where=where), (json.dumps(list(keys)),))

    def _read(self, query: str, values: tuple[str, ...], *, keyed: bool = True) -> list[tuple[str, dict[str, Any]]]:
        """Rows (key, record), each checked against its hash and, if it holds one, its own key."""
        found = []
        with translated(self.folder):
            for key, sha256, text in self._database.execute(query, values):
                if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != sha256:
                    raise damaged(self.folder, "a record does not match its checksum")
                record = json.loads(text)
                if keyed and record["key"] != key:
                    raise damaged(self.folder, "a record is filed under another key")
                found.append((key, record))
        return found

    def _require_writable(self) -> None:
        if self.readonly:
            raise EnvironmentFault(f"store {self.folder} was opened for reading only")


def _describe(owner: Path) -> str:
    try:
        who = json.loads(owner.read_text())
        return f"process {int(who['pid'])} on {str(who['host'])[:100]}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just started"
