"""Addresses of the wall, of pairing and of the list of displays."""

from django.urls import path

from screen import views

urlpatterns = [
    path("screen/", views.wall, name="wall"),
    path("screen/pair/", views.pair, name="pair"),
    path("screen/pair/claim", views.claim, name="pair-claim"),
    path("screen/displays/", views.displays, name="displays"),
    path("screen/tiles/<layer:layer>/<tile:z>/<tile:x>/<tile:y>.mvt", views.tile, name="wall-tile"),
]
