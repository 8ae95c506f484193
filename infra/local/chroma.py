"""The Chroma server of the local stack."""

import sys
from pathlib import Path

from infra.local import ports

# What the `chroma` command runs, without its import of the whole client library: that import takes
# longer than everything else at start and triples the memory.
RUN_CHROMA = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(sys.argv)"
HEALTH_PATH = "/api/v2/heartbeat"


def command(folder: Path, port: int) -> list[str]:
    """The command that serves the vectors kept in `folder`."""
    return [sys.executable, "-c", RUN_CHROMA, "run", "--path", str(folder), "--host", ports.HOST, "--port", str(port)]


def environment() -> dict[str, str]:
    """What the server must be told so that it reports to nobody."""
    return {"ANONYMIZED_TELEMETRY": "False"}
