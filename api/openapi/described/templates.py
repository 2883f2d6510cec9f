"""`/v1/templates`."""

from api.openapi.operations import Answer, Operation
from api.openapi.shapes import Schema, address, flag, number, or_null, page_of, record, ref, rows, text, whole

TAG = "Templates"
ABOUT = "What a gift's film can be made from, and the fields that each template leaves open."

SCHEMAS: dict[str, Schema] = {
    "Template": record(
        {
            "slug": text("What a gift names it by."),
            "name": text(),
            "occasion": text(),
            "description": text(),
            "aspect_ratio": text("Width to height, such as `16:9`."),
            "duration_s": number("How long its films are, about; clips make them longer.", minimum=0),
            "fields": rows(ref("TemplateField")),
            "preview_url": or_null(address("A picture, signed for an hour at most.")),
        }
    ),
    "TemplateField": record(
        {
            "name": text("Its name in the gift's `fields`."),
            "label": text("What to write beside the form's field."),
            "required": flag(),
            "max_length": whole(minimum=1),
            "default": text("What stands in the film where the gift leaves it out."),
        },
        optional=["default"],
    ),
    "TemplateList": page_of("Template", "A page of templates."),
}

EXAMPLE = {
    "slug": "birthday-confetti",
    "name": "Birthday confetti",
    "occasion": "birthday",
    "description": "Balloons, bunting and a tune that skips along.",
    "aspect_ratio": "16:9",
    "duration_s": 31,
    "fields": [
        {
            "name": "headline",
            "label": "Headline",
            "required": False,
            "max_length": 40,
            "default": "Happy birthday, {recipient}!",
        }
    ],
    "preview_url": "https://media.example/templates/birthday-confetti.jpg?X-Amz-Signature=…",
}

OPERATIONS = {
    "GET /v1/templates": Operation(
        id="list_templates",
        tag=TAG,
        summary="List templates",
        description="The published ones, newest first.",
        answer=Answer("A page.", "TemplateList", {"next": None, "previous": None, "results": [EXAMPLE]}),
        is_list=True,
    ),
    "GET /v1/templates/{slug}": Operation(
        id="get_template",
        tag=TAG,
        summary="One template",
        description="A published template.",
        answer=Answer("The template.", "Template", EXAMPLE),
        path_words={"slug": "The template's slug."},
        path_examples={"slug": "birthday-confetti"},
    ),
}
