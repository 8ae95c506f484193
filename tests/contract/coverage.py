"""Writes the table of what the local Supabase does, from the suite that proves it.

``python -m tests.contract.coverage`` writes ``infra/local/COVERAGE.md``; with ``--check`` it only says whether the file
is up to date. A row is a behaviour: a test's name, in Python or JavaScript, in words.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONTRACT = Path(__file__).parent
TABLE = CONTRACT.parents[1] / "infra" / "local" / "COVERAGE.md"
AREAS = {
    "data_api": "Data API",
    "auth": "Auth",
    "storage": "Storage",
    "realtime": "Realtime",
    "edge": "Edge: webhooks and functions",
    "platform": "Roles and ownership",
    "security": "No way round row level security",
}
BOTH_CLIENTS = {"anon", "service", "person", "other", "bucket", "make_client", "caller"}
NAMED = re.compile(r'^(?:behaviour|locally)\("([^"]+)"', re.MULTILINE)
HEAD = """# What the local Supabase does

Made by `python -m tests.contract.coverage` from the tests in `tests/contract/`: each row is a test that fails when the
behaviour is lost. The same tests run against any other Supabase made for tests; `tests/contract/conftest.py` names the
variables that say which.

- **supported**: as hosted Supabase does it.
- **refused**: not offered; a clear error says so.
- **differs**: works, but not quite as hosted; how is said in the row.

"Shown by" says who talks to it in the test: the official clients supabase-py (sync and async) and supabase-js, both
unmodified, a bare HTTP client, a bare websocket, or a database connection.
"""


@dataclass
class Behaviour:
    """One row."""

    name: str
    standing: str = "supported"
    clients: set[str] = field(default_factory=set)


def render() -> str:
    """Return the file."""
    parts = [HEAD]
    for area, title in AREAS.items():
        rows: dict[str, Behaviour] = {}
        for found in (*_in_python(area), *_in_javascript(area)):
            row = rows.setdefault(found.name, found)
            row.clients |= found.clients
        parts.append(_section(title, list(rows.values())))
    return "\n".join(parts)


def _section(title: str, rows: list[Behaviour]) -> str:
    lines = [f"## {title}", "", "| Behaviour | Standing | Shown by |", "|---|---|---|"]
    order = ("supported", "differs", "refused")
    rows.sort(key=lambda row: order.index(row.standing.split(":")[0]))
    lines += [f"| {row.name} | {row.standing} | {', '.join(sorted(row.clients))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _in_python(area: str) -> Iterator[Behaviour]:
    for file in sorted((CONTRACT / area).glob("test_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                name = node.name.removeprefix("test_").replace("_", " ")
                yield Behaviour(name, _standing(node), {_client(area, node)})


def _in_javascript(area: str) -> Iterator[Behaviour]:
    file = CONTRACT / "js" / f"{area}.test.mjs"
    if file.exists():
        standings = {row.name: row.standing for row in _in_python(area)}
        for name in NAMED.findall(file.read_text()):
            yield Behaviour(name, standings.get(name, "supported"), {"supabase-js"})


def _standing(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Name) and decorator.id == "refused":
            return "refused"
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "differs":
            return f"differs: {ast.literal_eval(decorator.args[0])}"
    return "supported"


def _client(area: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    asked = {argument.arg for argument in node.args.args}
    if area == "realtime":
        return "supabase-py async" if asked & {"client", "clients", "make_client"} else "websocket"
    if "library" in ast.unparse(ast.Module([ast.Expr(one) for one in node.decorator_list], [])):
        return "HTTP"
    if asked & BOTH_CLIENTS:
        return "supabase-py"
    return "HTTP" if isinstance(node, ast.AsyncFunctionDef) or "project" in asked else "database"


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` compare it; return the exit code."""
    wanted = render()
    if arguments == ["--check"]:
        if TABLE.exists() and TABLE.read_text() == wanted:
            return 0
        sys.stderr.write(f"{TABLE} is out of date. Run: python -m tests.contract.coverage\n")
        return 1
    TABLE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
