"""Which device a run uses and how many workers that makes, without touching CUDA: the parent must stay out of it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_workers", "gpu_names", "wanted_device"]


def gpu_names() -> tuple[str, ...]:
    """NVIDIA GPUs that this process may use, by ``CUDA_VISIBLE_DEVICES`` or by what the driver lists.

    Each as ``CUDA_VISIBLE_DEVICES`` names it: a number, or the id of a device or of a part of one.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip() not in ("", "-1"))
    listed = Path("/proc/driver/nvidia/gpus")
    return tuple(map(str, range(len(list(listed.iterdir()))))) if listed.is_dir() else ()


def wanted_device(asked: str) -> str:
    """``cpu`` or ``cuda`` for what was asked; ``auto`` is CUDA where there is a GPU. A worker checks it with torch."""
    if asked != "auto":
        return asked
    return "cuda" if gpu_names() else "cpu"


def default_workers(device: str) -> int:
    """One worker per GPU; on the CPU one per core with one thread each, which is what small networks run best on."""
    if device.startswith("cuda"):
        return max(len(gpu_names()), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
