"""The pages for taking data in and out."""

from api.sheets import tasks
from api.sheets.admin import exporting, importing, sheets, uploading

__all__ = ["exporting", "importing", "sheets", "tasks", "uploading"]  # registered by being imported
