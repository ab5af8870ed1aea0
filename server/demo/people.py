"""The demo cast: one login per role (API.md “The demo town”), and colleagues elsewhere who never sign in."""

from dataclasses import dataclass

from server.demo.ids import demo_id
from server.demo.town import MEMBERS, VILLAGES

PASSWORD = "jiban-demo"  # noqa: S105 - the demo town's, told on the sign-in page
INTAKE_KEY = "jiban-demo-intake"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody of the demo town. `login` false: he works in the scripts, but nobody signs in as him."""

    username: str
    name: str
    role: str
    unit: str | None
    grid: str | None = None
    login: bool = True

    @property
    def id(self) -> str:
        return demo_id("person", self.username)


CAST = (
    DemoPerson("worker", "李伟", "grid_worker", "闸口村", "闸口村第一网格"),
    DemoPerson("worker2", "陈静", "grid_worker", "闸口村", "闸口村第一网格"),
    DemoPerson("worker3", "周杰", "grid_worker", "南城村", "南城村第一网格"),
    DemoPerson("head", "卢国强", "unit_head", "闸口村"),
    DemoPerson("head3", "叶志明", "unit_head", "南城村"),
    DemoPerson("officer", "林晓燕", "dispatcher", "政务服务中心"),
    DemoPerson("lead", "梁芳", "office_lead", "政务服务中心"),
    DemoPerson("duty", "何强", "duty_room", "党政综合办公室"),
    DemoPerson("leader", "黄敏", "town_leader", "党政综合办公室"),
    DemoPerson("group", "吴卫东", "leading_group", "热线专职工作领导小组"),
    DemoPerson("auditor", "郑洁", "auditor", "党政综合办公室"),
    DemoPerson("admin", "系统管理员", "sys_admin", None),
)

_SURNAMES = "刘张杨赵罗谢唐许邓冯曾彭蔡潘袁于董余叶程魏苏吕丁任沈姚钟姜崔谭陆汪范金石廖贾夏韦付方白邹孟熊"
_GIVEN = (
    "志强",
    "秀英",
    "建华",
    "小玲",
    "永康",
    "丽娟",
    "伟明",
    "桂芳",
    "俊杰",
    "雪梅",
    "国栋",
    "嘉欣",
    "浩然",
    "淑贞",
)


def _colleagues() -> tuple[DemoPerson, ...]:
    people: list[DemoPerson] = []

    def add(role: str, unit: str, grid: str | None = None) -> None:
        number = len(people)
        name = _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number % len(_GIVEN)]
        people.append(DemoPerson(f"p{number + 1:02}", name, role, unit, grid, login=False))

    for village in VILLAGES:
        if village.name not in {"闸口村", "南城村"}:
            add("grid_worker", village.name, f"{village.name}第一网格")
            add("unit_head", village.name)
        add("grid_worker", village.name, f"{village.name}第二网格")
    for member in MEMBERS:
        if member.duties and member.name not in {"政务服务中心", "党政综合办公室"}:
            add("unit_clerk", member.name)
            add("unit_head", member.name)
    return tuple(people)


PEOPLE = CAST + _colleagues()
