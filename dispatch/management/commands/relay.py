"""manage.py relay"""

from typing import Any

from django.core.management.base import BaseCommand

from dispatch.relay import Relay


class Command(BaseCommand):
    """Numbers events per district, moves the tally and rings the door-bell. One is active."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM."""
        Relay().run()
