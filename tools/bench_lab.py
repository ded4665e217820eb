"""Time and memory of the lab, beside named peers in the same run.

    python tools/bench_lab.py

- one picture with each set of test-time views, one core, fp32
- training pictures a second, beside a plain PyTorch loop on random tensors of the same size
- evaluation of 1,000 pictures
- peak memory of training with 1x and 50x the data
"""

from __future__ import annotations

import io
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from tegaki.lab.corpus import Item, load_corpus, load_shards, write_shards
from tegaki.lab.corpus.protocols import Protocol
from tegaki.lab.evaluation.evaluate import evaluate
from tegaki.lab.evaluation.predictors import load_predictor
from tegaki.lab.export.bundle import build_bundle
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.frozen import FrozenLayers
from tegaki.lab.training.letterbox import TTA, named_views
from tegaki.lab.training.recipes import RECIPES, AugmentPolicy, TrainingRecipe
from tegaki.lab.training.trainer import Trainer

PICTURES = 1000
TIMES = 50
BATCHES = 12
SMALL = 32  # side of views where memory is measured, in pixels
RECIPE: TrainingRecipe = replace(RECIPES["finetune"], start=None)


def pictures(count: int) -> Iterator[tuple[Item, bytes]]:
    """Made-up pictures of the normal form, about 30 kB each; 40 different ones."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:320, 0:420]
    made = []
    for k in range(40):
        waves = np.stack([np.sin((x + k * y) / (30 + 9 * c)) for c in range(3)], axis=2)
        pixels = np.clip(127 + 110 * waves + rng.normal(0, 9, waves.shape), 0, 255)
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=86)
        made.append(buffer.getvalue())
    for k in range(count):
        split = "train" if k < count - 100 else ("val" if k < count - 50 else "test_seen")
        item = Item(
            f"p{k}", Path(), k % 2 == 1, f"s{k % 30}", "gan" if k % 2 else "human", "anime", split
        )
        yield item, made[k % 40]


def latency() -> None:
    """One letterboxed picture through the enhanced network, as the seed ran it."""
    torch.set_num_threads(1)
    network = Classifier(RECIPES["enhanced"].network).eval()
    layers = FrozenLayers(network, len(network.features), 224)
    with Image.open(io.BytesIO(next(pictures(200))[1])) as stored:
        picture = stored.convert("RGB")
    print(f"{'One picture, one core, fp32 (median of 50)':<52}{'ms':>9}{'of the seed':>13}")
    for name, views in TTA.items():
        seconds = []
        for k in range(TIMES):
            started = time.perf_counter()
            means = [layers(v).mean(axis=(1, 2)) for v in named_views(picture, 224, str(k), views)]
            with torch.inference_mode():
                torch.sigmoid(network.classify(torch.from_numpy(np.stack(means))))
            seconds.append(time.perf_counter() - started)
        took = 1000 * statistics.median(seconds)
        said = f"{took / 750:.3f} x 750" if name == "paper3" else ""
        print(f"{f'{name} ({len(views)} views)':<52}{took:>9.1f}{said:>13}")


def plain_rate() -> float:
    """The peer: random tensors through the same network, loss and optimizer, nothing else."""
    network = Classifier(RECIPE.network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    plan, size = RECIPE.stages[0], RECIPE.micro_batch
    optimizer = torch.optim.AdamW(network.parameters(), plan.learning_rate)
    labels = torch.arange(size).remainder(2).float()
    views = torch.randn(size, 3, 224, 224).to(memory_format=torch.channels_last)

    def batch() -> None:
        optimizer.zero_grad(set_to_none=True)
        for _ in range(plan.batch // size):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(views)
            loss = functional.binary_cross_entropy_with_logits(logits.float(), labels)
            loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    batch()
    started = time.perf_counter()
    for _ in range(BATCHES):
        batch()
    return BATCHES * plan.batch / (time.perf_counter() - started)


def our_rate(folder: Path) -> float:
    """Pictures a second that a run of ``finetune`` reports, loader included."""
    stage = replace(RECIPE.stages[0], epochs=2)
    recipe = replace(RECIPE, stages=(stage,))
    trainer = Trainer(recipe, load_shards(folder), folder / "run")
    trainer.run()
    return max(line.pictures_per_second for line in trainer.log)


def training() -> None:
    torch.set_num_threads(multiprocessing.cpu_count())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shards(pictures(64 * BATCHES + 100), folder)
        peer = max(plain_rate() for _ in range(2))
        ours = our_rate(folder)
    print(f"\n{f'Training, {torch.get_num_threads()} threads, bf16':<52}{'pict./s':>9}{'ratio':>8}")
    print(f"{'PyTorch on random tensors':<52}{peer:>9.1f}{1:>8.2f}")
    print(f"{'tegaki lab train --recipe finetune':<52}{ours:>9.1f}{ours / peer:>8.2f}")


def evaluation() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shards(pictures(PICTURES + 100), folder)
        items = [replace(i, split="val" if i.split == "val" else "test_seen")
                 for i in load_corpus(folder).items]  # fmt: skip
        protocol = Protocol("bench", "", "as-made", ("test_seen",))
        workers = multiprocessing.cpu_count()
        started = time.perf_counter()
        done = evaluate(load_predictor(None), items, protocol, workers=workers)
        seconds = time.perf_counter() - started
    print(f"\n{'Evaluation of the careful model':<52}{'seconds':>9}")
    print(f"{f'{PICTURES} pictures':<52}{seconds * PICTURES / len(done.samples):>9.1f}")


def _train_on(folder: Path) -> None:
    """One epoch and the export of ``finetune``, on views so small that 200,000 take minutes: what
    could grow with the data (reading, draws, logs, checkpoints, ``val``) is all there."""
    plain = AugmentPolicy(rescale=0, recompress=0, blur=0, noise=0, grey=0, colour=0)
    stage = replace(RECIPE.stages[0], epochs=1, augmentation=plain)
    recipe = replace(RECIPE, stages=(stage,), views=replace(RECIPE.views, size=SMALL))
    shards = load_shards(folder)
    network = Trainer(recipe, shards, folder / "run").run()
    build_bundle(network, recipe, shards, folder / "run" / "bundle")


def peak(count: int) -> float:
    """Peak resident memory in MB of a process that trains on so many pictures."""
    with tempfile.TemporaryDirectory() as name:
        write_shards(pictures(count), Path(name))
        process = multiprocessing.get_context("spawn").Process(target=_train_on, args=(Path(name),))
        process.start()
        most = 0.0
        while process.is_alive():
            most = max(most, _peak_of(process.pid))
            process.join(0.2)
        if process.exitcode:
            raise SystemExit("training failed")
        return most


def _peak_of(pid: int | None) -> float:
    """The peak that the kernel keeps for a process (Linux), in MB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:  # it has just ended
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return float(lines[0].split()[1]) / 1024 if lines else 0.0


def memory() -> None:
    small = peak(4000)
    large = peak(200_000)
    print(f"\n{'Peak memory of training and export':<52}{'MB':>9}{'ratio':>8}")
    print(f"{'4,000 pictures':<52}{small:>9.0f}{1:>8.2f}")
    print(f"{'200,000 pictures':<52}{large:>9.0f}{large / small:>8.2f}")


if __name__ == "__main__":
    latency()
    training()
    evaluation()
    memory()
