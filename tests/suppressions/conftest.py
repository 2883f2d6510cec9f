from tests.admin.conftest import founder

__all__ = ["founder"]
