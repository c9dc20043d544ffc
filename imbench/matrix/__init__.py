"""The question: what to run."""
