"""Invented names of people, and telephone numbers that nobody has."""

import random
from collections.abc import Iterator

SEED = 20261125
SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹喻柏苏潘葛"
    "范彭郎鲁韦马苗方俞任袁柳鲍史唐费岑薛雷贺倪汤罗毕安常于傅卞齐康伍余顾孟黄穆萧尹"
)
GIVEN = (
    "建国 志强 海燕 晓东 文静 丽华 国庆 春梅 雪峰 桂芳 宏伟 秀英 永康 佳慧 思远 一鸣 "
    "雨桐 子涵 立群 玉兰 德明 晓燕 俊杰 慧玲 振华 淑珍 学文 美娟 卫东 新宇 若曦 家豪 "
    "明辉 素云 长青 爱华 瑞雪 光耀 念慈 书航 青 磊 敏 洁 涛 颖 斌 娟 超 萍 勇 静 浩 霞"
).split()
PHONE_PREFIX = "1380013"
"""The numbers of the demo: 13800130000 to 13800139999, a form that operators use in manuals."""


def people() -> Iterator[str]:
    """Names without end, always the same ones, none twice in the first thousands."""
    draw = random.Random(SEED)  # noqa: S311 invented people
    given: set[str] = set()
    while True:
        name = draw.choice(SURNAMES) + draw.choice(GIVEN)
        if name not in given:
            given.add(name)
            yield name


def caller(draw: random.Random) -> tuple[str, str]:
    """A name and a telephone number."""
    name = draw.choice(SURNAMES) + draw.choice(GIVEN)
    return name, f"{PHONE_PREFIX}{draw.randrange(10000):04d}"
