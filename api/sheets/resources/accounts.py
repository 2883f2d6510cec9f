"""Shops as rows: one that has a shop's id, or its name, changes it; any other opens one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from import_export.fields import Field  # noqa: TID253 - only what reads rows imports this

from accounts import services
from accounts.hosts import domain_problem, origin_problem
from accounts.models import Account, OrderGate
from api.sheets.resources.base import (
    Cells,
    ChoiceWidget,
    ListWidget,
    SheetResource,
    TextWidget,
    WholeNumberWidget,
)


class AccountResource(SheetResource):
    name = Field("name", "name", TextWidget())
    email = Field("email", "email", TextWidget())
    order_gate = Field("order_gate", "order_gate", ChoiceWidget(OrderGate.values))
    requests_per_minute = Field("requests_per_minute", "requests_per_minute", WholeNumberWidget())
    mails_per_day = Field("mails_per_day", "mails_per_day", WholeNumberWidget())
    domains = Field("domains", "domains", ListWidget())
    origins = Field("origins", "origins", ListWidget())

    class Meta(SheetResource.Meta):
        model = Account
        fields = ("name", "email", "order_gate", "requests_per_minute", "mails_per_day", "domains", "origins")

    def find(self, row: Cells) -> Account | None:
        accounts = Account.objects.all() if self.is_dry else Account.objects.select_for_update(no_key=True)
        if not (wanted := row.get("id", "")):
            return accounts.filter(name=row.get("name", "")).first()
        try:
            found = accounts.filter(pk=UUID(wanted)).first()
        except ValueError:
            raise ValidationError({"id": "This is no id, such as 0193…; leave it blank to go by the name."}) from None
        if found is None:
            raise ValidationError({"id": "There is no shop with this id; leave it blank to open a new one."})
        return found

    def judge(self, instance: Account, row: Cells) -> Mapping[str, str]:  # noqa: ARG002
        problems = {
            "domains": next(filter(None, map(domain_problem, instance.domains)), ""),
            "origins": next(filter(None, map(origin_problem, instance.origins)), ""),
        }
        if Account.objects.filter(name=instance.name).exclude(pk=instance.pk).exists():
            problems["name"] = "Another shop has this name."
        return {column: words for column, words in problems.items() if words}

    def write(self, instance: Account, *, is_new: bool, changed: Sequence[str], row: Cells) -> Account:  # noqa: ARG002
        assert self.now is not None  # noqa: S101 - `take_in` set it
        values: dict[str, Any] = {name: getattr(instance, name) for name in self.Meta.fields}
        if is_new:
            return services.open_account(values, actor=self.actor, now=self.now)
        return services.change_account(
            instance.pk, {name: values[name] for name in changed}, actor=self.actor, now=self.now
        )
