"""manage.py lifecycle"""

from typing import Any

from django.core.management.base import BaseCommand

from dispatch.drawing import page


class Command(BaseCommand):
    """Prints docs/lifecycle.md, generated from the lifecycle table."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page."""
        self.stdout.write(page(), ending="")
