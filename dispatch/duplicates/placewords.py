"""What an address names: roads and estates, and the keys by which voices meet (pure)."""

import re
from collections.abc import Iterable
from functools import lru_cache

from dispatch.matching import APPLICATION, COMPONENT, DEVICE, ESTATE, ROAD, MatchRule

KEY_LENGTH = 60
LONGEST_NAME = 20
MOST_NAMES = 3
ADMINISTRATIVE = re.compile(r"(?:省|自治区|市|(?<!小)(?<!园)区|县|街道|社区|(?<!乡)镇|乡)")
"""After these a name begins anew: 云中区望江街道秋涛路 -> 秋涛路. 小区 and 园区 are estates."""
NOT_A_NAME = re.compile(
    r"^(?:[0-9]+|-|与|和|及|近|靠近|沿|在|至|到|从|位于|附近|的|号|旁边?|对面)+"
)
ROADS = re.compile(
    r"[\u4e00-\u9fff]{1,8}?(?:大道|大街|公路|路|街|巷|弄|胡同)"
    r"(?!口?[\u4e00-\u9fff]{0,2}(?:小区|花园|小学))"
)
ESTATES = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9]{1,12}?"
    r"(?:小区|花园|花苑|公寓|家园|嘉园|新村|名苑|雅苑|佳苑|公馆|华府|新城|豪庭|花城|大厦|广场"
    r"|工地|项目部|园区|工业园|产业园|市场|商场|医院|学校|小学|中学|幼儿园)"
)


@lru_cache(maxsize=4096)
def roads(address: str) -> tuple[str, ...]:
    """The roads an address names: 云中区秋涛路22号 -> 秋涛路; at a crossing both."""
    return _names(ROADS, address)


@lru_cache(maxsize=4096)
def estates(address: str) -> tuple[str, ...]:
    """The estates, sites and public buildings an address names: 22号春晓花园3幢 -> 春晓花园."""
    return _names(ESTATES, ROADS.sub("|", address))


def _names(pattern: re.Pattern[str], address: str) -> tuple[str, ...]:
    """What the pattern finds, without what stands before a name or belongs to an area."""
    found: dict[str, None] = {}
    for piece in ADMINISTRATIVE.split(address):
        for match in pattern.finditer(piece):
            name = NOT_A_NAME.sub("", match.group())
            if len(name) > 1:
                found[name[:LONGEST_NAME]] = None
    return tuple(found)[:MOST_NAMES]


def keys_of(
    rule: MatchRule,
    *,
    category: str,
    address: str,
    component_id: str = "",
    device: str = "",
    applications: Iterable[str] = (),
) -> tuple[str, ...]:
    """The keys of a voice; roads and estates only where the rule of its category asks for them.

    `device` and `applications` are digests, never what they were made from.
    """
    keys = [f"{APPLICATION}{digest}" for digest in applications]
    if component_id:
        keys.append(f"{COMPONENT}{component_id}")
    if device:
        keys.append(f"{DEVICE}{category}:{device}")
    if rule.same_road:
        keys += [f"{ROAD}{name}" for name in roads(address)]
    if rule.same_place:
        keys += [f"{ESTATE}{name}" for name in estates(address)]
    return tuple(key[:KEY_LENGTH] for key in keys)
