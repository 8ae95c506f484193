"""Keeping the vector index and Postgres of one mind."""
