"""`rivulet backup`, `restore` and `drill`: everything of a project in a folder or bucket, and back again.

Reasons for what is kept and how: infra/decisions/0120-a-backup-holds-the-vectors.md.
"""
