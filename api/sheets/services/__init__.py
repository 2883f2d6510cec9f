"""Everything that changes sheets and exports."""

from api.sheets.services.applying import take_row
from api.sheets.services.checking import check_slice, check_small, give_up_check, read_sheet
from api.sheets.services.confirming import confirm_sheet, discard_sheet
from api.sheets.services.ending import forget_sheet_rows, purge_old, throw_old_away
from api.sheets.services.exporting import download_link, give_up_export, order_export, write_export
from api.sheets.services.receiving import begin_upload, finish_upload, receive_file

__all__ = [
    "begin_upload",
    "check_slice",
    "check_small",
    "confirm_sheet",
    "discard_sheet",
    "download_link",
    "finish_upload",
    "forget_sheet_rows",
    "give_up_check",
    "give_up_export",
    "order_export",
    "purge_old",
    "read_sheet",
    "receive_file",
    "take_row",
    "throw_old_away",
    "write_export",
]
