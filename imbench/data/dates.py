"""Text that is a date. A CSV file has no other way to say it; what a Parquet file says by type we read from the text.

Only what can be read in one way is read: 2024-01-31, 31 Jan 2024 and the like. Whether 01/02/2024 is in January or in
February nobody knows, so it stays text, and is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

__all__ = ["Dates", "look_for_dates", "parse_dates"]

#: Patterns and what `pandas.to_datetime` calls the format.
_FORMATS = {
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d.*)?": "ISO8601",
    r"\d{1,2} [A-Za-z]{3} \d{4}": "%d %b %Y",
    r"\d{1,2}-[A-Za-z]{3}-\d{4}": "%d-%b-%Y",
    r"\d{1,2}[A-Za-z]{3}\d{4}": "%d%b%Y",
    r"[A-Za-z]{3} \d{1,2}, \d{4}": "%b %d, %Y",
}
#: Day and month, or month and day.
_EITHER_WAY = r"(0?[1-9]|[12]\d|3[01])([/.-])(0?[1-9]|[12]\d|3[01])\2(\d{4}|\d{2})( \d.*)?"

#: A column is one of dates if at least this share of its values are; the rest are placeholders such as "unknown".
_NEARLY_ALL = 0.95
#: Values that are looked at before all are.
_LOOK_AT = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Dates:
    """What looking for dates in a text column showed.

    Attributes:
        moments: the column as naive UTC moments, missing where it is missing or no date; None if it is not of dates.
        note: what a reader must know, or an empty string.
    """

    moments: pd.Series | None = None
    note: str = ""


def look_for_dates(column: pd.Series) -> Dates:
    """A text column as dates, if (nearly) all that is not missing reads as one."""
    present = column.dropna()
    if not len(present):
        return Dates()
    sample = present.iloc[:: -(-len(present) // _LOOK_AT)].str.strip()
    if sample.str.fullmatch(_EITHER_WAY).mean() >= _NEARLY_ALL:
        return Dates(
            note=f"column {column.name!r} may hold dates, but {str(sample.iloc[0])[:40]!r} does not say which number "
            "is the day: it is read as text; write dates as 2024-01-31 to have them read"
        )
    if _format_of(sample) is None:
        return Dates()
    moments = parse_dates(column)
    unread = present[moments[present.index].isna()]
    if len(unread) > (1 - _NEARLY_ALL) * len(present):
        return Dates()
    if not len(unread):
        return Dates(moments=moments)
    return Dates(
        moments=moments,
        note=f"column {column.name!r} is read as dates: {len(unread):,} of {len(present):,} values are none and count "
        f"as missing, e.g. {str(unread.iloc[0])[:40]!r}",
    )


def parse_dates(column: pd.Series) -> pd.Series:
    """Naive UTC moments of a text column, in the format that most of its values have; NaT for what is no date in it."""
    texts = column.str.strip()
    present = texts.dropna()
    form = _format_of(present.iloc[:: max(-(-len(present) // _LOOK_AT), 1)]) or "ISO8601"
    if form == "ISO8601":
        # 2024-1 and 2024 would be read as well, but are as likely to be codes
        texts = texts.where(texts.str.fullmatch(next(iter(_FORMATS))).fillna(False).astype(bool))
        texts = texts.str.replace(r" ?UTC$", "Z", regex=True)
    return pd.to_datetime(texts, errors="coerce", utc=True, format=form).dt.tz_localize(None)


def _format_of(sample: pd.Series) -> str | None:
    """The format that most of the texts have, None if most have none."""
    for pattern, form in _FORMATS.items():
        if sample.str.fullmatch(pattern, flags=re.ASCII).mean() > 0.5:
            return form
    return None
