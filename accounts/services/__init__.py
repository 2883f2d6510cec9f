"""Opening accounts, and the life of their keys.

A key is a record in PostgreSQL and its projection in the key table, which is what lets a call in. What widens (issue,
resume) is committed before it is projected; what narrows (revoke, expire, suspend) is projected before it is committed.
So a crash in between always leaves a key refused, and `accounts.key_sync` brings both together again.
"""

from accounts.services.accounts import (
    NAME_TAKEN,
    change_account,
    create_account,
    open_account,
    project_account,
    project_later,
    resume_account,
    suspend_account,
)
from accounts.services.keys import (
    LONGEST_OVERLAP,
    SHOWN_BEFORE,
    ShownBeforeError,
    expire_record,
    issue_api_key,
    note_use,
    revoke_api_key,
    revoke_record,
    rotate_api_key,
)

__all__ = [
    "LONGEST_OVERLAP",
    "NAME_TAKEN",
    "SHOWN_BEFORE",
    "ShownBeforeError",
    "change_account",
    "create_account",
    "expire_record",
    "issue_api_key",
    "note_use",
    "open_account",
    "project_account",
    "project_later",
    "resume_account",
    "revoke_api_key",
    "revoke_record",
    "rotate_api_key",
    "suspend_account",
]
