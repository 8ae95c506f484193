"""`rivulet watch`: composes person and screen."""

import asyncio
import os

from infra.cli.console import out
from infra.cli.person import entered
from infra.cli.project import find_project
from infra.cli.watch import watch
from infra.cli.watch_screen import screen_for


async def run() -> None:
    """Watch until Ctrl-C, which is the way to end it and no fault."""
    try:
        async with entered(find_project(), os.environ) as person:
            await watch(person, screen_for(out()))
    except asyncio.CancelledError:
        return
