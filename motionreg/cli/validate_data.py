"""Check a store or an annotation pickle."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from motionreg.cli.common import PLUGINS_HELP, take_plugins
from motionreg.evaluation.tables import format_table
from motionreg.motion.io import open_motions
from motionreg.motion.validate import Motions, Problem, label_counts, validate


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, print what is there and what is wrong; 1 if there are errors."""
    argv = take_plugins(argv)
    parser = argparse.ArgumentParser(description='Look for errors in a store or an annotation pickle. Exit code 0: '
                                                 'none, 1: errors, 2: it cannot be opened.', epilog=PLUGINS_HELP)
    parser.add_argument('data', help='folder of a store, or a .pkl file of pyskl or MMAction2')
    parser.add_argument('--layout', help='layout of a pickle that does not say it')
    parser.add_argument('--num-classes', type=int, help='classes of the model (default: the class names of the file)')
    parser.add_argument('--strict', action='store_true', help='warnings count as errors')
    parser.add_argument('--show', type=int, default=5, metavar='N', help='samples to name for every kind of problem')
    args = parser.parse_args(argv)
    motions = open_motions(args.data, args.layout)
    print(describe(motions))
    problems = validate(motions, args.num_classes)
    print(report(problems, args.show))
    return int(any(args.strict or problem.severity == 'error' for problem in problems))


def describe(motions: Motions) -> str:
    """Size, shape and label histogram of a set."""
    lengths, persons = np.asarray(motions.lengths), np.asarray(motions.persons)
    lines = [f'{len(motions)} clips, layout {motions.layout}, splits: {", ".join(motions.splits) or "none"}']
    if len(motions):
        low, middle, high = np.percentile(lengths, [0, 50, 100], method='nearest')
        people = ', '.join(f'{count} with {number}' for number, count in zip(*np.unique(persons, return_counts=True)))
        lines += [f'frames: {low} to {high}, median {middle}', f'persons: {people}']
    counts = label_counts(motions)
    labels = sorted(counts[''])
    rows = [[label if label >= 0 else '-', motions.class_names[label] if 0 <= label < len(motions.class_names) else '',
             *(counts[split][label] for split in counts)] for label in labels]
    return '\n'.join([*lines, '', format_table(rows, ['label', 'name', 'all', *motions.splits]), ''])


def report(problems: Sequence[Problem], show: int) -> str:
    """Problems, errors first; those of one kind are named for a few samples and then counted."""
    lines = []
    for severity in ('error', 'warning'):
        groups: dict[str, list[Problem]] = {}
        for problem in problems:
            if problem.severity == severity:
                groups.setdefault(problem.kind, []).append(problem)
        for group in groups.values():
            lines += [f'{severity}: {problem}' for problem in group[:show]]
            if len(group) > show:
                lines.append(f'{severity}: ... and {len(group) - show} more like it')
    errors = sum(problem.severity == 'error' for problem in problems)
    lines.append(f'{errors} errors, {len(problems) - errors} warnings')
    return '\n'.join(lines)
