"""Results: values, the store, export."""
