"""Days as the admin's pages write them everywhere, in place of "Nov. 27, 2026"; Django finds this by its place."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
