"""Pure: results → ranking → tables."""
