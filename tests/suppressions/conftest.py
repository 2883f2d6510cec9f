from tests.admin.conftest import founder
from tests.sheets.conftest import now, receive

__all__ = ["founder", "now", "receive"]
