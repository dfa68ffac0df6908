"""How hard MiniMotion is: chance, a linear model on resampled coordinates, and score files of trained models.

    python benchmarks/minimotion_difficulty.py --scores work_dirs/stgcnpp_minimotion/default/scores.npz
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from motionreg.evaluation.scores import ScoreFile
from motionreg.motion import Store
from motionreg.motion.minimotion import ensure_minimotion

FRAMES = 20
STRENGTHS = (3e-5, 3e-4, 3e-3)


def features(store: Store, indices: np.ndarray) -> np.ndarray:
    """(n, FRAMES * V * 3): every clip resampled linearly to the same number of frames, relative to the pelvis."""
    rows = []
    for index in indices:
        joints = store[int(index)].keypoint[0]
        place = np.linspace(0, len(joints) - 1, FRAMES)
        low = np.minimum(place.astype(int), len(joints) - 2)
        part = (place - low)[:, None, None]
        resampled = joints[low] * (1 - part) + joints[low + 1] * part
        rows.append((resampled - resampled[:, :1]).ravel())
    return np.stack(rows)


def linear_accuracy(store: Store, seed: int = 0) -> dict[str, float]:
    """Accuracy of logistic regression on 'test'; its strength is chosen on 'val', then it is fitted on 'train'."""
    inputs = {name: (features(store, store.split(name)), store.labels[store.split(name)])
              for name in ('train_fit', 'val', 'train', 'test')}

    def fit(strength: float, split: str) -> Pipeline:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000, random_state=seed))
        return model.fit(*inputs[split])

    best = max(STRENGTHS, key=lambda strength: fit(strength, 'train_fit').score(*inputs['val']))
    test, labels = inputs['test']
    correct = fit(best, 'train').predict(test) == labels
    return {'all': float(correct.mean()), **by_camera(store, store.split('test'), correct)}


def by_camera(store: Store, indices: np.ndarray, correct: np.ndarray) -> dict[str, float]:
    """Accuracy over the cameras that training clips have seen, and over the others."""
    seen = np.isin(store.column('camera')[indices], store.column('camera')[store.split('train')])
    return {'seen cameras': float(correct[seen].mean()), 'unseen camera': float(correct[~seen].mean())}


def score_accuracy(store: Store, path: Path) -> dict[str, float]:
    """Accuracy of a score file on 'test'; it must hold every clip of it."""
    scores = ScoreFile.load(path)
    rows = {str(sample_id): row for row, sample_id in enumerate(scores.ids)}
    test = store.split('test')
    missing = [sample_id for sample_id in store.ids[test] if str(sample_id) not in rows]
    if missing:
        raise SystemExit(f'{path}: no scores for {len(missing)} of the {len(test)} test clips, e.g. {missing[0]}')
    predicted = scores.scores[[rows[str(sample_id)] for sample_id in store.ids[test]]].argmax(axis=1)
    correct = predicted == store.labels[test]
    return {'all': float(correct.mean()), **by_camera(store, test, correct)}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, and store it as JSON."""
    parser = argparse.ArgumentParser(description='Chance, a linear model, and trained models on MiniMotion.')
    parser.add_argument('--subset', choices=('all', 'adult', 'infant'), default='all')
    parser.add_argument('--seed', type=int, default=0, help='of the data')
    parser.add_argument('--root', default='data/minimotion')
    parser.add_argument('--scores', nargs='*', type=Path, default=[], help='score files of trained models')
    parser.add_argument('--out', type=Path, help='JSON file to write')
    args = parser.parse_args(argv)
    store = Store(ensure_minimotion(args.root, seed=args.seed, subset=args.subset))
    chance = 1 / len(store.class_names)
    rows = {'chance': dict.fromkeys(('all', 'seen cameras', 'unseen camera'), chance),
            f'logistic regression, {FRAMES} frames': linear_accuracy(store)}
    rows |= {str(path): score_accuracy(store, path) for path in args.scores}
    print(f'MiniMotion {args.subset}: {len(store)} clips, {len(store.class_names)} classes, '
          f'{len(store.split("test"))} test clips; {platform.processor() or platform.machine()}')
    width = max(map(len, rows))
    print(f'{"top-1 accuracy, %":<{width}}  {"all":>6} {"seen cameras":>13} {"unseen camera":>14}')
    for name, row in rows.items():
        print(f'{name:<{width}}  {100 * row["all"]:6.1f} {100 * row["seen cameras"]:13.1f} '
              f'{100 * row["unseen camera"]:14.1f}')
    if args.out:
        args.out.write_text(json.dumps({'subset': args.subset, 'seed': args.seed, 'rows': rows}, indent=1) + '\n')


if __name__ == '__main__':
    main()
