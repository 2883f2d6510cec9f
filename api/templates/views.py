"""`/v1/templates`."""

from django.db.models import QuerySet
from rest_framework import mixins

from accounts.models import Scope
from api.templates.models import Template
from api.templates.selectors import published_templates
from api.templates.serializers import TemplateSerializer
from api.viewsets import ApiViewSet


class TemplateViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """What a gift can be made from."""

    lookup_field = "slug"
    lookup_value_converter = "slug"
    serializer_class = TemplateSerializer
    required_scopes = dict.fromkeys(("list", "retrieve"), Scope.GIFTS_READ)

    def get_queryset(self) -> QuerySet[Template]:
        return published_templates()
