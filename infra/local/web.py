"""The web application as a part of the stack: there once it has been built, and where there is a Node to serve it."""

from collections.abc import Mapping

from infra.local import environment, errors, health, ports, web_build, web_node
from infra.local.part import Part
from infra.local.state import Secrets

NAME = "web"
USUAL_PORT = 3000


def is_served() -> bool:
    """Whether the stack has this part."""
    return web_build.is_built() and web_node.find() is not None


def address(port: int) -> str:
    """Where people open it."""
    return f"http://{ports.HOST}:{port}"


def part(taken: Mapping[str, int], secrets: Secrets, given: Mapping[str, str]) -> Part:
    """The server; `taken` maps part to port. Raises StackError where it is not `is_served`."""
    node = web_node.find()
    if node is None:
        raise errors.StackError(web_node.missing())
    port = taken[NAME]
    return Part(
        name=NAME,
        command=(str(node.program), str(web_build.SERVER)),
        environment=environment.plain(given) | settings(taken, secrets),
        needs=("gateway",),
        port=port,
        health=health.http(port, "/healthz"),
        folder=web_build.STANDALONE,
        stop_seconds=5.0,
    )


def settings(taken: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """What the server is told."""
    return {
        "NEXT_PUBLIC_SUPABASE_URL": f"http://{ports.HOST}:{taken['gateway']}",
        "NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY": secrets.publishable_key,
        "HOSTNAME": ports.HOST,
        "PORT": str(taken[NAME]),
        "NODE_ENV": "production",
        "NEXT_TELEMETRY_DISABLED": "1",
    }
