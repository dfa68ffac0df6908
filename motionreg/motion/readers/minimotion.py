"""MiniMotion, which is generated rather than read."""

from __future__ import annotations

from collections.abc import Iterable

from motionreg.motion.minimotion.dataset import CLIPS_PER_CLASS, VERSION, Subset, generate, plan
from motionreg.motion.minimotion.performance import FPS
from motionreg.motion.minimotion.poses import LAYOUT
from motionreg.motion.motion import Motion
from motionreg.motion.readers.dataset_info import DatasetInfo
from motionreg.registry import READERS

SPLITS = {'train': ('train_fit', 'val'), 'test': ('test',), 'train_fit': ('train_fit',), 'val': ('val',)}


@READERS.register_module(name='minimotion')
def read_minimotion(seed: int = 0, subset: Subset = 'all', clips_per_class: int = CLIPS_PER_CLASS) -> tuple[
        Iterable[Motion], DatasetInfo]:
    """Generate MiniMotion, synthetic articulated motion in 24 actions; the same seed gives the same clips.

    Splits: 'train' and 'test' have different subjects, and a quarter of 'test' is seen from a camera that 'train' has
    not; 'train' is cut by subject into 'train_fit' and 'val'.

    Args:
        seed: seed of everything random.
        subset: all bodies, only children and adults ('adult'), or only newborns and infants ('infant'); the classes are
            those actions that these bodies do.
        clips_per_class: clips of every class, a quarter of them for testing.

    Returns:
        Clips (1, T, 24, 3) in metres with captions and part texts, and what holds for all of them.

    Raises:
        DataError: an unknown subset, a negative seed, or too few clips.
    """
    cast, clips = plan(seed, subset, clips_per_class)
    names = {clip.label: clip.action.name for clip in clips}
    splits = {name: [clip.sample_id for clip in clips if clip.split in parts] for name, parts in SPLITS.items()}
    info: dict[str, str | int | float] = {'dataset': 'MiniMotion', 'version': VERSION, 'seed': seed, 'subset': subset,
                                          'clips_per_class': clips_per_class}
    return generate(seed, cast, clips), DatasetInfo(
        LAYOUT.name, FPS, tuple(names[label] for label in sorted(names)), splits, size=len(clips), info=info)
