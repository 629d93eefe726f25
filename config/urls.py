"""Every address of the site."""

from django.urls import URLPattern, URLResolver, include, path

from config import health
from config.api import api

handler404 = "config.api.not_found"
handler500 = "config.api.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("gis.urls")),
    path("tiles/", include("dispatch.board.tile_urls")),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
    path("", include("accounts.urls")),
    path("", include("dispatch.drawer.urls")),
    path("", include("dispatch.queue.urls")),
    path("", include("dispatch.oversight.urls")),
    path("", include("dispatch.duties.urls")),
    path("", include("hotline.urls")),
    path("", include("grid.urls")),
    path("", include("screen.urls")),
    path("", include("ui.urls")),
]
