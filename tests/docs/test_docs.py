"""What the pages say can be done, can be done."""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from motionreg import recipes
from motionreg.cli.common import parse_options
from motionreg.config import load_config
from motionreg.engine.preflight import TOP_LEVEL, check_config, format_problems
from motionreg.layouts import catalog
from motionreg.registry import BACKBONES, TRANSFORMS
from tests.docs.markdown import Block, blocks, code_spans, commands, headings, links, pages, prose
from tests.tiny import ROOT

PAGES = pages()
BLOCKS = [block for page in PAGES for block in blocks(page)]
WRITTEN = [page for page in PAGES if page.name != 'errors.md']      # which shows mistakes, and has tests of its own
TOOLS = sorted(path.stem for path in (ROOT / 'tools').glob('*.py'))
EXAMPLES = re.compile(r'my_|mine|NAME|<')       # names of things that a reader is to make
FOLDERS = 'motionreg|configs|tools|tests|docs|projects|benchmarks|requirements'
PATH = re.compile(rf'(?<![\w/.-])(?:{FOLDERS}|\.ci)/[\w./*<>-]+')
# Positional words of the start scripts, and which of them their Python program gets.
SCRIPTS = {'dist_train': (2, [0]), 'dist_test': (3, [0, 1]), 'slurm_train': (3, [2]), 'slurm_test': (4, [2, 3])}
# Keys of components inside others, which pre-flight knows too.
INNER = {'adapter', 'backbone', 'body_model', 'codec', 'collate_fn', 'data_preprocessor', 'dataset', 'encoder',
         'generator', 'head', 'language', 'loss', 'optimizer', 'pipeline', 'sampler', 'vis_backends'}


class Parsed(BaseException):
    """Thrown out of a program's main once its command line is read."""

    def __init__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace | None = None) -> None:
        self.parser, self.namespace = parser, namespace


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Parsed]:
    """Read a command line with the program's own parser, and do nothing."""
    read = argparse.ArgumentParser.parse_args

    def run(tool: str, argv: list[str], really: bool = True) -> Parsed:
        def stop(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> None:
            raise Parsed(parser, read(parser, args, namespace) if really else None)

        monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', stop)
        with pytest.raises(Parsed) as found:
            import_module(f'motionreg.cli.{tool}').main(argv)
        return found.value

    monkeypatch.chdir(ROOT)
    return run


def tool_commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """(name, arguments) of the tools that a block calls, start scripts as the program that they start."""
    for words in commands(block):
        tool = next((word for word in words if re.fullmatch(r'(\./)?tools/\w+\.(py|sh)', word)), None)
        if tool is None:
            continue
        argv = [word.replace('DATASET', 'nw-ucla') for word in words[words.index(tool) + 1:]]
        name, kind = Path(tool).stem, Path(tool).suffix
        if kind == '.sh':
            assert (ROOT / tool).is_file(), f'{block}: {tool}'
            count, kept = SCRIPTS[name]
            assert len(argv) >= count, f'{block}: {" ".join(words)}'
            name, argv = name.partition('_')[2], [*(argv[place] for place in kept), *argv[count:]]
        yield name, argv


def ids(block: Block) -> str:
    return str(block)


@pytest.mark.parametrize('block', [block for block in BLOCKS if block.language == 'python'], ids=ids)
def test_python_is_python(block: Block) -> None:
    ast.parse(block.text)


@pytest.mark.parametrize('block', [block for block in BLOCKS if block.mark == 'run'], ids=ids)
def test_examples_run(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ('_LAYOUTS', '_ALIASES'):
        monkeypatch.setattr(catalog, name, dict(getattr(catalog, name)))
    exec(compile(block.text, str(block), 'exec'), {'__name__': 'example'})


@pytest.mark.parametrize('block', [block for block in BLOCKS if block.mark == 'config'], ids=ids)
def test_examples_of_configs_pass_the_check(block: Block, tiny_config: Path) -> None:
    tiny_config.write_text(f'{tiny_config.read_text()}\n{block.text}\n')
    problems = check_config(load_config(tiny_config))
    assert not problems, format_problems(block, problems)


def test_there_are_examples_that_are_checked() -> None:
    assert {'run', 'config'} <= {block.mark for block in BLOCKS}


@pytest.mark.parametrize('block', [block for block in BLOCKS if block.page in WRITTEN and any(tool_commands(block))],
                         ids=ids)
def test_commands_are_understood(block: Block, parse: Callable[..., Parsed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, 'ensure_minimotion', lambda root, **options: Path(root) / 'made')
    for tool, argv in tool_commands(block):
        assert tool in TOOLS, f'{block}: tools/{tool}.py'
        if EXAMPLES.search(' '.join(argv)) and '--plugin' in argv:
            argv = [word for word in argv if word != '--plugin' and not EXAMPLES.search(word)]
        options = parse(tool, argv).namespace
        config = getattr(options, 'config', None)
        if config is not None and not EXAMPLES.search(str(config)):
            load_config(config, parse_options(options.cfg_options))


@pytest.mark.parametrize('tool', TOOLS)
def test_every_tool_has_help(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        import_module(f'motionreg.cli.{tool}').main(['--help'])
    assert exit_.value.code == 0
    assert 'usage:' in capsys.readouterr().out


def option_names(parser: argparse.ArgumentParser) -> set[str]:
    names = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            names = names.union(*(option_names(inner) for inner in action.choices.values()))
    return names


@pytest.mark.parametrize('page', WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_in_the_text_exist(page: Path, parse: Callable[..., Parsed]) -> None:
    known = {tool: option_names(parse(tool, [], really=False).parser) | {'--plugin'} for tool in TOOLS}
    everywhere = set().union(*known.values()) | {'--launcher'}
    for span in code_spans(page):
        tool = re.search(r'tools/(\w+)\.py', span)
        names = re.findall(r'(?<![\w-])(--[a-z][\w-]*)', span[tool.end():] if tool else span)
        if tool or span.startswith('--'):
            unknown = set(names) - (known[tool[1]] if tool else everywhere)
            assert not unknown, f'{span!r}: {unknown}'


@pytest.mark.parametrize('page', WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_exist(page: Path) -> None:
    for path in PATH.findall(page.read_text(encoding='utf-8')):
        path = path.rstrip('.,:')
        if not EXAMPLES.search(path):
            found = [*ROOT.glob(path.rstrip('/')), *page.parent.glob(path.rstrip('/'))]
            assert found, path


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition('#')
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in headings(target), link


def test_shown_files_are_those_files() -> None:
    shown = 0
    for block in BLOCKS:
        first, _, rest = block.text.partition('\n')
        path = ROOT / first.removeprefix('# ')
        if first.startswith('# ') and path.suffix == '.py' and not EXAMPLES.search(first):
            assert rest.strip() == path.read_text(encoding='utf-8').strip(), block
            shown += 1
    assert shown


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    makefile = ROOT / 'Makefile'
    targets = set(re.findall(r'^(\w+):', makefile.read_text(encoding='utf-8'), re.MULTILINE))
    used = {words[1] for block in blocks(page) for words in commands(block) if words[0] == 'make' and len(words) == 2}
    used |= {span.split()[1] for span in code_spans(page) if re.fullmatch(r'make \w+', span)}
    assert used <= targets


def names_in(page: str) -> set[str]:
    return set(re.findall(r'[\w+-]+', ' '.join(code_spans(ROOT / page))))


def test_the_pages_are_complete() -> None:
    configs, models, layouts = (names_in(f'docs/{name}.md') for name in ('configs', 'models', 'layouts'))
    assert configs >= TOP_LEVEL - INNER
    public = [function for name, function in inspect.getmembers(recipes, inspect.isfunction)
              if function.__module__ == recipes.__name__ and not name.startswith('_')]
    parts = {'recipe': public, 'transform': [factory for factory in TRANSFORMS.module_dict.values()
                                             if factory.__module__.startswith('motionreg.')]}
    for functions in parts.values():
        for function in functions:
            assert function.__name__ in configs
            signature = inspect.signature(function).parameters.values()
            missing = {p.name for p in signature if p.kind is not p.VAR_KEYWORD} - configs
            assert not missing, f'{function.__name__}: {missing}'
    for name in BACKBONES.names():
        factory = BACKBONES.resolve(name)
        if factory.__module__.startswith('motionreg.'):
            assert {name, *inspect.signature(factory).parameters} <= models
    source = ''.join(file.read_text(encoding='utf-8') for file in (ROOT / 'motionreg/layouts').glob('*.py'))
    assert {name for name in catalog.list_layouts() if f"'{name}'" in source} <= layouts


def test_every_page_is_on_the_map() -> None:
    listed = {(ROOT / 'docs' / link.partition('#')[0]).resolve() for link in links(ROOT / 'docs/index.md')}
    assert {page.resolve() for page in ROOT.glob('docs/*.md') if page.name != 'index.md'} <= listed


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_style_is_kept(page: Path) -> None:
    text = prose(page)
    assert '\u2014' not in text
    assert not re.search(r'[\U0001F300-\U0001FAFF]', text)
