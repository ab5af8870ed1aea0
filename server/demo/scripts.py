"""The demo town's tickets: in every state and category around the present, and a month of emergencies behind."""

from collections.abc import Callable

from server.demo.matters import CONFIDENTIAL, ORDINARY, PRAISE, URGENT, Matter
from server.demo.story import DAY_MS, ITS_HEAD, MINUTE_MS, Step, Story
from server.demo.teller import Teller
from server.demo.town import VILLAGES, DemoUnit, unit_named


def urgent_history(teller: Teller, count: int = 60) -> list[Story]:
    """Emergencies of the last 30 days, all over: mostly on time, a few late, one time unsure."""
    stories = []
    for number in range(count):
        village = VILLAGES[number % len(VILLAGES)]
        received = teller.now_ms - int((29.5 - number * 28 / count) * DAY_MS) - teller.minutes(0, 600)
        stories.append(_emergency(teller, URGENT[number % len(URGENT)], village, received, number))
    return stories


def _emergency(teller: Teller, matter: Matter, village: DemoUnit, received: int, number: int) -> Story:
    """The server dispatches it at once; who is near accepts, and whoever leads by duty signs."""
    story = teller.call(matter, village, received, urgent=True)
    worker, _ = teller.team(village.name)
    heard = teller.after(received, 0.2, 0.8)
    at = story.then(teller.after(heard, 0.5, 4), worker, "ticket.accept", {"opinion": "已受理，立即前往。"})
    at = story.then(teller.after(at, 0.2, 3), worker, "ticket.depart")
    took_min = teller.rng.gammavariate(5, 4.6) + 6
    if number % 17 == 5:
        took_min = teller.rng.uniform(62, 88)
    unsure = number == 41
    arrived = max(at + MINUTE_MS, received + int(min(took_min, 95) * MINUTE_MS))
    teller.arrive(
        story, arrived, worker, trust="unverified" if unsure else "proven", lag_ms=teller.minutes(0, 9)
    )
    at = teller.on_site_done(story, teller.after(arrived, 20, 120), worker, matter)
    _finish(teller, story, at, worker, matter)
    return story


def _finish(teller: Teller, story: Story, at: int, worker: str, matter: Matter) -> None:
    """From the work done to the city's rating, in the hours and days after."""
    at = teller.callback(story, teller.after(at, 15, 90), worker)
    at = teller.reply(story, teller.after(at, 5, 60), worker, matter)
    at = teller.approve(story, teller.after(at, 10, 150), ITS_HEAD)
    teller.city_result(story, at + int(teller.rng.uniform(0.4, 3) * DAY_MS))


def running(teller: Teller) -> list[Story]:
    """Emergencies of this hour, as on the board: on the way, not accepted, arrived, late, time unsure."""
    matter = {each.title: each for each in URGENT}
    return [
        _running(teller, matter["主干道井盖缺失"], "闸口村", 37, depart=8),
        _running(teller, matter["楼道燃气异味"], "大罗沙村", 2),  # nobody has answered yet
        _running(teller, matter["大风树倒压线"], "大鱼沙村", 41, depart=4, arrive_s=24 * 60 + 36),
        _running(teller, matter["路面塌陷"], "蔡白村", 53, depart=12),
        _running(teller, matter["水管爆裂淹路"], "南城村", 78, depart=6, arrive_s=64 * 60 + 12),
        _running(
            teller, matter["围墙倾斜有倒塌危险"], "厚德村", 46, depart=5, arrive_s=31 * 60, trust="unverified"
        ),
        _running(teller, matter["高空广告牌松动"], "闸口村", 22, depart=3, arrive_s=18 * 60),
    ]


def _running(
    teller: Teller,
    matter: Matter,
    village_name: str,
    minutes_ago: float,
    *,
    depart: float | None = None,
    arrive_s: int | None = None,
    trust: str = "proven",
) -> Story:
    village = unit_named(village_name)
    received = teller.ago(minutes=minutes_ago)
    story = teller.call(matter, village, received, urgent=True)
    worker, _ = teller.team(village_name)
    if depart is not None:
        story.then(
            received + int((depart - 1) * MINUTE_MS), worker, "ticket.accept", {"opinion": "收到，马上出发。"}
        )
        story.then(received + int(depart * MINUTE_MS), worker, "ticket.depart")
    if arrive_s is not None:
        teller.arrive(story, received + arrive_s * 1000, worker, trust=trust, lag_ms=40_000)
    return story


Until = Callable[[Teller, Story, int, str, str, Matter], None]


def _accepted(teller: Teller, story: Story, at: int, worker: str, _head: str, _matter: Matter) -> None:
    story.then(teller.after(at, 10, 120), worker, "ticket.accept", {"opinion": "已受理。"})


def _handling(teller: Teller, story: Story, at: int, worker: str, head: str, matter: Matter) -> None:
    _accepted(teller, story, at, worker, head, matter)
    at = story.then(teller.after(at, 130, 260), worker, "ticket.depart")
    at = teller.arrive(story, teller.after(at, 10, 40), worker)
    if teller.rng.random() < 0.5:
        at = story.then(
            teller.after(at, 5, 40), worker, "ticket.note", {"text": "已联系相关方，约定整改时间。"}
        )
    if teller.rng.random() < 0.3:
        teller.callback(story, teller.after(at, 10, 60), worker, "unreachable")


def _done(teller: Teller, story: Story, at: int, worker: str, matter: Matter) -> int:
    story.then(teller.after(at, 10, 90), worker, "ticket.accept", {"opinion": "已受理。"})
    at = teller.on_site_done(story, teller.after(at, 120, 400), worker, matter)
    at = teller.callback(
        story, teller.after(at, 10, 60), worker, teller.rng.choice(("connected",) * 6 + ("declined",))
    )
    return teller.reply(story, teller.after(at, 5, 40), worker, matter)


def _in_review(teller: Teller, story: Story, at: int, worker: str, _head: str, matter: Matter) -> None:
    _done(teller, story, at, worker, matter)


def _sent_back(teller: Teller, story: Story, at: int, worker: str, head: str, matter: Matter) -> None:
    at = _done(teller, story, at, worker, matter)
    teller.reject(story, teller.after(at, 20, 60), head, "请补充整改后的现场照片和与来电人沟通的情况。")


def _replied(teller: Teller, story: Story, at: int, worker: str, head: str, matter: Matter) -> None:
    at = _done(teller, story, at, worker, matter)
    teller.approve(story, teller.after(at, 15, 120), head)


def _closed(teller: Teller, story: Story, at: int, worker: str, head: str, matter: Matter) -> None:
    at = _done(teller, story, at, worker, matter)
    at = teller.approve(story, teller.after(at, 15, 120), head)
    teller.city_result(story, teller.after(at, 120, 600))


def _rework(teller: Teller, story: Story, at: int, worker: str, head: str, matter: Matter) -> None:
    at = _done(teller, story, at, worker, matter)
    at = teller.approve(story, teller.after(at, 15, 120), head)
    teller.city_result(story, teller.after(at, 120, 500), good=False)


def _returning(teller: Teller, story: Story, at: int, worker: str, _head: str, _matter: Matter) -> None:
    args = {"reason": "经核实，该事项不属于本单位职责。", "basis": "镇权责清单"}
    story.then(teller.after(at, 15, 70), worker, "ticket.return", args)


def _determining(teller: Teller, story: Story, at: int, worker: str, head: str, matter: Matter) -> None:
    """Returned, sent again, returned again: now the leading group decides (DOMAIN B)."""
    _returning(teller, story, at, worker, head, matter)
    at = story.then(
        teller.after(at, 80, 100), "officer", "ticket.decide_return", {"approved": True, "reason": "同意"}
    )
    other = next(name for name in ("综合行政执法", "住建") if name != matter.unit)
    second, _ = teller.team(other)
    at = teller.dispatch(story, teller.after(at, 5, 15), other, second)
    args = {"reason": "涉及多个部门职责，建议由领导小组判定。", "basis": "镇权责清单"}
    at = story.then(teller.after(at, 10, 30), second, "ticket.return", args)
    story.then(
        teller.after(at, 5, 15), "officer", "ticket.decide_return", {"approved": True, "reason": "提请判定"}
    )


def _withdrawn(teller: Teller, story: Story, at: int, _worker: str, _head: str, _matter: Matter) -> None:
    args = {"kind": "withdraw", "text": "来电人表示问题已自行解决。"}
    story.then(teller.after(at, 60, 200), "city", "ticket.city_update", args)


def ordinary(teller: Teller) -> list[Story]:
    """The town's daily work: (how many, how many hours ago they came, how far they got)."""
    plan: tuple[tuple[int, tuple[float, float], Until | None], ...] = (
        (12, (0.3, 6), None),
        (14, (1, 20), lambda *_: None),
        (16, (5, 70), _accepted),
        (26, (9, 110), _handling),
        (12, (14, 100), _in_review),
        (2, (20, 60), _sent_back),
        (12, (20, 150), _replied),
        (6, (22, 30), _closed),
        (12, (60, 500), _closed),
        (3, (40, 90), _rework),
        (4, (3, 7), _returning),
        (3, (6, 10), _determining),
        (2, (6, 30), _withdrawn),
    )
    stories = []
    for count, (least, most), until in plan:
        for number in range(count):
            received = teller.ago(hours=least + (most - least) * (number + teller.rng.random()) / count)
            if until in {_returning, _determining}:  # an opinion is due on the day itself
                received = teller.by_day(received, 21 if until is _returning else 17)
            stories.append(_case(teller, received, until))
    return stories


def _case(teller: Teller, received: int, until: Until | None) -> Story:
    matter = teller.rng.choice(ORDINARY)
    # 闸口村 and 南城村, where the demo logins work, get more than their share.
    village = unit_named(teller.rng.choice(("闸口村", "闸口村", "南城村", *(each.name for each in VILLAGES))))
    story = teller.call(matter, village, received)
    if until is None:
        return story
    unit = village.name if village.name in {"闸口村", "南城村"} else teller.lead(matter, village)
    worker, head = teller.team(unit)
    assigned = None if until.__name__ == "<lambda>" and teller.rng.random() < 0.4 else worker
    joint = (matter.unit,) if matter.unit and matter.unit != unit and teller.rng.random() < 0.4 else ()
    at = teller.dispatch(story, teller.after(received, 5, 25), unit, assigned, joint)
    until(teller, story, at, worker, head, matter)
    return story


def praise(teller: Teller, count: int = 6) -> list[Story]:
    """Answered by the city line at once; stored and counted (DOMAIN D12)."""
    return [
        teller.call(
            PRAISE[number % len(PRAISE)], VILLAGES[number % len(VILLAGES)], teller.ago(hours=9 + 31 * number)
        )
        for number in range(count)
    ]


def confidential(teller: Teller) -> list[Story]:
    """Only named handlers see them; the accused village never does (DOMAIN E)."""
    stories = []
    for number, matter in enumerate(CONFIDENTIAL):
        village = unit_named(("昌平村", "九曲村", "小河村")[number])
        more = {"respondent_unit": village.name} if matter.unit == "纪检监察办" else {}
        story = teller.call(matter, village, teller.ago(hours=26 + 20 * number), confidential=True, **more)
        if number:
            unit = str(matter.unit)
            worker, _ = teller.team(unit)
            at = teller.dispatch(story, teller.after(story.received_at_ms, 10, 40), unit, worker)
            story.steps[-1] = Step(at, "lead", "ticket.dispatch", story.steps[-1].args)
            story.then(teller.after(at, 20, 60), worker, "ticket.accept", {"opinion": "已受理。"})
        stories.append(story)
    return stories


def merged(teller: Teller) -> list[Story]:
    """The same building site twice: the second call joins the first, both callers are called back."""
    matter = next(each for each in ORDINARY if each.title == "工地夜间施工噪音")
    village = unit_named("南城村")
    first = teller.call(matter, village, teller.ago(hours=40))
    worker, head = teller.team("南城村")
    at = teller.dispatch(first, teller.ago(hours=39.5), "南城村", worker, ("生态环境分局",))
    _accepted(teller, first, at, worker, head, matter)
    second = teller.call(matter, village, teller.ago(hours=30), title="同一工地夜间施工（另一来电人）")
    second.then(
        teller.ago(hours=29.5),
        "officer",
        "ticket.merge",
        lambda _, find: {"into": find(first.external_no), "reason": "同一工地、同一事项"},
    )
    return [first, second]


def everything(teller: Teller) -> list[Story]:
    """All stories, numbered by the moment they came in."""
    stories = [
        *urgent_history(teller),
        *running(teller),
        *ordinary(teller),
        *praise(teller),
        *confidential(teller),
        *merged(teller),
    ]
    stories.sort(key=lambda story: story.received_at_ms)
    for number, story in enumerate(stories, start=1):
        story.external_no = f"DG{number:06}"
    return stories
