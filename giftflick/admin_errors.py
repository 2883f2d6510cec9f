"""What somebody of the team sees when a page of the admin says no: in its frame, with a way on."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from giftflick.logs import request_id

# Title, what it means, what to do.
WORDS = {
    400: (
        "This cannot be answered",
        "What the page sent was too large, or incomplete.",
        "Go back, and try it with less at a time. Nothing was changed.",
    ),
    403: (
        "This is not open to you",
        "Your group may not open this page or press this button, or it was open so long that its form is out of date.",
        "Load the page anew and try again. If it stays so, ask a founder. Nothing was changed.",
    ),
    404: (
        "Nothing here",
        "This page does not exist, or what it showed has been removed since.",
        "Look it up in its list, or search for it.",
    ),
}


def framed(request: HttpRequest, status: int) -> HttpResponse | None:
    """None for whoever has not signed in with a second factor: strangers learn nothing of the admin."""
    if status not in WORDS or not hasattr(request, "user") or not admin.site.has_permission(request):
        return None
    from django.template.response import TemplateResponse

    title, meaning, advice = WORDS[status]
    context = {
        **admin.site.each_context(request),
        "title": title,
        "meaning": meaning,
        "advice": advice,
        "request_id": request_id.get(),
    }
    return TemplateResponse(request, "admin/error.html", context, status=status).render()
