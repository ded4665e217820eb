"""Long tasks whose output is a file."""

from __future__ import annotations

from tegaki.cli.progress import LoggedProgress


def test_a_log_says_the_time_left_soon_and_then_each_minute() -> None:
    now, said = [100.0], list[str]()
    progress = LoggedProgress(said.append, lambda: now[0])
    for second in range(131):
        now[0] = 100.0 + second
        progress.move("train", 500 + 2 * second, 10_000, "loss 0.5")
    assert said == [
        "train: 520 of 10,000, 2.0 a second, about 79 min left; loss 0.5",
        "train: 640 of 10,000, 2.0 a second, about 78 min left; loss 0.5",
        "train: 760 of 10,000, 2.0 a second, about 77 min left; loss 0.5",
    ]


def test_each_task_has_a_count_of_its_own() -> None:
    now, said = [0.0], list[str]()
    progress = LoggedProgress(said.append, lambda: now[0])
    for task, done in (("features", 0), ("features", 40), ("heads", 0), ("heads", 5)):
        progress.move(task, done, 50)
        now[0] += 20
    assert said == [
        "features: 40 of 50, 2.0 a second, about 5 s left",
        "heads: 5 of 50, 0.2 a second, about 3 min left",
    ]


def test_nothing_is_said_of_a_rate_that_is_not_known() -> None:
    now, said = [0.0], list[str]()
    progress = LoggedProgress(said.append, lambda: now[0])
    for _ in range(3):
        progress.move("train", 7, 10)
        now[0] += 100
    assert said == []
