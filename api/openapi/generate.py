"""`python -m api.openapi.generate`: writes `openapi.json` from the code; `--print` only shows it."""

import argparse
import json
import sys
from typing import Any

import django
from django.conf import settings

from api.openapi.document import FILE


def generate() -> str:
    """The description as JSON, the same for the same code. Sets Django up, with the generator's settings."""
    from api.openapi import words

    settings.REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] = "api.openapi.schema.OperationSchema"
    settings.SPECTACULAR_SETTINGS = {
        "OAS_VERSION": "3.1.1",
        "TITLE": words.TITLE,
        "DESCRIPTION": words.description(),
        "VERSION": words.VERSION,
        "SERVERS": [{"url": "/", "description": "The Giftflick that this description comes from."}],
        "POSTPROCESSING_HOOKS": [],
        "ENFORCE_NON_BLANK_FIELDS": True,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    }
    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    document: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return json.dumps(_completed(document), indent=1, ensure_ascii=False) + "\n"


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """With what hangs on no view that the generator reads; paths in the order of the table, components by name."""
    from api.openapi import described, headers, problems
    from api.openapi.described.meta import PATHS
    from api.openapi.described.webhooks import WEBHOOKS
    from api.openapi.schema import KEY
    from api.openapi.words import KEY_WORDS

    bodies = _without_notes(document["components"]["schemas"])
    if twice := bodies.keys() & described.SCHEMAS.keys():
        raise ValueError(f"Described twice: {sorted(twice)}")
    order = list(dict.fromkeys(place.partition(" ")[2] for place in described.OPERATIONS))
    paths = sorted(document["paths"].items(), key=lambda item: order.index(item[0]))
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "servers": document["servers"],
        "tags": described.TAGS,
        "paths": dict(paths) | PATHS,
        "webhooks": WEBHOOKS,
        "components": {
            "securitySchemes": {KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": KEY_WORDS}},
            "parameters": headers.PARAMETERS,
            "headers": headers.HEADERS,
            "responses": problems.shared_responses(),
            "schemas": dict(sorted((bodies | described.SCHEMAS).items())),
        },
    }


def _without_notes(node: Any) -> Any:
    """Without what the generator notes for itself."""
    if isinstance(node, dict):
        return {name: _without_notes(value) for name, value in node.items() if name != "x-spec-enum-id"}
    return [_without_notes(value) for value in node] if isinstance(node, list) else node


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m api.openapi.generate", description="Describe the API.")
    parser.add_argument("--print", action="store_true", help="to standard output instead of the file")
    is_shown = parser.parse_args().print
    description = generate()
    if is_shown:
        sys.stdout.write(description)
    else:
        FILE.write_text(description, encoding="utf-8")


if __name__ == "__main__":
    main()
