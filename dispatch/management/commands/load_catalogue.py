"""manage.py load_catalogue"""

from typing import Any

from django.core.management.base import BaseCommand

from dispatch.seeding import load_catalogue


class Command(BaseCommand):
    """Loads the default catalogue and working calendar; a second run changes nothing."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and say what was added."""
        for what, added in load_catalogue().items():
            self.stdout.write(f"{what}: {added} added")
