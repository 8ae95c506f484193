"""``python -m infra.local.gateway``: serve until told to stop."""

import gc
import os
import sys

import uvicorn

from infra.local.gateway import log
from infra.local.gateway.app import create_app
from infra.local.gateway.realtime import WebSocketTransport
from infra.local.gateway.settings import GatewaySettings, SettingsError
from infra.local.gateway.storage.disk import Disk


def main() -> int:
    """Serve on the configured address; return the exit code."""
    try:
        settings = GatewaySettings.from_env(os.environ)
        Disk(settings.storage_dir).prepare()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"The folder for objects, GATEWAY_STORAGE_DIR, cannot be used: {error}\n")
        return 2
    log.set_up(settings.log_level)
    app = create_app(settings)
    # What is loaded stays; and Python looks for cycles after 700 new objects, of which one request makes more.
    gc.freeze()
    gc.set_threshold(10_000)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nobody stands in front; who could name another address would pass by the limits
        ws=WebSocketTransport,
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
