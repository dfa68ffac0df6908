"""Captions and descriptions of body parts for a performance."""

from __future__ import annotations

import numpy as np

from motionreg.motion.minimotion.actions import HOW
from motionreg.motion.minimotion.performance import Take
from motionreg.motion.minimotion.poses import LIMBS, POSTURES
from motionreg.motion.minimotion.subjects import PERSON, Subject

LEFT_OUT = {'arm': 'stays at rest', 'leg': 'stays in place', 'torso': 'stays as it is', 'head': 'keeps its direction'}


def captions(take: Take, subject: Subject, rng: np.random.Generator) -> tuple[str, ...]:
    """Three sentences: the plain one, one with the posture, one with the tempo."""
    tempo = subject.style.tempo
    adverb = 'quickly' if tempo > 1.12 else 'slowly' if tempo < 0.9 else 'at an easy pace'
    place = f', {POSTURES[take.way.start].words}' if take.way.gesture else ''
    chosen = rng.permutation(np.resize(np.arange(len(take.way.phrases)), max(3, len(take.way.phrases))))[:3]
    endings = ('', place, f', {adverb}')
    people = PERSON[subject.body]
    sentences = []
    for index, ending in zip(chosen, endings):
        phrase = take.way.phrases[index].replace('{how}', HOW.get(take.pose or '', ''))
        sentence = f'{people[rng.integers(len(people))]} {phrase}{ending}.'
        sentences.append(sentence[0].upper() + sentence[1:])
    return tuple(sentences)


def part_texts(take: Take) -> dict[str, str]:
    """What each part does: the parts of the sets 'sgar5' and 'lst4' of the layout."""
    how = HOW.get(take.pose or '', '')
    does = {limb: take.way.parts.get(limb, LEFT_OUT[limb.rpartition('_')[2]]).replace('{how}', how) for limb in LIMBS}
    place = POSTURES[take.way.start].words
    texts = {limb: f'the {limb.replace("_", " ")} {text}' for limb, text in does.items()}
    return {
        **{limb: texts[limb] for limb in ('right_arm', 'left_arm', 'right_leg', 'left_leg', 'torso', 'head')},
        'arms': _pair(texts, 'arm'), 'legs': _pair(texts, 'leg'),
        'hips': f'the hips start {place}, the torso {does["torso"]}',
    }


def _pair(texts: dict[str, str], kind: str) -> str:
    left, right = texts[f'left_{kind}'], texts[f'right_{kind}']
    if left.replace('left', 'right') == right:
        return left.replace(f'the left {kind}', f'each {kind}')
    return f'{left}, {right}'
