"""Answers streamed to several readers while readers drop out and responders die."""
