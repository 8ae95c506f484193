"""The Data API (``/rest/v1``): tables, views and functions over HTTP, as PostgREST 13 answers."""
