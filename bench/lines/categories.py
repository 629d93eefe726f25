"""Lines: how well are categories suggested? On labelled messages to a mayor's mailbox."""

import csv
import gzip
import itertools

from bench.cpu import Meter
from bench.door import one_by_one
from bench.rows import Row, cpu, interleaved, latency_ms
from bench.world import World
from dispatch.categories.classifying import cross_validate, fit, predict
from dispatch.categories.training import FOLDS
from ops.processes import ROOT

MESSAGES = ROOT.parent / "shared" / "data" / "cn_messages" / "messages_labelled_289.csv.gz"
TITLE, CONTENT, LABEL = "留言主题", "留言详情", "一级分类"
SEEDS = range(5)
GOAL_MS = 5.0


def measure(world: World) -> list[Row]:
    """Macro-F1 beside the majority guess, five times over other folds; time of a prediction."""
    if not MESSAGES.exists():
        return [Row("categories", 0, "", "skipped", None, note="The data pack is not there.")]
    with gzip.open(MESSAGES, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    texts, labels = [f"{r[TITLE]}\n{r[CONTENT]}" for r in rows], [r[LABEL] for r in rows]
    found = [cross_validate(texts, labels, folds=FOLDS, seed=seed) for seed in SEEDS]
    f1 = [scores.macro_f1 for scores in found]
    mean, majority = sum(f1) / len(f1), found[0].majority_f1
    model, turn = fit(texts, labels, sharpness=found[0].sharpness), itertools.cycle(texts)
    meter, few = Meter(world.large), world.pace.few
    samples = interleaved(
        [lambda: meter.run(lambda: one_by_one(lambda: predict(model, next(turn)), few))],
        world.pace.rounds,
    )[0]
    return [
        Row(
            "categories: macro-F1",
            mean,
            f"{FOLDS}-fold",
            "more than the majority guess",
            mean > majority,
            majority,
            "majority guess",
            note=f"{len(rows)} messages, {len(model.labels)} labels; {len(f1)} ways to fold them: "
            f"{min(f1):.3f} to {max(f1):.3f}",
        ),
        Row(
            "categories: one prediction",
            latency_ms(samples, 50) * 1000,
            "us p50",
            f"<= {GOAL_MS:.0f} ms",
            latency_ms(samples, 50) <= GOAL_MS,
            cpu_us=cpu(samples),
            note=f"with its reasons; p99 {latency_ms(samples, 99):.2f} ms",
        ),
    ]
