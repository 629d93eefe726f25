"""manage.py api_page"""

from typing import Any

from django.core.management.base import BaseCommand

from config.api_page import page


class Command(BaseCommand):
    """Prints docs/api.md, generated from the OpenAPI document."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write(page(), ending="")
