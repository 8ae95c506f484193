"""`python -m tests.parity [--events N] [--json]`: compare listeners and functions; exit code 0 if nothing differs."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from infra.local import chroma as chroma_server
from infra.local import ports
from tests import databases, serving
from tests.parity.run import Report, Services, compare


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with _services() as services:
        report = compare(arguments.events, services)
    _print(report, as_json=arguments.json)
    return 1 if report.differences else 0


def _print(report: Report, *, as_json: bool) -> None:
    content = {**asdict(report), "differences": len(report.differences)}
    lines = [json.dumps(content)] if as_json else [f"{name}: {value}" for name, value in content.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stderr.write("".join(f"{line}\n" for line in report.differences[:50]))


@contextmanager
def _services() -> Iterator[Services]:
    with tempfile.TemporaryDirectory(prefix="rivulet-parity-") as name, databases.running_server() as server:
        folder = Path(name)
        chroma, models = (f"http://{ports.HOST}:{port}" for port in (ports.any_free(), ports.any_free()))
        with (
            serving.process(
                chroma_server.command(folder / "chroma", int(chroma.rpartition(":")[2])),
                chroma_server.environment(),
                lambda: serving.answers(chroma + chroma_server.HEALTH_PATH),
            ),
            serving.process(
                [sys.executable, "-m", "infra.local.models"],
                {
                    "MODELS_HOST": ports.HOST,
                    "MODELS_PORT": models.rpartition(":")[2],
                    "MODELS_DIR": str(folder / "models"),
                },
                lambda: serving.answers(f"{models}/healthz"),
            ),
        ):
            yield Services(server, chroma, models, folder)


if __name__ == "__main__":
    sys.exit(main())
