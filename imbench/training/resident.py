"""Resident data: one copy of all rows that a pack can draw, on the device, addressed by index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from imbench.training.member import Member

__all__ = ["Resident"]


class Resident:
    """All training rows of a pack, each distinct set once: blocks first seen, then made rows.

    Attributes:
        starts: per member, the offset of its own numbering ([x_train; made rows]) in the table of positions.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        pieces: list[np.ndarray] = []
        labels: list[np.ndarray] = []
        placed: dict[int, int] = {}
        height = 0

        def place(x: np.ndarray, y: np.ndarray) -> int:
            nonlocal height
            if id(x) not in placed:
                placed[id(x)] = height
                pieces.append(np.asarray(x, dtype=np.float32))
                labels.append(np.asarray(y, dtype=np.int64))
                height += len(x)
            return placed[id(x)]

        positions: list[np.ndarray] = []
        self.starts: list[int] = []
        numbered: dict[tuple[int, int], int] = {}
        length = 0
        for member in members:
            made = member.rows.made_x
            key = (id(member.data.x_train), id(made))
            if key not in numbered:
                own = [place(member.data.x_train, member.data.y_train) + np.arange(len(member.data.y_train))]
                if made is not None:
                    own.append(place(made, member.rows.labels[-len(made) :]) + np.arange(len(made)))
                numbered[key] = length
                positions += own
                length += sum(len(each) for each in own)
            self.starts.append(numbered[key])
        self._positions = torch.from_numpy(np.concatenate(positions))
        self._x = torch.from_numpy(np.concatenate(pieces)).to(device)
        self._y = torch.from_numpy(np.concatenate(labels)).to(device)

    def locate(self, index: Tensor) -> Tensor:
        """Positions in the resident table of indices in the members' own numbering (already offset by ``starts``)."""
        return self._positions[index]

    def gather(self, where: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (K, B, d) and labels (K, B) at positions (K, B)."""
        flat = where.reshape(-1)
        return self._x.index_select(0, flat).view(*where.shape, -1), self._y.index_select(0, flat).view(where.shape)
