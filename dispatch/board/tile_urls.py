"""The tile layer of cases."""

from django.urls import path

from dispatch.board import tile_views

urlpatterns = [path("cases/<int:z>/<int:x>/<int:y>.mvt", tile_views.cases, name="case-tile")]
