"""Checks migrations before they are deployed: `python -m infra.deploy.migrations [freeze]`.

Released files are frozen: their hashes stand in `migrations/released.sha256`, which `freeze` writes at a release. A new
file must come after them, must not take away what running listeners of the release before still use (expand first,
contract a release later), and the last one must end by noting what is expected. A line `-- contract: <why it is safe>`
says that the statements of its file were thought about.
"""

import hashlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

FROZEN = "released.sha256"
LAST_LINE = "select rivulet.note_expected();"
PERMISSION = re.compile(r"^-- contract: \S.*$", re.MULTILINE)
# What breaks a listener that is still running while the migration has been applied.
CONTRACTIONS: Mapping[str, re.Pattern[str]] = {
    "drops a column": re.compile(r"\bdrop\s+column\b", re.IGNORECASE),
    "drops a table": re.compile(r"\bdrop\s+table\b", re.IGNORECASE),
    "drops a function": re.compile(r"\bdrop\s+function\b", re.IGNORECASE),
    "renames": re.compile(r"\brename\s+(column\s+\w+\s+)?to\b", re.IGNORECASE),
    "changes a type": re.compile(r"\balter\s+column\s+\w+\s+(set\s+data\s+)?type\b", re.IGNORECASE),
    "demands a value of old rows": re.compile(r"\balter\s+column\s+\w+\s+set\s+not\s+null\b", re.IGNORECASE),
    "adds a column that old writers do not fill": re.compile(
        r"\badd\s+column\s+(?:if\s+not\s+exists\s+)?\w+\s+(?:(?!default|generated)[^,;])*\bnot\s+null\b(?:(?!default|generated)[^,;])*[,;]",
        re.IGNORECASE,
    ),
    "replaces a versioned function": re.compile(
        r"\bcreate\s+or\s+replace\s+function\s+public\.\w+_v\d+\b", re.IGNORECASE
    ),
}
_COMMENT = re.compile(r"--[^\n]*")


def problems(folder: Path) -> Iterator[str]:
    """What is wrong, a sentence each."""
    frozen = read_frozen(folder)
    for name, digest in frozen.items():
        file = folder / name
        if not file.is_file():
            yield f"{name} was released and is gone. Others have applied it: bring it back."
        elif hash_of(file) != digest:
            yield f"{name} was released and has been changed. Others have applied it: put the change into a new file."
    new = [file for file in sorted(folder.glob("*.sql")) if file.name not in frozen]
    for file in new:
        if frozen and file.name < max(frozen):
            yield f"{file.name} would come before {max(frozen)}, which was released. Give it a later time."
        if frozen:
            yield from contractions(file)
    if new and LAST_LINE not in new[-1].read_text():
        yield f"{new[-1].name} is the last and does not end with `{LAST_LINE}`: rivulet doctor would be mistaken."


def contractions(file: Path) -> Iterator[str]:
    """What a new file takes away."""
    text = file.read_text()
    if PERMISSION.search(text):
        return
    code = _COMMENT.sub("", text)
    for what, pattern in CONTRACTIONS.items():
        if pattern.search(code):
            yield (
                f"{file.name} {what} while listeners of the release before may still run. Do it a release later, or "
                "say why it is safe in a line `-- contract: …`."
            )


def read_frozen(folder: Path) -> dict[str, str]:
    """Hashes of released files by their names; as `sha256sum` writes them."""
    file = folder / FROZEN
    lines = file.read_text().splitlines() if file.is_file() else []
    return {name: digest for digest, name in (line.split() for line in lines)}


def freeze(folder: Path) -> None:
    """All that is there is released."""
    lines = [f"{hash_of(file)}  {file.name}\n" for file in sorted(folder.glob("*.sql"))]
    (folder / FROZEN).write_text("".join(lines))


def hash_of(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(arguments: list[str]) -> int:
    """Check, or freeze."""
    folder = Path(__file__).resolve().parents[2] / "migrations"
    if arguments == ["freeze"]:
        freeze(folder)
        return 0
    found = list(problems(folder))
    sys.stdout.write("".join(f"{problem}\n" for problem in found) or "Migrations are fit to be deployed.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
