"""The parts of the local stack, in one table."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.local import account, chroma, database, environment, health, ports, postgres, redis, state, web, web_node
from infra.local.part import Part

Note = Callable[[str, str], None]
# Listener → the queues it serves, and how many jobs of each it works on at a time. Vectors of several jobs are written
# to Chroma together, which costs it a fraction of writing them one by one.
LISTENERS = {
    "parse": (("parse",), 2),
    "embed": (("embed",), 8),
    "respond": (("respond",), 16),
    "purge": (("purge", "move", "backfill"), 1),
}
# Somebody waits for an answer; the rest is done beside it, and must not take the processor from it.
AWAITED = ("respond",)
BESIDE = ("nice", "-n", "10")
SERVERS = ("postgres", "redis", "chroma", "models", "gateway")


def names() -> list[str]:
    """Every part a stack can have."""
    servers = [name for name in SERVERS if name != "redis" or redis.program()]
    return [*servers, *LISTENERS, *([web.NAME] if web.is_served() else [])]


def why_not(name: str) -> str:
    """Why a stack may be without a part, and what to do."""
    match name:
        case "models":
            return "It was started with TOGETHER_BASE_URL or TOGETHER_API_KEY, and asks that service instead."
        case "redis":
            return f"Redis is not installed. {redis.INSTALL}"
        case web.NAME:
            return web_node.missing() if web_node.find() is None else "It is not built; `make up` does that."
    return ""


@dataclass(frozen=True)
class Plan:
    """Everything that decides which parts there are and how they find each other."""

    home: state.State
    secrets: state.Secrets
    ports: dict[str, int]
    given: Mapping[str, str]
    place: account.Place

    def parts(self) -> list[Part]:
        """All parts; each comes after those it needs."""
        servers = [_postgres(self), _chroma(self), _gateway(self)]
        if "redis" in self.ports:
            servers.append(_redis(self))
        if "models" in self.ports:
            servers.append(_models(self))
        listeners = [self._listener(name, tuple(server.name for server in servers)) for name in LISTENERS]
        served = [web.part(self.ports, self.secrets, self.given)] if web.NAME in self.ports else []
        return servers + listeners + served

    def added(self) -> list[Part]:
        """Parts that have become possible since: the web application, once it is built."""
        if web.NAME in self.ports or not web.is_served():
            return []
        self.ports[web.NAME] = ports.choose(web.USUAL_PORT)
        return [web.part(self.ports, self.secrets, self.given)]

    def _listener(self, name: str, needs: tuple[str, ...]) -> Part:
        queues, concurrency = LISTENERS[name]
        return Part(
            name=name,
            command=(
                *(() if name in AWAITED else BESIDE),
                *(sys.executable, "-m", "listeners", *queues, "--concurrency", str(concurrency)),
            ),
            environment=environment.listener(self.ports, self.secrets, self.given),
            needs=needs,
            # It takes longer to load than all servers together, and connects again and again anyway.
            eager=True,
            ready_text="listening",
            folder=state.CHECKOUT,
        )


def choose_ports(given: Mapping[str, str], note: Note) -> dict[str, int]:
    """A free port for every server; `note` is told of a usual one that is taken, and of what cannot be served."""
    chosen = {}
    for name, usual in _usual_ports(given, note).items():
        chosen[name] = ports.choose(usual)
        if chosen[name] != usual:
            note(name, f"port {usual} is in use by another program; taking {chosen[name]}")
    return chosen


def _usual_ports(given: Mapping[str, str], note: Note) -> dict[str, int]:
    usual = dict(environment.USUAL_PORTS)
    if not environment.runs_local_models(given):
        del usual["models"]
    if not redis.program():
        del usual["redis"]
        note("redis", f"not installed: everything works without it, but nothing is remembered. {redis.INSTALL}")
    return usual | ({web.NAME: web.USUAL_PORT} if web.is_served() else {})


def _postgres(plan: Plan) -> Part:
    cluster = postgres.Cluster(plan.place, plan.ports["postgres"], plan.secrets.database_passwords["supabase_admin"])

    def fill() -> None:
        database.install_platform(cluster.dsn())
        database.set_passwords(cluster.dsn(), plan.secrets.database_passwords)
        owner = cluster.dsn(user="postgres", password=plan.secrets.database_passwords["postgres"])
        database.migrate(owner, state.CHECKOUT / "migrations")

    return Part(
        name="postgres",
        command=tuple(cluster.command()),
        environment=environment.plain(plan.given),
        port=cluster.port,
        health=health.postgres(cluster),
        prepare=lambda: postgres.prepare(cluster),
        finish=fill,
        owner=plan.place.process_owner(),
        stop_signal=postgres.STOP_SIGNAL,
    )


def _redis(plan: Plan) -> Part:
    port = plan.ports["redis"]
    configuration = redis.configure(plan.home.folder / "redis", port, plan.secrets.redis_password)
    return Part(
        name="redis",
        command=tuple(redis.command(configuration)),
        environment=environment.plain(plan.given),
        port=port,
        health=health.redis(port),
    )


def _chroma(plan: Plan) -> Part:
    port = plan.ports["chroma"]
    return Part(
        name="chroma",
        command=tuple(chroma.command(plan.home.folder / "chroma", port)),
        environment=environment.plain(plan.given) | chroma.environment(),
        port=port,
        health=health.http(port, chroma.HEALTH_PATH),
    )


def _models(plan: Plan) -> Part:
    port = plan.ports["models"]
    return Part(
        name="models",
        command=(sys.executable, "-m", "infra.local.models"),
        environment=environment.models(plan.ports, plan.home.folder / "models", plan.given),
        port=port,
        health=health.http(port, "/healthz"),
        folder=state.CHECKOUT,
    )


def _gateway(plan: Plan) -> Part:
    port = plan.ports["gateway"]
    return Part(
        name="gateway",
        command=(sys.executable, "-m", "infra.local.gateway"),
        environment=environment.gateway(plan.ports, plan.secrets, plan.home.folder / "storage", plan.given),
        needs=("postgres",),
        port=port,
        health=health.http(port, "/healthz"),
        folder=state.CHECKOUT,
    )
