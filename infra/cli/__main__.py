"""Entry of the `rivulet` command: expected faults end in one line that says what to do, never in a traceback."""

import os
import sys

from infra.cli.commands import app

STOPPED = 130  # what shells report for a program that Ctrl-C ended


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except BrokenPipeError:
        # Whoever read the output has gone; the interpreter must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        # Imported late: explaining needs the client libraries, and most runs need no explanation.
        from infra.cli import faults

        explanation = faults.explain(error)
        if explanation is None:
            raise
        sys.stderr.write(f"{explanation}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
