"""Addresses of the style guide, the scripts' words and the language switch."""

from django.urls import path
from django.views.i18n import set_language

from ui import views

urlpatterns = [
    path("styleguide/", views.styleguide, name="styleguide"),
    path("i18n/<str:language>.js", views.messages, name="messages"),
    path("language/", set_language, name="set_language"),
]
