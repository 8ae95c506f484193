"""Contracts: what the parts of Rivulet say to each other. Imports pydantic and nothing of ours."""
