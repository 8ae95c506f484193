"""Breaks everything that may break while events come in, and then checks what is left: `python -m tests.chaos`.

Real gateway, real PostgreSQL, listeners as processes with the real stores and handlers that take no model. Everything
that happens to a job is kept in an append-only log, by triggers and by the workers; `check` reads nothing else.
"""
