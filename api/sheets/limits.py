"""How large a sheet may be: what a function of 60 s and half a gigabyte reads with room to spare."""

from datetime import timedelta

MB = 1024 * 1024

MAX_BYTES = 10 * MB  # as it is stored
MAX_POSTED = 4 * MB  # through the site: Lambda takes 6 MB of base64, which is 4.5 of bytes; larger ones go by S3
MAX_UNPACKED = 100 * MB
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELLS = 1_500_000
MAX_CELL = 32_767  # characters, Excel's own limit
MAX_VISITED = 300_000  # rows, blank ones too: a stray space in Excel's last row makes a million of them

AT_ONCE = 500  # rows that are checked while their founder waits, and in each slice of a job
READ_AT_ONCE = MB // 2  # bytes that are read while their founder waits
UNPACKED_AT_ONCE = 4 * MB  # so many of an XLSX, once it is unpacked

KEPT_FOR = timedelta(days=7)
LINK_LIVES = timedelta(hours=1)
