"""What the command-line programs share."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from motionreg.errors import ConfigError, UserError


def run(main: Callable[[], int | None]) -> None:
    """Run a program: exit code 0, its own, or 2 with one message for bad input.

    SIGTERM ends it as SystemExit(143), so that what it has half written is removed.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    try:
        code = main() or 0
        _leave_process_group()
        sys.exit(code)
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        print(f'error: {where}{error.strerror or error}', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def _leave_process_group() -> None:
    """End the threads of a process group before the interpreter does, which would abort where one still works."""
    distributed = sys.modules.get('torch.distributed')
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def _terminate(number: int, frame: object) -> None:
    sys.exit(128 + number)


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """--cfg-options, --work-dir and --launcher."""
    parser.add_argument('--work-dir', help='folder for checkpoints and logs (default: work_dirs/<config>/<options>)')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='KEY=VALUE',
                        help="overrides: arguments of the config such as stream=b, or dotted keys such as "
                             "train_dataloader.batch_size=32")
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default=None,
                        help='job launcher (default: pytorch under torchrun, else none)')
    parser.add_argument('--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)


PLUGINS_HELP = '--plugin NAME: also use the readers and layouts of this project; may be given several times.'


def take_plugins(argv: Sequence[str] | None = None) -> list[str]:
    """Import the packages named after ``--plugin``; returns the rest of the command line.

    Programs that have no config to name their plugins call this before they parse.
    """
    from motionreg.config import import_plugins

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument('--plugin', action='append', default=[])
    found, rest = parser.parse_known_args(argv)
    import_plugins(found.plugin)
    return rest


def parse_options(items: list[str]) -> dict[str, Any]:
    """``['a.b=1', 'c=[1,2]', 'd=x']`` -> ``{'a.b': 1, 'c': [1, 2], 'd': 'x'}``, values read by MMEngine's rules."""
    from mmengine.config import DictAction

    options: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition('=')
        if not equals or not key:
            raise ConfigError(f'--cfg-options {item!r}: expected KEY=VALUE, without spaces around = or in lists')
        try:
            options[key] = DictAction._parse_iterable(value)
        except AssertionError as error:
            raise ConfigError(f"--cfg-options {item!r}: a bracket is not closed. Lists have no spaces, and the shell "
                              f"wants quotes around them: '{key}=[1,2]'") from error
    return options


def load_run_config(args: argparse.Namespace) -> Any:
    """The config of a training or a test, with launcher and work folder, of :func:`add_config_arguments`.

    The work folder is ``work_dirs/<config>`` plus one that names the arguments changed, so that streams do not collide.
    """
    from motionreg.config import load_with_changes

    options, launcher = parse_options(args.cfg_options), find_launcher(args.launcher)
    config, changed = load_with_changes(args.config, options)
    name = ','.join(f'{key}={value}'.replace('/', '_') for key, value in sorted(changed.items())) or 'default'
    config.launcher = launcher
    config.work_dir = args.work_dir or config.get('work_dir') or str(Path('work_dirs', Path(args.config).stem, name))
    return config


def find_launcher(given: str | None) -> str:
    """The launcher asked for; else 'pytorch' where torchrun has set the environment, else 'none'."""
    if given is None:
        return 'pytorch' if {'RANK', 'WORLD_SIZE', 'LOCAL_RANK'} <= set(os.environ) else 'none'
    return given
