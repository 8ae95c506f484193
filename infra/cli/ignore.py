"""Which files of a folder stay at home: patterns as in .gitignore (https://git-scm.com/docs/gitignore)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.base import GitIgnorePatternError

from infra.cli.errors import CommandError

IGNORE_FILE = ".rivuletignore"


@dataclass(frozen=True)
class Rules:
    """The patterns that hold in one folder: its own before those of the folders above, a command's before all."""

    command: GitIgnoreSpec
    files: tuple[tuple[Path, GitIgnoreSpec], ...] = field(default=())  # the folder of each, the deepest first

    @classmethod
    def of(cls, patterns: Sequence[str]) -> "Rules":
        """The patterns of a command."""
        return cls(_read(patterns, "--ignore"))

    def within(self, folder: Path) -> "Rules":
        """The rules of a folder below, with what its file of patterns says. Raises `CommandError`, OSError."""
        place = folder / IGNORE_FILE
        if not place.is_file():
            return self
        try:
            own = _read(place.read_text("utf-8-sig").splitlines(), str(place))
        except UnicodeError as error:
            raise CommandError(f"{place} is not UTF-8.") from error
        return Rules(self.command, ((folder, own), *self.files))

    def ignores(self, path: Path, top: Path, is_folder: bool) -> bool:
        """Whether the path is to be left out; `top` is the folder that the command named."""
        for folder, spec in ((top, self.command), *self.files):
            said = _verdict(spec, path.relative_to(folder).as_posix(), is_folder)
            if said is not None:
                return said
        return False


def _read(lines: Sequence[str], place: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except GitIgnorePatternError as error:
        raise CommandError(f"{place} has a pattern that means nothing: {error}.") from error


def _verdict(spec: GitIgnoreSpec, name: str, is_folder: bool) -> bool | None:
    """What the last pattern says that means this very path; None if none does.

    Whoever walks never enters a folder that is left out, so that what a pattern says of a folder above is no news here.
    The library's own verdict would count it, and let it win over a later pattern that takes the folder back.
    """
    for pattern in reversed(list(spec.patterns)):
        if pattern.include is not None and pattern.regex is not None and _means(pattern.regex, name, is_folder):
            return pattern.include
    return None


def _means(regex: re.Pattern[str], name: str, is_folder: bool) -> bool:
    # The group is the slash behind the folder that a pattern names.
    own = regex.search(name)
    if own is not None and not ("ps_d" in regex.groupindex and own["ps_d"]):
        return True
    behind = regex.search(f"{name}/") if is_folder and "ps_d" in regex.groupindex else None
    return behind is not None and behind.end("ps_d") == len(name) + 1


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
