"""Codes of imported areas: checked against their level, or given where a file has none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gis.loading.repair import Refusal
from gis.models import CODE_LENGTHS, Level

PARENT_LEVELS = {
    Level.DISTRICT: Level.CITY,
    Level.STREET: Level.DISTRICT,
    Level.COMMUNITY: Level.STREET,
    Level.CELL: Level.COMMUNITY,
}
STATISTICS_DIGITS = 12
"""The statistics office writes every code with twelve digits, zeros at the end."""
NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Coded:
    """Code and parent of a row, or why it is refused."""

    code: str
    parent: str
    refusal: Refusal | None = None


def shortened(code: str, level: Level) -> str:
    """A statistics code without the zeros below its level: 440303000000 is district 440303."""
    length = CODE_LENGTHS[level][0]
    padded = len(code) in (STATISTICS_DIGITS, 6) and len(code) > length
    return code[:length] if padded and not code[length:].strip("0") else code


def parent_of(code: str, level: Level) -> str:
    """The code of the area above, as far as the code itself says it."""
    return code[: CODE_LENGTHS[PARENT_LEVELS[level]][0]]


def check_codes(
    codes: Sequence[str], names: Sequence[str], parents: Sequence[str], level: Level
) -> list[Coded]:
    """Each row's code and parent, with the refusal of what cannot be: wrong, missing, double."""
    first_row: dict[str, int] = {}
    checked = []
    for row, (given, name, stated) in enumerate(zip(codes, names, parents, strict=True)):
        code = shortened(given, level)
        refusal = _refuse_code(code, level) or _refuse_name(name, level)
        if refusal is None and code in first_row:
            refusal = Refusal("DUPLICATE_CODE", f"row {first_row[code] + 1} has the same code")
        if refusal is None:
            first_row[code] = row
        parent = shortened(stated, PARENT_LEVELS[level]) or parent_of(code, level)
        checked.append(Coded(code, parent, refusal))
    return checked


def number_from(start: str, count: int) -> list[str]:
    """Consecutive codes from a first one; leading zeros stay."""
    return [f"{int(start) + step:0{len(start)}d}" for step in range(count)]


def _refuse_code(code: str, level: Level) -> Refusal | None:
    if not code:
        return Refusal("NO_CODE", "it has no code")
    if not re.fullmatch("[0-9]+", code):
        return Refusal("CODE_NOT_DIGITS", f"its code {code!r} is not made of digits")
    lengths = CODE_LENGTHS[level]
    if len(code) not in lengths:
        wanted = " or ".join(str(length) for length in lengths)
        text = f"its code {code} has {len(code)} digits; a {level.lower()} has {wanted}"
        return Refusal("CODE_LENGTH", text)
    return None


def _refuse_name(name: str, level: Level) -> Refusal | None:
    if not name and level != Level.CELL:
        return Refusal("NO_NAME", "it has no name")
    if len(name) > NAME_LENGTH:
        return Refusal("LONG_NAME", f"its name is longer than {NAME_LENGTH} characters")
    return None
