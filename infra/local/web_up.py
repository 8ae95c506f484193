"""Before the stack starts: `python -m infra.local.web_up` builds the web application where that is needed.

Where it cannot be built the rest of the stack works all the same, so that is said and is no failure.
"""

import sys

from infra.local import errors, stack, web, web_build


def main() -> None:
    """Build; a stack that runs already serves the new build from then on."""
    try:
        if web_build.build(_tell) and any(part.name == web.NAME and part.state != "stopped" for part in stack.status()):
            stack.stop_part(web.NAME)
            stack.start_part(web.NAME)
    except errors.StackError as error:
        _tell(f"web: not built, the rest works without it. {error}")


def _tell(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
