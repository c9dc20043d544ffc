"""The contract: what plugins offer and how it is loaded."""
