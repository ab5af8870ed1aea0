"""What a channel says. Nothing of the matter: no title, no place, no name; the app tells the rest (DOMAIN E, Push)."""

WORDS = {
    "urgent_ticket": "有新的紧急工单，请打开即办查看",
    "direct_report": "有新的突发直报，请打开即办查看",
    "muster": "有新的集结通知，请打开即办查看",
    "reminder": "有工单即将超时，请打开即办查看",
    "overdue": "有工单已经超时，请打开即办查看",
    "test": "这是一条测试消息，收到即表示通道可用",
    "worker_silent": "即办的告警服务已停止响应，告警可能无法送达，请值班人员打开即办并联系管理员",
    "worker_back": "即办的告警服务已恢复",
}
OTHER = "有新的提醒，请打开即办查看"
DRILL = "【演练】"


def text(kind: str, *, drill: bool) -> str:
    """The words for an alarm of this kind; a drill is marked as one before anything else is read."""
    return (DRILL if drill else "") + WORDS.get(kind, OTHER)
