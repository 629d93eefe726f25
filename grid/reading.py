"""What the doors of the grid share: a position as a phone sends it."""

from pydantic import BaseModel


class LocationIn(BaseModel):
    """Degrees in the system that the phone names; accuracy in metres."""

    lon: float
    lat: float
    crs: str
    accuracy_m: float = 0.0
