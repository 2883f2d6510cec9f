"""The path of the founders' links. It is imported for the first of them: Django's forms take a while."""

from django.urls import path

from accounts.founder_views import ChoosePassword

urlpatterns = [path("password/<slug:uidb64>/<slug:token>", ChoosePassword.as_view(), name="password")]
