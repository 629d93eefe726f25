"""Which version of the screens the server speaks: walls reload when it changes."""

import hashlib
from functools import cache

from django.contrib.staticfiles.storage import staticfiles_storage

STYLES = ("base", "panels", "lists", "centre", "sizes")
FILES = ("ui/js/wall/app.js", *(f"ui/css/wall/{name}.css" for name in STYLES))


@cache
def current() -> str:
    """A digest of the hashed names of the wall's files; another build, another digest."""
    names = [staticfiles_storage.url(name) for name in FILES]
    return hashlib.sha256("|".join(names).encode()).hexdigest()[:12]
