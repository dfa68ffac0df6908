"""The text bank of MiniMotion, from the grammar that also describes its clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from motionreg.motion.minimotion.actions import ACTIONS, HOW
from motionreg.motion.minimotion.performance import Take
from motionreg.motion.minimotion.poses import POSTURES
from motionreg.motion.minimotion.program import Action, Way
from motionreg.motion.minimotion.texts import part_texts
from motionreg.text.bank import TextBank

_STILL = np.empty((0, 3))


@dataclass(frozen=True)
class _Performance:
    """One way to do an action, in words only."""

    label: int
    captions: tuple[str, ...]
    part_texts: Mapping[str, str]


def minimotion_bank() -> TextBank:
    """The texts of MiniMotion's classes.

    Synonyms are the phrases of its captions, sentences the same with the poses that a gesture can take. What a part
    does is said without the pose, for the posture in which the action is most often begun.
    """
    motions = [_Performance(label, _sentences(way), _parts(way))
               for label, action in enumerate(ACTIONS) for way in action.ways]
    bank = TextBank.from_motions(motions, [action.name for action in ACTIONS], 'minimotion',
                                 'the grammar of MiniMotion', 'Apache-2.0')
    return replace(bank, entries=tuple(replace(entry, synonyms=_synonyms(action))
                                       for entry, action in zip(bank, ACTIONS)))


def _synonyms(action: Action) -> tuple[str, ...]:
    phrases = (_say(phrase, '') for way in action.ways for phrase in way.phrases)
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase != action.name))


def _sentences(way: Way) -> tuple[str, ...]:
    poses = POSTURES[way.start].gestures[way.gesture] if way.gesture else ('',)
    return tuple(f'A person {_say(phrase, HOW.get(pose, ""))}.' for phrase in way.phrases for pose in poses)


def _parts(way: Way) -> dict[str, str]:
    texts = part_texts(Take(way, None, 1, _STILL, _STILL))
    return {part: ' '.join(text.split()) for part, text in texts.items()}


def _say(phrase: str, how: str) -> str:
    return ' '.join(phrase.replace('{how}', how).split())
