"""Every registry of the package, on one screen.

Registries of kinds that MMEngine's Runner builds are children of MMEngine's own, so that its hooks, optimisers and
schedulers stay reachable by their plain names. The other kinds are ours alone. Modules register themselves when their
package is imported, which happens on the first look-up.
"""

from __future__ import annotations

import inspect
import numbers
import traceback
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from mmengine import registry as mmengine_registry
from torch import Tensor

from motionreg.errors import ConfigError, UserError, suggest

PLUGIN_GROUP = 'motionreg.plugins'
_KINDS: dict[str, Registry] = {}


class BuildError(ConfigError):
    """A component cannot be built; ``path`` is the config key it came from."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f'{path}: {message}' if path else message)
        self.path, self.message = path, message


class Registry(mmengine_registry.Registry):
    """MMEngine's registry with one scope, typed kinds, suggestions, and the config path in every error."""

    def __init__(self, kind: str, *locations: str, parent: mmengine_registry.Registry | None = None) -> None:
        super().__init__(kind, parent=parent, scope='motionreg', locations=[f'motionreg.{loc}' for loc in locations])
        _KINDS[kind] = self

    def import_from_location(self) -> None:
        if not self._imported:
            super().import_from_location()
            load_plugins()

    def names(self) -> list[str]:
        """Names registered here, without those inherited from MMEngine."""
        self.import_from_location()
        return sorted(self.module_dict)

    def resolve(self, name: str | type | Callable[..., Any]) -> Callable[..., Any]:
        """Return the class or function of that name. Raises BuildError, with a suggestion, if there is none."""
        if not isinstance(name, str):
            return name
        found = super().get(name)
        if found is not None:
            return found
        for kind, registry in _KINDS.items():
            if registry is not self and name in registry.names():
                raise BuildError('', f'{name!r} is a {kind}, not a {self.name}.')
        known = set(self.names()) | set(self.parent.module_dict if self.parent is not None else ())
        raise BuildError('', f'{name!r} is not a {self.name}.{suggest(name, known)}')

    def build(self, cfg: Any, *, where: str = '', **default_args: Any) -> Any:
        """Build a component from its config.

        Args:
            cfg: a dict with ``type`` (a registered name or a class); anything that is not a dict is returned as it is,
                so that constructors accept ready-made parts.
            where: config key of ``cfg`` inside its parent, for error messages.
            default_args: arguments used where ``cfg`` has none.

        Raises:
            BuildError: unknown type, arguments its constructor does not take, or values that it fails on.
            UserError: raised by the constructor about its input.
        """
        if not isinstance(cfg, dict):
            return cfg
        args = {**default_args, **cfg}
        factory: Callable[..., Any] | None = None
        try:
            if 'type' not in args:
                raise BuildError('', f"the config of a {self.name} needs a 'type'.")
            factory = self.resolve(args.pop('type'))
            args.pop('_scope_', None)
            for argument, message in (*argument_problems(factory, args), *value_problems(factory, args)):
                raise BuildError(argument, message)
            if self.parent is not None and factory not in self.module_dict.values():
                return super().build({**args, 'type': factory})
            return factory(**args)
        except BuildError as error:
            raise BuildError('.'.join(filter(None, (where, error.path))), error.message) from error
        except ConfigError as error:
            raise BuildError(where, str(error)) from error
        except UserError:
            raise
        except Exception as error:
            raise BuildError(where, f'{_name(factory)} cannot be built: {type(error).__name__}: {error} '
                                    f'({_line_in(factory, error)})') from error


def argument_problems(factory: Callable[..., Any], args: Iterable[str],
                      supplied: Iterable[str] = ()) -> list[tuple[str, str]]:
    """(argument, message) for every keyword that ``factory`` does not take and every required one that is missing.

    Args:
        factory: a class or function.
        args: keywords that a config gives.
        supplied: keywords that the caller adds.
    """
    name = _name(factory)
    try:
        parameters = inspect.signature(factory).parameters
    except (ValueError, TypeError):
        return []
    problems = []
    args = list(args)
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        taken = ', '.join(parameter for parameter in parameters if parameter not in supplied)
        problems = [(arg, f'{name} takes no {arg!r}.{suggest(arg, parameters) or f" It takes: {taken or None}."}')
                    for arg in args if arg not in parameters]
    given = {*args, *supplied}
    missing = [p.name for p in parameters.values()
               if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in given]
    if missing:
        problems.append(('', f'{name} needs {", ".join(map(repr, missing))}.'))
    return problems


def value_problems(factory: Callable[..., Any], args: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(argument, message) for every value of another kind than annotated, where that is int, float, bool or str."""
    try:
        hints = typing.get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    except (NameError, TypeError, AttributeError):      # names that exist for type checkers only
        return []
    problems = []
    for arg, value in args.items():
        hint = hints.get(arg)
        kinds = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
        expected = [kind for kind in kinds if kind not in (type(None), Tensor)]
        if not expected or not all(kind in _PLAIN for kind in expected) or (value is None and type(None) in kinds):
            continue
        if not isinstance(value, (Tensor, *(_PLAIN[kind] for kind in expected))):
            words = ' or '.join('True or False' if kind is bool else kind.__name__ for kind in expected)
            problems.append((arg, f'is {value!r}, {_name(factory)} expects {words}.'))
    return problems


_PLAIN: dict[Any, type] = {int: numbers.Integral, float: numbers.Real, bool: numbers.Integral, str: str}


def _name(factory: Any) -> str:
    return getattr(factory, '__name__', str(factory))


def _line_in(factory: Any, error: Exception) -> str:
    """The line of the factory's own package that an error passed last."""
    package = getattr(factory, '__module__', '').partition('.')[0]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if package in Path(frame.filename).parts] or frames
    return f'{own[-1].filename}, line {own[-1].lineno}'


def find(name: Any) -> Callable[..., Any] | None:
    """The class or function registered under a name in any registry, or None."""
    if not isinstance(name, str):
        return name if callable(name) else None
    found = (registry.get(name) for registry in _KINDS.values())
    return next((factory for factory in found if factory is not None), None)


def load_plugins() -> None:
    """Import every module that installed packages list under the entry-point group ``motionreg.plugins``.

    Raises:
        ConfigError: one that cannot be imported; the message names the installed package.
    """
    for entry in entry_points(group=PLUGIN_GROUP):
        try:
            import_module(entry.value.partition(':')[0])
        except Exception as error:
            package = entry.dist.name if entry.dist is not None else entry.name
            raise ConfigError(f"the installed package '{package}' has a motionreg plugin that cannot be imported, "
                              f"{entry.value}: {type(error).__name__}: {error}. Repair it, or pip uninstall {package}"
                              ) from error


def kinds() -> dict[str, Registry]:
    """All registries by the name of their kind."""
    return dict(_KINDS)


# Built by MMEngine's Runner.
MODELS = Registry('model', 'models', parent=mmengine_registry.MODELS)
DATASETS = Registry('dataset', 'datasets', parent=mmengine_registry.DATASETS)
DATA_SAMPLERS = Registry('data sampler', 'datasets', parent=mmengine_registry.DATA_SAMPLERS)
FUNCTIONS = Registry('function', 'datasets', parent=mmengine_registry.FUNCTIONS)
METRICS = Registry('metric', 'evaluation', parent=mmengine_registry.METRICS)
HOOKS = Registry('hook', 'engine', parent=mmengine_registry.HOOKS)
LOOPS = Registry('loop', 'engine', parent=mmengine_registry.LOOPS)
OPTIM_WRAPPERS = Registry('optim_wrapper', 'engine', parent=mmengine_registry.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = Registry('optimizer wrapper constructor',
                                      parent=mmengine_registry.OPTIM_WRAPPER_CONSTRUCTORS)
WEIGHT_INITIALIZERS = Registry('weight initializer', parent=mmengine_registry.WEIGHT_INITIALIZERS)
EVALUATORS = Registry('evaluator', parent=mmengine_registry.EVALUATOR)
OPTIMIZERS = Registry('optimizer', 'engine', parent=mmengine_registry.OPTIMIZERS)
PARAM_SCHEDULERS = Registry('parameter scheduler', 'engine', parent=mmengine_registry.PARAM_SCHEDULERS)
LOG_PROCESSORS = Registry('log_processor', 'engine', parent=mmengine_registry.LOG_PROCESSORS)
MODEL_WRAPPERS = Registry('model_wrapper', 'engine', parent=mmengine_registry.MODEL_WRAPPERS)
RUNNERS = Registry('runner', 'engine', parent=mmengine_registry.RUNNERS)
VISUALIZERS = Registry('visualizer', 'engine', parent=mmengine_registry.VISUALIZERS)
VISBACKENDS = Registry('vis_backend', 'engine', parent=mmengine_registry.VISBACKENDS)

# Ours: the parts that configs assemble into models, and the steps that prepare their data and texts.
TRANSFORMS = Registry('transform', 'datasets')
READERS = Registry('reader', 'motion.readers')
CODECS = Registry('codec', 'motion.codecs')
ALIGNERS = Registry('aligner', 'evaluation')
SELECTORS = Registry('selector', 'evaluation')
TEXT_READERS = Registry('text reader', 'text')
TEXT_ENCODERS = Registry('text encoder', 'text')
PREPROCESSORS = Registry('data preprocessor', 'models')
BACKBONES = Registry('backbone', 'models')
HEADS = Registry('head', 'models')
LOSSES = Registry('loss', 'models')
GENERATORS = Registry('generator', 'models')
BODY_MODELS = Registry('body model', 'models')
ADAPTERS = Registry('adapter', 'models')
