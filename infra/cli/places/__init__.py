"""The operator's commands about where vectors are: comparing them with Postgres, and changing the embedding model."""
