"""Patterns leave files out as git does, whatever they are; git itself is asked where it is there."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from infra.cli.errors import CommandError
from infra.cli.files import find
from infra.cli.ignore import IGNORE_FILE, Rules, walk

NAMES = ("a.txt", "b.log", "build/out.txt", "build/keep/me.txt", "docs/a.txt", "docs/deep/b.log", "docs/deep/c.md")


def make(folder: Path, **ignore_files: str) -> Path:
    for name in NAMES:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name)
    for name, text in ignore_files.items():
        (folder / name.replace("_", "/").strip("/") / IGNORE_FILE).write_text(text)
    return folder


def taken(folder: Path, *patterns: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path, out in walk(folder, Rules.of(patterns)) if not out]


def test_without_patterns_everything_but_the_hidden_is_taken(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / ".env").write_text("x")
    assert taken(tmp_path) == sorted(NAMES)


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*.log"], ["a.txt", "build/keep/me.txt", "build/out.txt", "docs/a.txt", "docs/deep/c.md"]),
        (["build/"], ["a.txt", "b.log", "docs/a.txt", "docs/deep/b.log", "docs/deep/c.md"]),
        (["/a.txt", "deep"], ["b.log", "build/keep/me.txt", "build/out.txt", "docs/a.txt"]),
        (["*", "!docs/", "!deep/", "!*.md"], ["docs/deep/c.md"]),
        (["docs/**/*.log", "# a comment", ""], ["a.txt", "b.log", *sorted(NAMES)[2:5], "docs/deep/c.md"]),
    ],
)
def test_patterns_of_a_command(tmp_path: Path, patterns: list[str], left: list[str]) -> None:
    assert taken(make(tmp_path), *patterns) == left


def test_files_of_patterns_hold_below_their_folder_and_the_deepest_decides(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / IGNORE_FILE).write_text("*.txt\n")
    (tmp_path / "docs" / IGNORE_FILE).write_text("!a.txt\ndeep/*.md\n")
    assert taken(tmp_path) == ["b.log", "docs/a.txt", "docs/deep/b.log"]
    assert taken(tmp_path, "!/a.txt", "*.log") == ["a.txt", "docs/a.txt"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert taken(tmp_path) == sorted(NAMES)


def test_what_is_left_out_and_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    found = find([tmp_path], ["*.log"])
    assert (len(found.uploads), found.skipped) == (5, 2)


def test_a_pattern_that_means_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--ignore has a pattern that means nothing"):
        find([make(tmp_path)], ["!"])


def test_patterns_that_are_no_text(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / IGNORE_FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="not UTF-8"):
        find([tmp_path])


PIECES = st.sampled_from(["*", "**", "a", "b", "build", "docs", "deep", "keep", ".txt", ".log", "/", "!", "?", "[ab]"])


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.lists(PIECES, min_size=1, max_size=5).map("".join), min_size=1, max_size=4))
def test_as_git_does(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    assume(not any(line.endswith("**/") for line in lines))  # the library reads these as all that is below
    folder = tmp_path_factory.mktemp("tree")
    make(folder)
    (folder / IGNORE_FILE).write_text("\n".join(lines) + "\n")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(folder), "ls-files", "-o", f"--exclude-per-directory={IGNORE_FILE}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    try:
        left = taken(folder)
    except CommandError:
        assert "!" in lines or any(line.startswith("!/") for line in lines)  # git passes over these, we tell
        return
    assert left == sorted(name for name in listed.stdout.splitlines() if not name.startswith("."))
