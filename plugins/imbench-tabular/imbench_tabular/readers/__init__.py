"""Bytes → tables: one module a source. Heavy imports live here."""
