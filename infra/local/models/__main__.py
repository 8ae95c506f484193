"""Run the model server: `python -m infra.local.models`."""

from __future__ import annotations

import os
import sys

import uvicorn

from infra.local.models.app import create_app
from infra.local.models.settings import ModelSettings, SettingsError
from infra.local.models.weights import WeightsError


def main() -> int:
    """Serve until told to stop; 1 with one sentence on stderr if that is impossible."""
    try:
        settings = ModelSettings.from_env(os.environ)
        app = create_app(settings)
    except (SettingsError, WeightsError, OSError) as problem:
        sys.stderr.write(f"The model server cannot start. {problem}\n")
        return 1
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="info", access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
