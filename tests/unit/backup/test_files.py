"""Files that several backups hold."""

from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest

from infra.cli.backup import objects
from infra.cli.backup.objects import Files, Object
from infra.cli.backup.save import MANIFEST, _known
from infra.cli.backup.store import Store

WEIR = Object("weir.pdf", "a" * 64, "application/pdf", "0" * 64, 4)
DAM = Object("dam.pdf", "b" * 64, "application/pdf", "1" * 64, 3)


class Gone:
    """Files that vanish while they are copied."""

    def read(self, name: str) -> Iterator[bytes]:
        yield b"we"
        request = httpx.Request("GET", "http://storage.test")
        raise httpx.HTTPStatusError("gone", request=request, response=httpx.Response(404, request=request))


@pytest.fixture
def bucket() -> Store:
    """One that is no folder, so that files are written straight to their names."""
    return Store("mock:///bucket", None)


def back_up(store: Store, name: str, *kept: Object) -> None:
    for each in kept:
        with store.writing(each.file) as file:
            file.write(b"weir")
    store.put_json(f"backups/{name}/objects.json.gz", objects.as_json(kept))
    store.put_json(f"backups/{name}/{MANIFEST}", {})


def test_a_copy_that_fails_leaves_what_an_older_backup_holds(bucket: Store) -> None:
    back_up(bucket, "1", WEIR)
    back_up(bucket, "2")
    listed = [(each.name, each.mark, each.mime) for each in (WEIR, DAM)]

    kept, gone = objects._save(listed, cast(Files, Gone()), bucket, _known(bucket), cast(Any, None))

    with bucket.reading(WEIR.file) as file:
        assert file.read() == b"weir"
    assert (kept, gone) == ([WEIR], [DAM.name])
    assert not bucket.has(DAM.file)
