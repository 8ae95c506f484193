"""Which files of a folder stay at home: patterns as in .gitignore (https://git-scm.com/docs/gitignore)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

IGNORE_FILE = ".rivuletignore"


@dataclass(frozen=True)
class Rules:
    """The patterns that hold in one folder: its own before those of the folders above, a command's before all."""

    command: GitIgnoreSpec
    files: tuple[tuple[Path, GitIgnoreSpec], ...] = field(default=())  # the folder of each, the deepest first

    @classmethod
    def of(cls, patterns: Sequence[str]) -> "Rules":
        """The patterns of a command."""
        return cls(GitIgnoreSpec.from_lines(patterns))

    def within(self, folder: Path) -> "Rules":
        """The rules of a folder below, with what its file of patterns says. Raises OSError, UnicodeError."""
        place = folder / IGNORE_FILE
        if not place.is_file():
            return self
        own = GitIgnoreSpec.from_lines(place.read_text("utf-8-sig").splitlines())
        return Rules(self.command, ((folder, own), *self.files))

    def ignores(self, path: Path, top: Path, is_folder: bool) -> bool:
        """Whether the path is to be left out; `top` is the folder that the command named."""
        mark = "/" if is_folder else ""
        for folder, spec in ((top, self.command), *self.files):
            said = spec.check_file(path.relative_to(folder).as_posix() + mark).include
            if said is not None:
                return said
        return False


def walk(top: Path, rules: Rules) -> Iterator[tuple[Path, bool]]:
    """The files below a folder in order, and of each whether it is left out; a folder that is counts as one.

    What is hidden (its name begins with a dot) is not even looked at. Links to folders are not followed.
    """
    yield from _walk(top, top, rules)


def _walk(folder: Path, top: Path, above: Rules) -> Iterator[tuple[Path, bool]]:
    rules = above.within(folder)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        is_folder = path.is_dir()
        if rules.ignores(path, top, is_folder):
            yield path, True
        elif is_folder and not path.is_symlink():
            yield from _walk(path, top, rules)
        elif path.is_file():
            yield path, False
