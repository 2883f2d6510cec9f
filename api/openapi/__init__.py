"""The API's description: `openapi.json`, and what it is generated from.

Nothing here but `document` is imported by the product: the generator needs packages that do not ship.
"""
