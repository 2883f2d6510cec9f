import io
from datetime import datetime
import pytest
from django.utils import timezone
from accounts.models import Account
from api.sheets import services, tasks
from api.sheets.kinds import kind_called
from api.sheets.models import SheetRow
from api.batches.services import run_slice

pytestmark = pytest.mark.django_db(transaction=True)

def test_accounts(now: datetime) -> None:
    kind = kind_called("accounts")
    data = "name,email,domains\nA,a@x.com,shop.example.com\nB,b@x,\nA,c@x.com,\n".encode()
    sheet = services.receive_file(kind, io.BytesIO(data), size=len(data), scope_id=None, actor="staff:ada", now=now)
    sheet = services.check_small(sheet, now=now)
    print(sheet.state, sheet.problems, sheet.counts, list(SheetRow.objects.values_list("number","outcome","changes","errors")))
    batch = services.confirm_sheet(sheet.pk, title="x", actor="staff:ada", why="", now=now)
    run_slice(batch.pk, now=now)
    print(list(batch.items.values_list("state","detail")), Account.objects.values())
    assert 0
