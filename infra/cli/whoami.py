"""`rivulet whoami`: as whom the commands act, and why."""

import os

from infra.cli.console import out, plain
from infra.cli.person import entered, named_in, own_email
from infra.cli.project import find_project


async def run() -> None:
    """Say it. On the local stack this makes its own person, if nobody has signed in."""
    project = find_project()
    async with entered(project, os.environ) as person:
        if named_in(os.environ):
            why = "named by RIVULET_EMAIL"
        elif project.local and person.email == own_email():
            why = "the local stack's own person, after this machine's user; another one: rivulet login EMAIL"
        else:
            why = "who signed in last"
        out().print(f"{plain(person.email)} at {project.url} ({why})")
