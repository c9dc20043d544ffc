"""Rows in a scaled float32 frame, with the rounding that any distance between them may carry.

A float32 product finds neighbours fast and nearly right. To be *exactly* right, every comparison here is made with a
bound on three errors: of the coordinates (centred, scaled, rounded to float32), of the float32 product, and of the
reference, which computes ``|x|² - 2 x·y + |y|²`` in float64 from the rows as they are. The bounds are the standard
ones for inner products in any order of summation (Higham 2002, Accuracy and Stability of Numerical Algorithms, §3.1),
with constants rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats64", "Frame", "Ints", "Points"]

Floats64 = NDArray[np.float64]
Ints = NDArray[np.int64]

_U32 = 2.0**-24
_U64 = 2.0**-53


@dataclass(frozen=True)
class Points:
    """n rows of d features.

    Attributes:
        x: (n, d) as given, float32 or float64.
        z: (n, d) float32: centred, and scaled by a power of two so that no row of the frame is longer than 1.
        z2: (n,) squared length of each row of ``z``.
        raw2: (n,) squared length of each row of ``x``.
    """

    x: NDArray[np.floating]
    z: NDArray[np.float32]
    z2: Floats64
    raw2: Floats64

    def take(self, rows: Ints) -> Points:
        return Points(self.x[rows], self.z[rows], self.z2[rows], self.raw2[rows])


@dataclass(frozen=True)
class Frame:
    """Where rows are measured.

    Attributes:
        centre: (d,) what is subtracted.
        scale: the power of two that centred rows are multiplied with.
        eps32: ``|float32 distance² - distance²| <= eps32 (|z_x|² + |z_y|²) + tiny``, in scaled units.
        eps64: ``|d² of the reference or of ours - d²| <= eps64 (|x|² + |y|²)``, both as given.
        tiny: what underflow in float32 may lose, in scaled units.
    """

    centre: Floats64
    scale: float
    eps32: float
    eps64: float
    tiny: float

    @classmethod
    def around(cls, x: NDArray[np.floating]) -> Frame | None:
        """The frame of the rows x, (n, d); None where squares leave what float64 holds well."""
        d = x.shape[1]
        centre = x.mean(axis=0, dtype=np.float64)
        longest = float(np.sqrt(max(_lengths2(x[a : a + _STEP] - centre).max() for a in range(0, len(x), _STEP))))
        if not 1e-60 < longest < 1e60:
            return None
        scale = 2.0 ** -np.ceil(np.log2(longest) + 1e-9)
        return cls(centre, scale, (2 * d + 24) * _U32, (6 * d + 40) * _U64, (d + 8) * 1e-37)

    def points(self, x: NDArray[np.floating]) -> Points:
        """The rows x, (n, d), in this frame; in steps, so that no float64 copy of all rows is held."""
        z = np.empty(x.shape, dtype=np.float32)
        z2, raw2 = np.empty(len(x)), np.empty(len(x))
        for a in range(0, len(x), _STEP):
            part = x[a : a + _STEP].astype(np.float64)
            raw2[a : a + _STEP] = _lengths2(part)
            z[a : a + _STEP] = (part - self.centre) * self.scale
            z2[a : a + _STEP] = _lengths2(z[a : a + _STEP].astype(np.float64))
        return Points(x, z, z2, raw2)


_STEP = 1 << 16


def _lengths2(x: Floats64) -> Floats64:
    lengths: Floats64 = np.einsum("ij,ij->i", x, x)
    return lengths
