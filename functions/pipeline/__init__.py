"""The thinking: pure functions from data to data."""
