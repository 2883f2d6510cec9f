"""A gift's page in the admin, and the pages behind its buttons."""
