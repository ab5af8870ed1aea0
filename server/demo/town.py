"""The demo town 道滘镇: its villages, plausible member units with their duties, one grid or more in each village.

Villages are the town's own (DOMAIN G, 2014 list); points are approximate and only good for a sketch on a map.
"""

from dataclasses import dataclass

from server.demo.ids import demo_id


@dataclass(frozen=True)
class DemoUnit:
    """A unit of the demo town. `point` is WGS-84 (lat, lng); `duties` are words of the duty catalogue (D03)."""

    name: str
    kind: str  # village · community · department · enterprise
    duties: tuple[str, ...] = ()
    point: tuple[float, float] | None = None

    @property
    def id(self) -> str:
        return demo_id("unit", self.name)

    @property
    def village(self) -> str | None:
        return self.name if self.kind in {"village", "community"} else None


VILLAGES = (
    DemoUnit("兴隆社区", "community", point=(23.0086, 113.6790)),
    DemoUnit("南城村", "village", point=(23.0021, 113.6733)),
    DemoUnit("闸口村", "village", point=(23.0128, 113.6846)),
    DemoUnit("北永村", "village", point=(23.0176, 113.6741)),
    DemoUnit("永庆村", "village", point=(23.0152, 113.6688)),
    DemoUnit("厚德村", "village", point=(23.0236, 113.6655)),
    DemoUnit("蔡白村", "village", point=(23.0312, 113.6712)),
    DemoUnit("南丫村", "village", point=(22.9935, 113.6628)),
    DemoUnit("九曲村", "village", point=(22.9871, 113.6710)),
    DemoUnit("大罗沙村", "village", point=(22.9802, 113.6591)),
    DemoUnit("小河村", "village", point=(23.0045, 113.6902)),
    DemoUnit("昌平村", "village", point=(22.9968, 113.6835)),
    DemoUnit("大岭丫村", "village", point=(23.0201, 113.6531)),
    DemoUnit("大鱼沙村", "village", point=(23.0382, 113.6603)),
)

MEMBERS = (
    DemoUnit("公用事业服务中心", "department", ("井盖", "路灯", "市政", "公厕", "垃圾", "绿化")),
    DemoUnit("生态环境分局", "department", ("噪音", "油烟", "废气", "污水", "扬尘", "异味")),
    DemoUnit("综合行政执法", "department", ("占道", "违建", "摆卖", "广告牌", "乱停放")),
    DemoUnit("人社分局", "department", ("欠薪", "工资", "社保", "劳动合同", "工伤")),
    DemoUnit("综合治理办(信访办)", "department", ("信访", "矛盾纠纷", "群体")),
    DemoUnit("消防救援", "department", ("消防", "飞线", "通道堵塞", "火灾")),
    DemoUnit("公共服务办", "department", ("参保", "津贴", "低保", "蚊虫", "登革热", "养老")),
    DemoUnit("交通", "department", ("公交", "候车亭", "客运", "货车超载")),
    DemoUnit("农林水务", "department", ("河涌", "黑臭", "排涝", "水浮莲", "鱼塘")),
    DemoUnit("市场监管分局", "department", ("无证", "电梯", "食品", "价格", "消费")),
    DemoUnit("应急管理", "department", ("大风", "树倒", "危化品", "安全隐患", "围墙")),
    DemoUnit("住建", "department", ("物业", "房屋", "装修", "小区")),
    DemoUnit("纪检监察办", "department", ("村务公开", "作风", "廉洁")),
    DemoUnit("工程建设中心", "department", ("塌陷", "道路施工", "工程")),
    DemoUnit("交警", "department", ("红绿灯", "交通事故", "标线", "违停")),
    DemoUnit("自然资源分局", "department", ("土地", "宅基地", "测绘")),
    DemoUnit("教育管理中心", "department", ("学校", "入学", "培训机构")),
    DemoUnit("燃气公司", "enterprise", ("燃气", "煤气")),
    DemoUnit("供水公司", "enterprise", ("停水", "水管", "水压")),
    DemoUnit("供电", "enterprise", ("停电", "压线", "变压器", "电线")),
    DemoUnit("政务服务中心", "department", ("热线", "办事窗口")),
    DemoUnit("党政综合办公室", "department", ("值班",)),
    DemoUnit("热线专职工作领导小组", "department"),
)

UNITS = VILLAGES + MEMBERS


@dataclass(frozen=True)
class DemoGrid:
    name: str
    unit: str

    @property
    def id(self) -> str:
        return demo_id("grid", self.name)


GRIDS = tuple(
    DemoGrid(f"{unit.name}第{number}网格", unit.name) for unit in VILLAGES for number in ("一", "二")
)


def unit_named(name: str) -> DemoUnit:
    """The unit called `name`; KeyError for a slip in the demo's own scripts."""
    return _BY_NAME[name]


_BY_NAME = {unit.name: unit for unit in UNITS}
