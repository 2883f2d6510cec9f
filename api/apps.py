from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    verbose_name = "Giftflick"

    def ready(self) -> None:
        from giftflick import checks  # noqa: F401 - registers them
