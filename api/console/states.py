"""What becomes of a question, and what a parameter may be."""

from django.db.models import TextChoices


class RunState(TextChoices):
    RUNNING = "running", "being answered"
    ANSWERED = "answered", "its rows came back"
    REFUSED = "refused", "the database would not have it"
    CUT_OFF = "cut_off", "it took too long"
    CANCELED = "canceled", "somebody stopped it"
    LOST = "lost", "nobody was left to hear the answer"


class ParameterType(TextChoices):
    TEXT = "text"
    NUMBER = "number", "whole number"
    DECIMAL = "decimal", "number with decimals"
    DATE = "date"
    MOMENT = "moment", "date and time"
    UUID = "uuid", "id"
    FLAG = "flag", "yes or no"


# PostgreSQL's numbers of these types, in every database.
OIDS = {
    ParameterType.TEXT: 25,
    ParameterType.NUMBER: 20,
    ParameterType.DECIMAL: 1700,
    ParameterType.DATE: 1082,
    ParameterType.MOMENT: 1184,
    ParameterType.UUID: 2950,
    ParameterType.FLAG: 16,
}
NUMERIC_OIDS = frozenset({20, 21, 23, 26, 700, 701, 790, 1700})
