"""Energy counters where the machine offers them: RAPL for processors, NVML for NVIDIA devices; elsewhere none."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

__all__ = ["Counter", "Nvml", "Rapl", "counters", "joules_between"]

#: Where Linux shows the counters of processor packages (Documentation/power/powercap/powercap.rst of the kernel).
POWERCAP = Path("/sys/class/powercap")
NVML_LIBRARY = "libnvidia-ml.so.1"

Reading = tuple[int, ...]


class Counter(Protocol):
    """Something that counts energy."""

    @property
    def name(self) -> str: ...
    def read(self) -> Reading: ...
    def joules(self, before: Reading, after: Reading) -> float: ...


@dataclass(frozen=True)
class Rapl:
    """Running average power limit: microjoules of each processor package, all that runs on it included.

    Attributes:
        packages: per package its counter file and the largest value before the counter starts again at 0.
    """

    packages: tuple[tuple[Path, int], ...]
    name: str = "rapl"

    @classmethod
    def find(cls, folder: Path = POWERCAP) -> Rapl | None:
        """The packages of this machine; None if there are none or their counters may not be read.

        Cores, graphics and memory (``intel-rapl:0:1``) are parts of a package, and ``psys`` contains the packages:
        counting them would count twice.
        """
        try:
            zones = [zone for zone in sorted(folder.glob("intel-rapl:*")) if zone.name.count(":") == 1]
            packages = tuple(
                (zone / "energy_uj", int((zone / "max_energy_range_uj").read_text()))
                for zone in zones
                if (zone / "name").read_text().startswith("package")
            )
            found = cls(packages)
            found.read()
        except (OSError, ValueError):  # most kernels let root alone read
            return None
        return found if packages else None

    def read(self) -> Reading:
        return tuple(int(file.read_text()) for file, _ in self.packages)

    def joules(self, before: Reading, after: Reading) -> float:
        """Joules between two readings; a counter may have started again once (it does so after about an hour)."""
        steps = zip(before, after, self.packages, strict=True)
        return sum((b - a if b >= a else b - a + largest + 1) for a, b, (_, largest) in steps) / 1e6


@dataclass(frozen=True)
class Nvml:
    """The total energy counter of an NVIDIA device, in millijoules since its driver was loaded (Volta and later).

    Read from the library of the driver, so no package is needed.
    """

    library: ctypes.CDLL
    handle: ctypes.c_void_p
    name: str = "nvml"

    @classmethod
    def find(cls, uuid: str, library: str = NVML_LIBRARY) -> Nvml | None:
        """The counter of the device with this UUID; None without driver, device or counter."""
        handle = ctypes.c_void_p()
        try:
            nvml = ctypes.CDLL(library)
            if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)):
                return None
            found = cls(nvml, handle)
            found.read()
        except (OSError, AttributeError):
            return None
        return found

    def read(self) -> Reading:
        """Millijoules. Raises OSError if the device has no such counter."""
        value = ctypes.c_ulonglong()
        if code := self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(value)):
            raise OSError(f"NVML: no energy counter (code {code})")
        return (value.value,)

    def joules(self, before: Reading, after: Reading) -> float:
        return (after[0] - before[0]) / 1e3


def counters(device: torch.device) -> list[Counter]:
    """What can be read here for work on a device; the processor's packages always work along."""
    found: list[Counter | None] = [Rapl.find()]
    if device.type == "cuda":
        found.append(Nvml.find(f"GPU-{torch.cuda.get_device_properties(device).uuid}"))
    return [counter for counter in found if counter is not None]


def joules_between(found: Sequence[Counter], before: Sequence[Reading], after: Sequence[Reading]) -> float:
    """Joules of all counters between two rounds of readings."""
    return sum(counter.joules(a, b) for counter, a, b in zip(found, before, after, strict=True))
