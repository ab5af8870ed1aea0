"""Where the catalogue would send a ticket: village by place, unit by duty (DOMAIN D03, D04, §G)."""

from typing import Any

import pytest

from server.domain.doc import render
from server.domain.roles import Actor, Unit
from server.domain.suggest import suggest
from server.domain.ticket import Ticket
from tests.domain.town import PEOPLE, UNITS, Story

DEPARTMENTS = (
    *("公用事业服务中心", "生态环境分局", "综合行政执法", "人社分局", "综合治理办(信访办)", "消防救援"),
    *("公共服务办", "交通", "燃气公司", "农林水务", "市场监管分局", "供水公司", "应急管理", "供电", "住建"),
    *("纪检监察办", "工程建设中心", "交警"),
)
VILLAGES = (
    *(
        "闸口村",
        "南城村",
        "昌平村",
        "小河村",
        "永庆村",
        "厚德村",
        "大罗沙村",
        "九曲村",
        "兴隆社区",
        "大鱼沙村",
    ),
    *("南丫村", "北永村", "蔡白村", "大岭丫村"),
)
TOWN = {name: Unit(name, name) for name in DEPARTMENTS} | {v: Unit(v, v, "village", v) for v in VILLAGES}
SAMPLES = [
    ("主干道井盖缺失", "闸口村", True, None, "闸口村"),
    ("工地夜间施工噪音", "南城村", False, None, "生态环境分局"),
    ("工厂欠薪约20人", "昌平村", False, None, "人社分局"),
    ("出租屋飞线充电、通道堵塞", "小河村", False, None, "消防救援"),
    ("新生儿参保流程", None, False, None, "公共服务办"),
    ("增设公交候车亭", "永庆村", False, None, "交通"),
    ("楼道燃气异味", "大罗沙村", True, None, "燃气公司"),
    ("河涌黑臭", "九曲村", False, None, "农林水务"),
    ("餐饮店无证、油烟扰民", "兴隆社区", False, None, "市场监管分局"),
    ("独居老人家停水", "厚德村", False, None, "供水公司"),
    ("市场周边占道经营", "永庆村", False, None, "综合行政执法"),
    ("大风树倒压线", "大鱼沙村", True, None, "应急管理"),
    ("小区电梯反复故障", "兴隆社区", False, None, "市场监管分局"),
    ("反映村务公开不实", "昌平村", False, "昌平村", "纪检监察办"),
    ("高龄津贴申领材料", "南丫村", False, None, "公共服务办"),
    ("村道路灯增亮", "北永村", False, None, "公用事业服务中心"),
    ("路面塌陷", "蔡白村", True, None, "工程建设中心"),
    ("空地积水孳生蚊虫（登革热专题）", "大岭丫村", False, None, "公共服务办"),
]


def suggested(
    title: str, village: str | None, *, urgent: bool = False, barred: str | None = None
) -> dict[str, Any] | None:
    ticket = Ticket("t", "n", "complaint", 0, title=title, urgent=urgent, place={"village": village})
    ticket.barred_units = [barred] if barred else []
    return suggest(ticket, TOWN, {})


@pytest.mark.parametrize(("title", "village", "urgent", "barred", "lead"), SAMPLES)
def test_the_sample_tickets_get_their_units(
    title: str, village: str | None, urgent: bool, barred: str | None, lead: str
) -> None:
    found = suggested(title, village, urgent=urgent, barred=barred)
    assert found is not None
    assert found["unit"] == lead
    assert barred not in found["joint_units"]
    if urgent and lead != village:
        assert village in found["joint_units"]


def test_a_missing_manhole_cover_is_the_villages_first_and_its_unit_joins() -> None:
    suggestion = render(Story(urgent=True).ticket, UNITS, PEOPLE)["suggestion"]
    assert suggestion["unit"] == {"id": "zhakou", "name": "闸口村"}
    assert [u["id"] for u in suggestion["joint_units"]] == ["works"]


def test_the_worker_of_the_only_grid_is_named_and_in_several_nobody_is() -> None:
    def people(*grids: str) -> dict[str, Actor]:
        return {
            f"w{i}": Actor(f"w{i}", f"w{i}", "甲", "grid_worker", "闸口村", g) for i, g in enumerate(grids)
        }

    ticket = Ticket("t", "n", "help", 0, title="井盖缺失", place={"village": "闸口村"})
    named = [suggest(ticket, TOWN, people(*grids)) for grids in (("g1", "g1"), ("g1", "g2"), ())]
    assert [found and found["assignee"] for found in named] == ["w0", None, None]


def test_a_known_matter_comes_before_a_word_that_only_one_unit_names() -> None:
    own = {**TOWN, "生态环境分局": Unit("生态环境分局", "生态环境分局", duties=("异味",))}
    gas = suggest(Ticket("t", "n", "help", 0, title="楼道燃气异味", place={"village": "闸口村"}), own, {})
    smell = suggest(Ticket("t", "n", "help", 0, title="鱼塘边有异味", place={"village": "闸口村"}), own, {})
    assert [found and found["unit"] for found in (gas, smell)] == ["燃气公司", "生态环境分局"]


def test_the_same_text_in_two_villages_goes_to_two_units() -> None:
    units = {suggested("邻居太吵", village)["unit"] for village in ("闸口村", "南城村")}  # type: ignore[index]
    assert units == {"闸口村", "南城村"}


def test_neither_duty_nor_place_known_means_no_suggestion() -> None:
    assert suggested("不知道怎么办", None) is None


def test_the_accused_village_is_passed_over() -> None:
    assert suggested("村干部态度差", "昌平村", barred="昌平村") is None


def test_a_towns_own_duties_come_before_the_catalogue() -> None:
    own = {**TOWN, "灯办": Unit("灯办", "灯办", duties=("路灯",))}
    ticket = Ticket("t", "n", "suggest", 0, title="路灯不亮", place={"village": "北永村"})
    found = suggest(ticket, own, {})
    assert found is not None
    assert found["unit"] == "灯办"


def test_a_worker_who_left_is_not_suggested() -> None:
    left = {"gone": Actor("gone", "a", "离职", "grid_worker", "闸口村", "g", revoked_at_ms=1)}
    ticket = Ticket("t", "n", "help", 0, title="井盖缺失", place={"village": "闸口村"})
    found = suggest(ticket, TOWN, left)
    assert found is not None
    assert found["assignee"] is None


def test_there_are_other_units_to_choose_from() -> None:
    found = suggested("河涌黑臭", "九曲村")
    assert found is not None
    assert "九曲村" in found["alternatives"]
    assert found["unit"] not in found["alternatives"]
