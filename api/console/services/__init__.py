"""What is done in the console: asking, stopping, keeping questions, and clearing away."""

from api.console.services.asking import Asked, Told, answering_logins, ask_database, stop_run
from api.console.services.clearing import end_overdue, purge_runs
from api.console.services.keeping import Draft, delete_question, may_change, may_delete, save_question, seed_questions

__all__ = [
    "Asked",
    "Draft",
    "Told",
    "answering_logins",
    "ask_database",
    "delete_question",
    "end_overdue",
    "may_change",
    "may_delete",
    "purge_runs",
    "save_question",
    "seed_questions",
    "stop_run",
]
