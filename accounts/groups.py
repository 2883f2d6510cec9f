"""Who of the team may what: five groups and their permissions, by name.

The code decides: after every migration the groups have these permissions and no others, and nobody edits them by hand.
A superuser may everything; founders are in the group Founder besides, which may everything of ours.
"""

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

FOUNDER, SUPPORT, DEVELOPER, READ_ONLY, QUERY = "Founder", "Support", "Developer", "Read-only", "Query"
OUR_APPS = ("accounts", "api")


def _named(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _views(models: str) -> frozenset[str]:
    return frozenset(f"{app}.view_{name}" for app, _, name in (model.partition(".") for model in models.split()))


EVERYTHING = None  # whatever permissions there are of our apps

LOOK = _views("""
    accounts.account
    api.gift api.giftevent api.giftmedia api.thanks api.render api.rendercallback api.upload
    api.message api.mailevent api.suppression api.template api.job
    api.webhookendpoint api.webhookdelivery api.webhookattempt
    api.batch api.batchitem api.campaign
""")

GROUPS: dict[str, frozenset[str] | None] = {
    FOUNDER: EVERYTHING,
    SUPPORT: LOOK
    | _named("""
        api.view_auditentry
        api.operate_gift api.erase_recipient api.operate_job
        api.add_export
    """),
    DEVELOPER: LOOK
    | _named("""
        api.view_auditentry
        api.operate_gift api.operate_job
        api.add_export
        api.add_template api.change_template
        accounts.view_apikey accounts.add_apikey accounts.change_apikey accounts.delete_apikey
        api.change_webhookendpoint api.change_webhookdelivery
        api.use_console api.view_savedquery api.view_queryrun
    """),
    READ_ONLY: LOOK,
    QUERY: _named("api.use_console"),
}


def make_groups(**_signal: object) -> None:
    """Bring the groups to what is listed here; listed permissions whose model does not exist yet are left out."""
    known = {f"{permission.content_type.app_label}.{permission.codename}": permission.pk for permission in _ours()}
    through = Group.permissions.through
    groups = {name: Group.objects.get_or_create(name=name)[0].pk for name in GROUPS}
    wanted = {
        (groups[name], known[permission])
        for name, listed in GROUPS.items()
        for permission in (known if listed is None else listed)
        if permission in known
    }
    given = set(through.objects.filter(group__in=groups.values()).values_list("group_id", "permission_id"))
    if extra := given - wanted:
        through.objects.filter(_any_of(extra)).delete()
    through.objects.bulk_create(
        (through(group_id=group, permission_id=permission) for group, permission in sorted(wanted - given)),
        ignore_conflicts=True,
    )


def _ours() -> list[Permission]:
    """Those that today's models have: a model that is gone leaves its permissions behind."""
    models = {model._meta.label_lower for label in OUR_APPS for model in apps.get_app_config(label).get_models()}  # noqa: SLF001
    permissions = Permission.objects.filter(content_type__app_label__in=OUR_APPS).select_related("content_type")
    return [one for one in permissions if f"{one.content_type.app_label}.{one.content_type.model}" in models]


def _any_of(pairs: set[tuple[int, int]]) -> Q:
    found = Q()
    for group, permission in pairs:
        found |= Q(group_id=group, permission_id=permission)
    return found
