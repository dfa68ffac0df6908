"""A skeleton as data: joint names and parents, from which everything else is derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from motionreg.errors import ConfigError, suggest

UP_AXES = ('x', 'y', 'z', '-x', '-y', '-z')
_OTHER_SIDE = {'left': 'right', 'right': 'left'}
_Method = TypeVar('_Method', bound=Callable[..., Any])


def _cached(method: _Method) -> _Method:
    """Compute once per layout and arguments; arrays are made read-only, because callers share them."""

    @wraps(method)
    def wrapper(self: Layout, *args: Any, **kwargs: Any) -> Any:
        cache = self.__dict__.setdefault('_cache', {})
        key = (method.__name__, args, tuple(sorted(kwargs.items())))
        if key not in cache:
            value = method(self, *args, **kwargs)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            cache[key] = value
        return cache[key]

    return wrapper  # type: ignore[return-value]


def other_side(joint: str) -> str:
    """Name of the mirrored joint: ``left_knee`` for ``right_knee``, the joint itself for one on the midline."""
    return '_'.join(_OTHER_SIDE.get(word, word) for word in joint.split('_'))


@dataclass(frozen=True)
class Layout:
    """Joints and bones of a skeleton; graphs, bone pairs, flips, distances and part indices are derived from them.

    Layouts are immutable and compare by value. The arrays their methods return are shared and read-only: copy before
    changing one (``torch.tensor(array)`` copies).

    Args:
        name: key under which the layout is registered.
        joints: joint names in the order of the data; the words ``left`` and ``right`` in them define the mirror pairs.
        bones: child joint -> parent joint, the edges of the graph. They form one tree (see ``connected``).
        center: joint to which graph partitions measure hop distances.
        bone_parents: parents of the bone stream where they differ from ``bones``; a joint that is its own parent is
            the root of that stream.
        dims: coordinates of a joint, 2 or 3.
        unit: unit of the coordinates: 'm', 'mm', 'px', ...
        up_axis: axis that points up: 'y', 'z', '-y' for image coordinates, ...
        origin: joint that normalisation puts at zero; ``center`` if not given.
        upright: (lower, upper) joints; the line from one to the other points up when the body stands.
        facing: (right, left) joints; the line from the right to the left one is the body's +x axis.
        parts: named part sets: set name -> part name -> joint names. Parts of a set may share joints.
        aliases: own joint name -> canonical name, where it differs (see ``motionreg.layouts.mapping``).
        connected: False allows several trees, as in a body without its root.
        description: one line on the source of the joint order.

    Raises:
        ConfigError: joints are repeated or unknown, or the bones do not form one tree.
    """

    name: str
    joints: tuple[str, ...]
    bones: Mapping[str, str]
    center: str
    bone_parents: Mapping[str, str] | None = None
    dims: int = 3
    unit: str = 'm'
    up_axis: str = 'y'
    origin: str | None = None
    upright: tuple[str, str] | None = None
    facing: tuple[str, str] | None = None
    parts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    connected: bool = True
    description: str = ''

    def __post_init__(self) -> None:
        def own(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        own('joints', tuple(self.joints))
        own('bones', dict(self.bones))
        own('bone_parents', None if self.bone_parents is None else dict(self.bone_parents))
        own('aliases', dict(self.aliases))
        own('origin', self.center if self.origin is None else self.origin)
        for pair in ('upright', 'facing'):
            if getattr(self, pair) is not None:
                own(pair, tuple(getattr(self, pair)))
        own('parts', {set_name: {part: tuple(joints) for part, joints in parts.items()}
                      for set_name, parts in self.parts.items()})
        self._check()

    def _check(self) -> None:
        repeated = sorted({joint for joint in self.joints if self.joints.count(joint) > 1})
        if not self.joints or repeated:
            raise self._error('joints', f'repeated joints {repeated}.' if repeated else 'there are none.')
        if self.dims not in (2, 3):
            raise self._error('dims', f'{self.dims!r} is neither 2 nor 3.')
        if self.up_axis not in UP_AXES:
            raise self._error('up_axis', f'{self.up_axis!r} is none of {", ".join(UP_AXES)}.')
        self._check_joints('bones', [*self.bones, *self.bones.values()])
        self._check_joints('center', [self.center])
        self._check_joints('origin', [self.origin])
        self._check_joints('bone_parents', [*(self.bone_parents or ()), *(self.bone_parents or {}).values()])
        self._check_joints('aliases', list(self.aliases))
        canonical = [self.canonical(joint) for joint in self.joints]
        shared = sorted({name for name in canonical if canonical.count(name) > 1})
        if shared:
            raise self._error('aliases', f'{shared} each stand for several joints.')
        for pair in ('upright', 'facing'):
            joints = getattr(self, pair)
            if joints is not None:
                self._check_joints(pair, joints)
                if len(set(joints)) != 2:
                    raise self._error(pair, f'{joints!r} is not a pair of joints.')
        for set_name, parts in self.parts.items():
            for part, joints in parts.items():
                self._check_joints(f'parts.{set_name}.{part}', joints)
                if not joints:
                    raise self._error(f'parts.{set_name}.{part}', 'the part has no joints.')
        self._check_tree('bones', self.bones)
        parents = {**self.bones, **(self.bone_parents or {})}
        self._check_tree('bone_parents', {joint: parent for joint, parent in parents.items() if joint != parent})

    def _check_joints(self, where: str, names: Sequence[Any]) -> None:
        for name in names:
            if name not in self.joints:
                raise self._error(where, f'{name!r} is not one of its joints.{suggest(str(name), self.joints)}')

    def _check_tree(self, where: str, parents: Mapping[str, str]) -> None:
        """One tree over all joints: exactly one root, and every joint leads to it."""
        roots = [joint for joint in self.joints if joint not in parents]
        for joint in self.joints:
            path = [joint]
            while path[-1] in parents:
                parent = parents[path[-1]]
                if parent in path:
                    raise self._error(where, f'the bones run in a circle: {" -> ".join([*path, parent])}.')
                path.append(parent)
        if self.connected and len(roots) != 1:
            raise self._error(where, f'the bones are not connected: only one joint may lack a parent, and {roots} do.')

    def _error(self, where: str, problem: str) -> ConfigError:
        return ConfigError(f'layout {self.name!r}, {where}: {problem}')

    def __hash__(self) -> int:
        return hash((self.name, self.joints))

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != '_cache'}

    def __deepcopy__(self, memo: dict[int, Any]) -> Layout:
        return self

    @property
    def num_joints(self) -> int:
        """Number of joints V."""
        return len(self.joints)

    @property
    def center_index(self) -> int:
        """Position of ``center``."""
        return self.index(self.center)

    def index(self, joint: str) -> int:
        """Position of a joint. Raises ConfigError, with a suggestion, for an unknown name."""
        positions = self._positions()
        if joint not in positions:
            raise ConfigError(f'layout {self.name!r} has no joint {joint!r}.{suggest(str(joint), self.joints)}')
        return positions[joint]

    @_cached
    def _positions(self) -> dict[str, int]:
        return {joint: position for position, joint in enumerate(self.joints)}

    def canonical(self, joint: str) -> str:
        """Name of the joint in maps between layouts."""
        return self.aliases.get(joint, joint)

    @_cached
    def left_right_pairs(self) -> tuple[tuple[str, str], ...]:
        """(left, right) names of the joints that have a mirrored partner."""
        return tuple((joint, other_side(joint)) for joint in self.joints
                     if 'left' in joint.split('_') and other_side(joint) in self.joints)

    @_cached
    def flip_index(self) -> np.ndarray:
        """(V,) int64 ``f`` such that ``x[..., f, :]`` swaps left and right joints. Its own inverse.

        Raises:
            ConfigError: a joint of one side has no partner on the other, as in a layout of one arm.
        """
        alone = [joint for joint in self.joints if other_side(joint) not in self.joints]
        if alone:
            raise self._error('joints', f'cannot be mirrored: {alone} have no partner on the other side.')
        return np.array([self.index(other_side(joint)) for joint in self.joints], dtype=np.int64)

    @_cached
    def edges(self) -> np.ndarray:
        """(V-1, 2) int64 pairs (child, parent) of the graph."""
        pairs = [(self.index(child), self.index(parent)) for child, parent in self.bones.items()]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    @_cached
    def parents(self, root: str | None = None) -> np.ndarray:
        """(V,) int64 parent of each joint in the graph's tree, the root being its own.

        Args:
            root: joint from which the tree is hung up; by default the one without a parent in ``bones``.
        """
        if root is None:
            return np.array([self.index(self.bones.get(joint, joint)) for joint in self.joints], dtype=np.int64)
        neighbours: dict[int, list[int]] = {joint: [] for joint in range(self.num_joints)}
        for child, parent in self.edges().tolist():
            neighbours[child].append(parent)
            neighbours[parent].append(child)
        start = self.index(root)
        parents = self.parents().copy()  # what other trees keep
        reached = {start}
        parents[start] = start
        queue = [start]
        for joint in queue:
            for neighbour in neighbours[joint]:
                if neighbour not in reached:
                    reached.add(neighbour)
                    parents[neighbour] = joint
                    queue.append(neighbour)
        return parents

    @_cached
    def stream_parents(self) -> np.ndarray:
        """(V,) int64 parent of each joint in the bone stream, the root being its own: bone = x[v] - x[parent[v]]."""
        parents = {**self.bones, **(self.bone_parents or {})}
        return np.array([self.index(parents.get(joint, joint)) for joint in self.joints], dtype=np.int64)

    @_cached
    def hop_distance(self) -> np.ndarray:
        """(V, V) int64 number of edges between two joints; V where no path leads from one to the other."""
        unreached = self.num_joints
        distance = np.full((self.num_joints, self.num_joints), unreached, dtype=np.int64)
        np.fill_diagonal(distance, 0)
        child, parent = self.edges().T
        distance[child, parent] = distance[parent, child] = 1
        for joint in range(self.num_joints):
            distance = np.minimum(distance, distance[:, joint, None] + distance[joint])
        return distance

    @_cached
    def bone_matrix(self, k: int = 1, beyond: str = 'root', root: str | None = None) -> np.ndarray:
        """(V, V) float32 ``B`` such that ``B @ x`` are the vectors from each joint's k-th ancestor to the joint.

        k = 1 is the bone stream. Ancestors are those of the bone stream, or of the graph's tree hung up at ``root``
        if one is given.

        Args:
            k: generations between the two joints.
            beyond: what a joint with fewer than k ancestors is measured from: 'root' (the root, so that the root's
                own row is zero and large k give root-relative joints), or 'keep' (nothing: it keeps its coordinates,
                as the mode representation of InfoGCN does, Chi et al., CVPR 2022: I - O^k).
            root: root of the tree.
        """
        if beyond not in ('root', 'keep'):
            raise ConfigError(f"bone_matrix: beyond={beyond!r} is neither 'root' nor 'keep'.")
        if k < 1:
            raise ConfigError(f'bone_matrix: k={k} is not a positive number of generations.')
        parents = self.stream_parents() if root is None else self.parents(root)
        step = np.zeros((self.num_joints, self.num_joints), dtype=np.float32)
        step[np.arange(self.num_joints), parents] = 1
        if beyond == 'keep':
            np.fill_diagonal(step, 0)
        return np.eye(self.num_joints, dtype=np.float32) - np.linalg.matrix_power(step, k)

    def part_index(self, set_name: str) -> dict[str, list[int]]:
        """Positions of the joints of each part of a set. Raises ConfigError, with a suggestion, for an unknown set."""
        if set_name not in self.parts:
            known = ', '.join(map(repr, self.parts)) or 'none'
            raise ConfigError(f'layout {self.name!r} has no part set {set_name!r} (it has: {known}).'
                              f'{suggest(str(set_name), self.parts)}')
        return {part: [self.index(joint) for joint in joints] for part, joints in self.parts[set_name].items()}
