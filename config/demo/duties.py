"""Which office answers for what: major class or category, and the key of the office in `units`.

Default units of domain.md 1.6.1; what it does not name goes where its major class goes.
"""

ROADS, DRAINS, CLEANING, GREEN, LAMPS = "01", "02", "03", "04", "05"
ENFORCEMENT, TRAFFIC, ENVIRONMENT, HOUSING, MARKET = "06", "07", "08", "09", "10"
LABOUR, CIVIL, EDUCATION, HEALTH, SERVICES, EMERGENCY = "11", "12", "13", "14", "15", "16"
POWER, WATER, GAS, HEAT = "21", "22", "23", "24"
CENTRE = "0"

BY_CATEGORY: dict[str, str] = {
    "C01": ROADS,
    "C02": TRAFFIC,
    "C03": CLEANING,
    "C04": GREEN,
    "C05": HOUSING,
    "C06": EMERGENCY,
    "E01": CLEANING,
    "E02": ENFORCEMENT,
    "E03": HOUSING,
    "E04": EMERGENCY,
    "E05": ENFORCEMENT,
    "L90": CENTRE,
    "S00": SERVICES,
    "C0101": WATER,
    "C0102": DRAINS,
    "C0103": DRAINS,
    "C0104": DRAINS,
    "C0105": POWER,
    "C0106": LAMPS,
    "C0110": HEAT,
    "C0111": GAS,
    "C0112": TRAFFIC,
    "C0113": EMERGENCY,
    "C0116": POWER,
    "C0118": LAMPS,
    "C0119": LAMPS,
    "C0120": LAMPS,
    "C0127": DRAINS,
    "C0132": WATER,
    "C0133": POWER,
    "C0134": POWER,
    "C0135": GAS,
    "C0205": ROADS,
    "C0206": ROADS,
    "C0207": ROADS,
    "C0208": ROADS,
    "C0213": ROADS,
    "C0216": ROADS,
    "C0306": ENFORCEMENT,
    "C0307": ENFORCEMENT,
    "C0308": ENVIRONMENT,
    "C0310": ENVIRONMENT,
    "C0602": HOUSING,
    "C0603": DRAINS,
    "C0604": DRAINS,
    "C0606": DRAINS,
    "E0101": ENFORCEMENT,
    "E0105": DRAINS,
    "E0106": GREEN,
    "E0109": GREEN,
    "E0110": ROADS,
    "E0111": DRAINS,
    "E0114": DRAINS,
    "E0115": ENFORCEMENT,
    "E0116": ENVIRONMENT,
    "E0118": ENFORCEMENT,
    "E0301": ENFORCEMENT,
    "E0305": ROADS,
    "E0401": ROADS,
    "E0402": WATER,
    "E0403": GAS,
    "E0404": DRAINS,
    "E0405": HEAT,
    "E0406": DRAINS,
    "E0407": CLEANING,
    "E0408": POWER,
    "E0502": CIVIL,
    "E0505": TRAFFIC,
    "E0509": TRAFFIC,
    "E0512": MARKET,
    "L9002": TRAFFIC,
    "L9010": MARKET,
    "L9011": MARKET,
    "L9012": HEAT,
    "L9013": WATER,
    "L9014": WATER,
    "L9020": HOUSING,
    "L9021": HOUSING,
    "L9022": LABOUR,
    "L9023": LABOUR,
    "L9030": MARKET,
    "L9031": HOUSING,
    "L9040": EDUCATION,
    "L9041": TRAFFIC,
    "L9050": CIVIL,
    "L9051": HEALTH,
    "L9060": MARKET,
}
"""In every district."""

BY_STREET = ("C0114", "E0103", "L9001", "L9003", "L9020", "L9070")
"""What the office of each street answers for (属地)."""

BY_THEMSELVES = ("E0402",)
"""A burst water main is filed and dispatched as soon as it is accepted."""

NEXT = (
    ("E0104", "ALWAYS", CLEANING),
    ("E0104", "ALWAYS", ENFORCEMENT),
    ("E0401", "OFF_HOURS", EMERGENCY),
    ("E0406", "OFF_HOURS", EMERGENCY),
    ("E0301", "WORKING", HOUSING),
    ("C0104", "ALWAYS", ROADS),
    ("C0101", "ALWAYS", ROADS),
)
"""Category, hours and office of what the next list adds in every district."""
DROPPED = ("C0101", "C0104")
"""Categories of the first list that the next one gives to another office."""
