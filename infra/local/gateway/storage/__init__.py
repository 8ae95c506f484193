"""Storage (``/storage/v1``): buckets and objects, as storage-api answers; bytes on disk, rows in PostgreSQL."""
