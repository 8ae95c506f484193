"""Whether a file is what Storage has, by the entity tag that Storage keeps of it.

Of a file sent in one piece the tag is the MD5 of its bytes; of one kept in parts it is the MD5 of the parts' MD5s, with
their number behind a dash. How large the parts were is not said, but few sizes are in use.
"""

import hashlib
from pathlib import Path

MIB = 1024**2
PART_SIZES = (5 * MIB, 6 * MIB, 8 * MIB, 16 * MIB)  # of the client libraries of S3, and of resumable uploads


def is_file(file: Path, etag: str | None, size: int | None) -> bool:
    """Whether the file has these bytes. Raises OSError."""
    if etag is None or file.stat().st_size != size:
        return False
    digest, _, parts = etag.strip('"').partition("-")
    if not parts:
        return _digest(file, None) == digest
    sizes = [part for part in PART_SIZES if str(max(-(-size // part), 1)) == parts]
    return any(_digest(file, part) == digest for part in sizes)


def _digest(file: Path, part: int | None) -> str:
    whole = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as opened:
        while piece := opened.read(part or MIB):
            whole.update(hashlib.md5(piece, usedforsecurity=False).digest() if part else piece)
    return whole.hexdigest()
