"""Removes backups that nobody wants any more, and the files that no backup holds."""

from datetime import UTC, datetime, timedelta

from infra.cli.backup.save import MANIFEST, backups, files_of
from infra.cli.backup.store import Store

# What no backup holds may be of one that is being taken somewhere else.
UNDER_WAY = timedelta(days=1)


def prune(store: Store, keep: int) -> int:
    """Keep so many of the latest backups, at least one; how many were removed.

    What belongs to the others is found out before anything is removed: it may be sealed with another key.
    """
    names = backups(store)
    unwanted = names[:-keep]
    held = {each.file for name in names[-keep:] for each in files_of(store, name)}
    for name in unwanted:
        store.remove(f"backups/{name}/{MANIFEST}")  # first: what is half there must not look whole
        store.remove_folder(f"backups/{name}")
    for file in store.files_in("objects", before=datetime.now(UTC) - UNDER_WAY) - held:
        store.remove(file)
    return len(unwanted)
