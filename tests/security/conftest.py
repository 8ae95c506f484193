"""The fixtures of the integration tests serve here, too."""

from tests.integration.conftest import engine, scripted

__all__ = ["engine", "scripted"]
