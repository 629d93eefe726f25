"""The demo's upstream system: a service hall with its items and its numbers for satisfaction."""

from django.db import transaction

from accounts import identity
from affairs.models import ServiceItem, UpstreamSystem

CODE = "hall"
BEST_IS_FIVE = {
    "1": "VERY_DISSATISFIED",
    "2": "DISSATISFIED",
    "3": "BASICALLY",
    "4": "SATISFIED",
    "5": "VERY_SATISFIED",
}
ITEMS: dict[str, str] = {
    "市场监管": "个体工商户设立登记 企业变更登记 企业注销登记 食品经营许可 小餐饮登记 "
    "医疗器械经营备案 特种设备使用登记 药品零售许可",
    "人社": "社会保险登记 养老保险关系转移 失业金申领 灵活就业参保 工伤认定申请 "
    "职业技能补贴申领 创业担保贷款初审",
    "住建": "建筑工程施工许可 商品房预售许可 公租房申请 住房公积金提取 房屋租赁备案 "
    "物业服务合同备案 旧楼加装电梯申请",
    "公安": "居住证办理 户口迁移 身份证换领 出入境证件办理 养犬登记 机动车转移登记",
    "民政": "最低生活保障申请 高龄津贴申领 临时救助申请 婚姻登记预约 养老机构备案 残疾人补贴申领",
    "教育": "小学入学报名 幼儿园资助申请 教师资格认定 民办培训机构设立",
    "卫健": "生育登记 医疗机构校验 公共场所卫生许可 护士执业注册",
    "城管": "户外招牌设置备案 占用城市道路许可 挖掘城市道路许可 建筑垃圾处置核准 临时占道经营许可",
    "生态环境": "排污登记 建设项目环境影响登记 噪声夜间施工证明",
    "医保": "医保关系转移 门诊慢特病备案 异地就医备案 医保报销申请",
    "税务": "发票领用 个体定额核定 契税申报",
    "交通": "道路运输证核发 网约车驾驶员证 出租车经营许可",
}
"""By department."""


@transaction.atomic
def load_hall(*, secret: str, district: str) -> int:
    """Add the upstream system and its service items; how many rows were added.

    `district` is where its events lie when they name no place of their own.
    """
    _, is_new = UpstreamSystem.objects.get_or_create(
        code=CODE,
        defaults={
            "name": "云澜市政务服务大厅",
            "secret": identity.seal(secret),
            "area_code": district,
            "satisfaction_map": BEST_IS_FIVE,
        },
    )
    there = set(ServiceItem.objects.values_list("code", flat=True))
    missing = [item for item in items() if item.code not in there]
    ServiceItem.objects.bulk_create(missing)
    return len(missing) + is_new


def items() -> list[ServiceItem]:
    """All service items, coded 3399 + number of the department + number of the item."""
    return [
        ServiceItem(
            code=f"3399{department:02d}{number:03d}",
            name=name,
            department=word,
            kind_code="01",
        )
        for department, (word, listed) in enumerate(ITEMS.items(), start=1)
        for number, name in enumerate(listed.split(), start=1)
    ]


def set_secret(secret: str) -> bool:
    """Keep another webhook secret; whether it changed."""
    system = UpstreamSystem.objects.get(code=CODE)
    if identity.unseal(system.secret) == secret:
        return False
    system.secret = identity.seal(secret) or b""
    system.save(update_fields=["secret"])
    return True
