"""Run the model server: `python -m infra.local.models`."""

from __future__ import annotations

import os
import sys

import uvicorn

from infra.local.models.app import create_app
from infra.local.models.settings import ModelSettings
from infra.local.models.startup import StartupError


def main() -> int:
    """Serve until told to stop; 1 with one sentence on stderr if that is impossible."""
    try:
        settings = ModelSettings.from_env(os.environ)
        app = create_app(settings)
    except OSError as problem:
        sys.stderr.write(
            f"The model server cannot start. MODELS_DIR cannot be used: {problem}. Set it to a writable folder.\n"
        )
        return 1
    except StartupError as problem:
        sys.stderr.write(f"The model server cannot start. {problem}\n")
        return 1
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        # Longer than clients keep idle connections: the one who closes first must be the client, or a request is lost.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
