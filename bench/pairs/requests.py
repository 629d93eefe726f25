"""Boston's 311 requests of the developers' pack, seen through our own categories."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dispatch.matching import Voice

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACK = ROOT.parent / "shared" / "data"
BOSTON = PACK / "us_boston_311" / "requests_2011H2.parquet"
NOWHERE_POINT = (42.3594, -71.0587)
NOWHERE_ADDRESS = "1 City Hall Plz"
_COLUMNS = {
    "case_enquiry_id": "id",
    "type": "kind",
    "location_street_name": "address",
    "closure_reason": "closure",
    "source": "source",
}


class PackIsAbsentError(Exception):
    """The developers' pack does not lie beside the repository."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: Boston's own type beside the voice that we would make of it."""

    id: str
    kind: str
    address: str
    closure: str
    source: str
    opened: datetime
    closed: datetime
    voice: Voice
    is_nowhere: bool


def load() -> list[Request]:
    """All requests by the time they were opened. Raises PackIsAbsentError.

    Times are Boston's local ones. Titles say no more than the type, so the text is left empty.
    """
    if not BOSTON.exists():
        raise PackIsAbsentError(f"{BOSTON.name} is not beside the repository")
    import pandas as pd

    table = pd.read_parquet(BOSTON).rename(columns=_COLUMNS)
    for name in _COLUMNS.values():
        table[name] = table[name].fillna("")
    table["opened"] = pd.to_datetime(table["open_dt"])
    table["closed"] = pd.to_datetime(table["closed_dt"]).fillna(pd.Timestamp(2100, 1, 1))
    table["lat"], table["lon"] = table["latitude"].astype(float), table["longitude"].astype(float)
    table = table.sort_values(["opened", "id"], kind="stable")
    categories, families = categories_of_types(), families_of_categories()
    return [_request(row, categories[str(row.kind)], families) for row in table.itertuples()]


def _request(row: Any, category: str, families: dict[str, str]) -> Request:
    opened = row.opened.to_pydatetime()
    at_default = max(abs(row.lat - NOWHERE_POINT[0]), abs(row.lon - NOWHERE_POINT[1])) < 1e-5
    return Request(
        id=row.id,
        kind=row.kind,
        address=row.address,
        closure=row.closure,
        source=row.source,
        opened=opened,
        closed=row.closed.to_pydatetime(),
        voice=Voice(row.lon, row.lat, 0.0, category, families[category], opened, ""),
        is_nowhere=at_default or row.address == NOWHERE_ADDRESS,
    )


def categories_of_types() -> dict[str, str]:
    """Boston's types and the codes of our catalogue."""
    with (HERE / "families.csv").open(encoding="utf-8", newline="") as file:
        return {row["type"]: row["category"] for row in csv.DictReader(file)}


ANY_TIME_H = 10**6


def families_of_categories() -> dict[str, str]:
    """The family of each category of the seed."""
    with (ROOT / "dispatch" / "seed" / "categories.csv").open(encoding="utf-8") as file:
        return {row["code"]: row["family"] for row in csv.DictReader(file)}


def rules() -> dict[str, tuple[int, int]]:
    """Radius in metres and window in hours of each family of the seed."""
    with (ROOT / "dispatch" / "seed" / "duplicate_rules.csv").open(encoding="utf-8") as file:
        return {
            row["family"]: (int(row["radius_m"]), int(row["window_hours"] or ANY_TIME_H))
            for row in csv.DictReader(file)
            if not row["category_code"]
        }
