"""A film of a template with sample names, before anybody else sees it: a test gift of our own samples account."""
