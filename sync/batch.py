"""Carrying out operations: the whole batch at once, or with a savepoint for each when one is poison."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sync.clock import Moment, proven
from sync.follow import Following, entries, without
from sync.log import Author, Handler, Retry, SyncRefusal, Unavailable, Unfit, Verdict, Work, Writing
from sync.op import Op

OnFault = Callable[[Op, Exception], None]


@dataclass(frozen=True, slots=True)
class Task:
    """An operation that was not seen before, and when it happened."""

    op: Op
    moment: Moment


@dataclass(frozen=True, slots=True)
class Desk:
    """Who carries out what for whom: one batch's surroundings. `on_fault` is told of a handler's defects."""

    handler: Handler
    author: Author
    received_at_ms: int
    on_fault: OnFault | None = None

    def refuse_fault(self, op: Op, error: Exception) -> Verdict:
        """The handler failed on it: refused, so that it never blocks the next (I8)."""
        if self.on_fault is not None:
            self.on_fault(op, error)
        return Verdict("refused", "invalid_args", {"fault": True})


def carry_out(tx: Writing, desk: Desk, tasks: Sequence[Task], *, careful: bool) -> list[Verdict]:
    """Decide the tasks in order and publish what changed.

    Careful: each in its own savepoint. Raises Unfit where that is needed, Retry and Unavailable as they come.
    """
    verdicts: dict[int, Verdict] = {}
    todo: list[tuple[int, Task]] = []
    for index, task in enumerate(tasks):
        if not desk.handler.knows(task.op.name, task.op.v):
            verdicts[index] = Verdict("refused", "unknown_op")
            continue
        try:
            todo.append((index, Task(desk.handler.upcast(task.op), task.moment)))
        except Exception as error:  # noqa: BLE001 - whatever the handler does wrong, the batch goes on
            verdicts[index] = desk.refuse_fault(task.op, error)
    if careful:
        for index, task in todo:
            verdicts[index] = _alone(tx, desk, task)
    elif todo:
        decided = _together(tx, desk, [task for _, task in todo])
        verdicts.update(zip((index for index, _ in todo), decided, strict=True))
    return [verdicts[index] for index in range(len(tasks))]


def _together(tx: Writing, desk: Desk, tasks: Sequence[Task]) -> list[Verdict]:
    subjects = sorted({task.op.subject for task in tasks if task.op.subject is not None})
    following = Following(tx, {task.op.id for task in tasks})
    verdicts = []
    try:
        work = desk.handler.open(tx, subjects, desk.author)
        for task in tasks:
            verdict = _applied(tx, desk, work, task)
            verdicts.append(replace(verdict, then=()) if verdict.then else verdict)
            _follow(tx, desk, work, following, verdict)
        tx.change(work.save())
    except Exception as error:
        _let_pass(tx, error)
        raise Unfit(f"the batch could not be saved at once: {type(error).__name__}") from error
    tx.record(entries(following.done, desk.received_at_ms))
    return verdicts


def _applied(tx: Writing, desk: Desk, work: Work, task: Task, author: Author | None = None) -> Verdict:
    try:
        return work.apply(task.op, task.moment, desk.received_at_ms, author or desk.author)
    except Exception as error:  # noqa: BLE001 - a defect in one operation is that one's refusal
        _let_pass(tx, error)
        return desk.refuse_fault(task.op, error)


def _follow(tx: Writing, desk: Desk, work: Work, following: Following, cause: Verdict) -> None:
    """Carry out what follows, and what follows from that, in order; proven at the moment of receipt."""
    following.ask(cause)
    moment = proven(desk.received_at_ms)
    while (step := following.next()) is not None:
        if step.too_far:
            verdict = desk.refuse_fault(step.follow.op, RecursionError("too much follows from one operation"))
        else:
            verdict = _applied(tx, desk, work, Task(step.follow.op, moment), step.follow.author)
        following.settle(step, verdict)


def _alone(tx: Writing, desk: Desk, task: Task) -> Verdict:
    """In a savepoint with what follows; if that cannot be saved, the operation without it."""
    following = Following(tx, {task.op.id})
    try:
        verdict = _saved(tx, desk, task, following)
    except Exception as error:  # noqa: BLE001 - see refuse_fault
        _let_pass(tx, error, also_unfit=False)
        if not following.done:
            return desk.refuse_fault(task.op, error)
        for each, _ in following.done:
            desk.refuse_fault(each.op, error)
        try:
            verdict = _saved(tx, desk, task, None)
        except Exception as again:  # noqa: BLE001 - see refuse_fault
            _let_pass(tx, again, also_unfit=False)
            return desk.refuse_fault(task.op, again)
        following = without(following)
    tx.record(entries(following.done, desk.received_at_ms))
    return verdict


def _saved(tx: Writing, desk: Desk, task: Task, following: Following | None) -> Verdict:
    with tx.savepoint():
        work = desk.handler.open(tx, [task.op.subject] if task.op.subject else [], desk.author)
        verdict = work.apply(task.op, task.moment, desk.received_at_ms, desk.author)
        if following is not None:
            _follow(tx, desk, work, following, verdict)
        changes = work.save()
    tx.change(changes)
    return replace(verdict, then=())


def _let_pass(tx: Writing, error: Exception, *, also_unfit: bool = True) -> None:
    """Raise what is the store's business and not the operation's."""
    sorted_ = tx.sort_error(error)
    if isinstance(sorted_, Retry | Unavailable | SyncRefusal) or (also_unfit and isinstance(sorted_, Unfit)):
        raise sorted_ from error
