"""The app that knows everybody: process checks, demo and import commands."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the system checks."""

    name = "config"

    def ready(self) -> None:
        """Import the checks so that Django runs them."""
        from config import checks  # noqa: F401
