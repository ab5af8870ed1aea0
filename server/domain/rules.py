"""Every number that DOMAIN.md marks [A]: a default here, a setting of the town, no constant in the code."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The town's settings, filled from `JIBAN_<NAME>`; the defaults are those of DOMAIN.md."""

    arrival_min: int = 60
    urgent_result_days: int = 2
    consult_result_days: int = 2
    case_result_days: int = 5
    rework_result_days: int = 3
    petition_push_min: int = 10
    petition_transfer_min: int = 60
    petition_result_h: int = 24
    count_start_day: bool = False
    end_of_day: str = "24:00"
    night_cutoff: str | None = None
    handling_strict: bool = False
    urgent_consult: bool = True
    unreachable_attempts: int = 3
    unreachable_half_days: int = 2
    arrival_radius_m: int = 300
    return_same_day: bool = True
    second_return_determines: bool = True
    reply_close_days: int = 7
    closed_leaves_phone_h: int = 24
    photo_missing_h: int = 24
    online_lag_s: int = 300
    urgent_village_joins: bool = True
    urgent_auto_dispatch: bool = True
    ladder_scale: float = 1.0
    arrival_reminders_min: str = "30,15,5"
    alarm_kept_h: int = 24
    repeat_days: int = 30
    min_n_for_rank: int = 10
    doc_timeline_max: int = 20
    doc_own_max: int = 100

    def __post_init__(self) -> None:
        """A time of day that is none stops the start, not the first ticket."""
        for name in ("end_of_day", "night_cutoff"):
            text = getattr(self, name)
            if text is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", text):
                raise ValueError(f"{name} must be a time of day like 17:30, not {text!r}")
        if not re.fullmatch(r"(\d{1,3}(,\d{1,3})*)?", self.arrival_reminders_min):
            raise ValueError(
                f"arrival_reminders_min must be minutes like 30,15,5, not {self.arrival_reminders_min!r}"
            )
        if not 0 < self.ladder_scale < 1_000:
            raise ValueError(f"ladder_scale must be more than 0 and less than 1000, not {self.ladder_scale}")

    @property
    def reminders_min(self) -> tuple[int, ...]:
        """Minutes before the arrival's deadline at which those who must act are reminded, the earliest first."""
        return tuple(
            sorted({int(each) for each in self.arrival_reminders_min.split(",") if each}, reverse=True)
        )
