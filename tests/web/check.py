"""Everything about the web application that needs no browser: lint, types, unit tests, build.

`python -m tests.web.check`; the first step that fails ends it with its output. `python -m tests.web.check install` only
installs its packages, among them the official client that contract tests run.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from infra.local import errors, web_build, web_node

STEPS = (
    ("lint", ["run", "--silent", "lint"]),
    ("types", ["run", "--silent", "types"]),
    ("unit tests", ["run", "--silent", "test"]),
)


def main(arguments: Sequence[str]) -> int:
    """Run the steps; the exit code of the one that failed."""
    try:
        web_build.install(_tell)
        if "install" in arguments:
            return 0
        node = web_node.find()
        if node is None:
            raise errors.StackError(web_node.missing())
        for name, arguments in STEPS:
            _step(node, name, arguments)
        web_build.build(_tell)
    except errors.StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    return 0


def _step(node: web_node.Node, name: str, arguments: list[str]) -> None:
    begun = time.monotonic()
    environment = node.environment({**os.environ, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1"})
    subprocess.run([*node.npm, *arguments], cwd=web_build.FOLDER, env=environment, check=True)
    _tell(f"web: {name} passed in {time.monotonic() - begun:.0f} s")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
