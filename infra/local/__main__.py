"""The supervisor's process: `python -m infra.local run` stays in the foreground, `up` goes into the background."""

import logging
import os
import sys

from infra.local import errors, logs, state, supervisor

USAGE = "usage: python -m infra.local run|up"


def main(arguments: list[str]) -> int:
    """Supervise the stack of the state folder that the environment names; return the exit code."""
    if arguments not in (["run"], ["up"]):
        sys.stderr.write(USAGE + "\n")
        return 2
    try:
        home = state.open_state(state.find_folder(os.environ))
        state.refuse_to_start(home)
        if arguments == ["up"] and not _become_daemon(home):
            return 0
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        supervisor.run(home, dict(os.environ))
    except errors.StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _become_daemon(home: state.State) -> bool:
    """Go on in a process of its own session whose output is the supervisor's log; false in the one left behind.

    The process left behind prints the number of the new one.
    """
    child = os.fork()
    if child:
        sys.stdout.write(f"{child}\n")
        return False
    os.setsid()
    file = home.logs / "supervisor.log"
    logs.begin(file)
    with open(os.devnull, "rb") as nothing, file.open("ab") as output:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
