"""The admin's paths. Importing this finds every capability's pages, which takes a while."""

from django.contrib import admin

admin.autodiscover()

urlpatterns = admin.site.urls[0]
