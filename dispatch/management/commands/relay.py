"""manage.py relay"""

from typing import Any

from django.core.management.base import BaseCommand

from dispatch.relay import Relay


class Command(BaseCommand):
    """Numbers events per district, moves the tally and rings the door-bell. One is active."""

    help = __doc__ or ""
    requires_system_checks = ()
    """Ready in half the time: the checks load every page's code, and screens wait for the relay."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM."""
        Relay().run()
