"""`python -m tests.chaos --events N [--json]`: exit code 0 if no promise was broken."""

import random
import sys

from tests.benchmarks import figures
from tests.chaos.monkey import Plan
from tests.chaos.run import run

PROMISES = ("lost", "duplicated", "out_of_order", "limit_violations", "stale_accepted")


def main() -> int:
    """Run and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--events", type=int, default=1000, help="questions and documents (default: 1000)")
    parser.add_argument("--lease", type=int, default=5, help="seconds that a silent worker keeps a job (default: 5)")
    parser.add_argument("--workers", type=int, default=4, help="processes (default: 4)")
    parser.add_argument("--crashes", type=int, default=9, help="crashes in calm, to measure recovery (default: 9)")
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two faults (default: 3)")
    parser.add_argument("--away", type=float, default=60.0, help="seconds that Realtime goes away (default: 60)")
    parser.add_argument("--seed", type=int, help="to choose the same faults again")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    figures.say(f"seed {seed}")
    result = run(given.events, given.lease, given.workers, given.crashes, Plan(given.pause, given.away), seed)
    aims = dict.fromkeys(PROMISES, "0") | {"recovery_s": f"≤ {given.lease + 2}"}
    figures.show({**result, "seed": seed}, aims, given.json)
    return 0 if not any(result[promise] for promise in PROMISES) else 1


if __name__ == "__main__":
    sys.exit(main())
