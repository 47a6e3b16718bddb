"""The style that a machine can hold: names, sizes, purity, docstrings. What is over the aims may only shrink.

``tests/tidy.toml`` holds today's figures. Run ``python tests/test_tidy.py`` to write the smaller ones; it never raises
a figure of a file that is listed, so the ratchet only falls.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fairlead"
RATCHET = ROOT / "tests" / "tidy.toml"

FILE_LINES_AIM, FILE_LINES_LIMIT = 150, 300
FUNCTION_LINES_AIM, FUNCTION_LINES_LIMIT = 30, 60
TEST_LINES_PER_SOURCE_LINE = 0.5

PURE = ("model", "kernels", "predict", "planners", "checks")
IMPURE_CALLS = {"print", "open", "input", "breakpoint", "exec", "eval"}
IMPURE_MODULES = {"time", "random", "secrets", "uuid"}
IMPURE_ATTRIBUTES = {
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "date.today",
    "np.random.seed",
    "np.random.rand",
    "np.random.randn",
    "np.random.randint",
    "np.random.random",
    "np.random.choice",
    "np.random.shuffle",
    "np.random.normal",
    "np.random.uniform",
    "os.environ",
    "os.getenv",
    "sys.stdout",
    "sys.stderr",
}
# reading and writing weights is what these files are for
MAY_OPEN = {"planners/drain/train.py", "planners/drain/weights.py"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "v2", "v3", "old", "new", "stuff"}
UNIT_WORDS = {
    "millis": "_ms",
    "milliseconds": "_ms",
    "msec": "_ms",
    "secs": "_s",
    "mbit": "_mbps",
    "kbps": "_mbps",
    "gbps": "_mbps",
    "percent": "_ratio",
    "pct": "_ratio",
    "perc": "_ratio",
    "kilobytes": "_bytes",
    "megabytes": "_bytes",
}
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|tmp|root|home|mnt)/[\w.-]")


def source_files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "__pycache__" not in path.parts)


def place(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Every function with its dotted name, methods and inner functions included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield prefix + node.name, node
            yield from functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")
        else:
            yield from functions(node, prefix)


def body_lines(function: Function) -> int:
    """Lines from ``def`` to the end without the docstring: a long explanation is not a long function."""
    assert function.end_lineno is not None
    first = function.body[0]
    is_doc = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    doc = (first.end_lineno or first.lineno) - first.lineno + 1 if is_doc else 0
    return function.end_lineno - function.lineno + 1 - doc


def undocumented(tree: ast.Module) -> Iterator[str]:
    """The module, and public classes, functions and methods, that say nothing of themselves.

    A method that fulfils a contract written elsewhere (a Protocol's ``...`` body, a dunder, an override of a documented
    base in the same file) needs no words of its own.
    """
    if not ast.get_docstring(tree):
        yield "<module>"
    for node in tree.body:
        if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node.name
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{method.name}" for method in _silent_methods(node))


def _silent_methods(owner: ast.ClassDef) -> Iterator[Function]:
    for method in owner.body:
        if isinstance(method, Function) and not method.name.startswith("_") and not ast.get_docstring(method):
            only = method.body[0] if len(method.body) == 1 else None
            if not (isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is ...):
                yield method


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def impurities(tree: ast.Module, *, may_open: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"{node.lineno}: import {n.name}" for n in names if n.name.split(".")[0] in IMPURE_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in IMPURE_MODULES:
                yield f"{node.lineno}: from {module}"
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS and not (may_open and name == "open"):
                yield f"{node.lineno}: {name}()"
            case ast.Attribute() if any(dotted(node).endswith(bad) for bad in IMPURE_ATTRIBUTES):
                yield f"{node.lineno}: {dotted(node)}"
            case ast.Call(func=ast.Attribute(attr="default_rng"), args=[]):
                yield f"{node.lineno}: default_rng() without a seed"
            case _:
                pass


def figures() -> dict[str, dict[str, int]]:
    """What the tree is today: files and functions over the aims, undocumented names a file."""
    found: dict[str, dict[str, int]] = {"file_lines": {}, "function_lines": {}, "undocumented": {}}
    for path in source_files():
        tree, name = tree_of(path), place(path)
        if (lines := line_count(path)) > FILE_LINES_AIM:
            found["file_lines"][name] = lines
        for function, node in functions(tree):
            if (lines := body_lines(node)) > FUNCTION_LINES_AIM:
                found["function_lines"][f"{name}:{function}"] = lines
        if silent := len(list(undocumented(tree))):
            found["undocumented"][name] = silent
    return found


def ratchet() -> dict[str, dict[str, int]]:
    return tomllib.loads(RATCHET.read_text(encoding="utf-8")) if RATCHET.exists() else {}


ALLOWED_WHEN_NEW = {"file_lines": FILE_LINES_LIMIT, "function_lines": FUNCTION_LINES_LIMIT, "undocumented": 0}


@pytest.mark.parametrize("kind", ALLOWED_WHEN_NEW)
def test_the_ratchet_only_falls(kind: str) -> None:
    listed = ratchet().get(kind, {})
    grown = {
        name: f"{now}, allowed {listed.get(name, ALLOWED_WHEN_NEW[kind])}"
        for name, now in figures()[kind].items()
        if now > listed.get(name, ALLOWED_WHEN_NEW[kind])
    }
    assert not grown, f"{kind}: the ratchet only falls; shorten these, or split them: {grown}"


def test_the_counts_are_of_a_real_tree() -> None:
    """A counted suite asserts its own floor: an empty glob would pass everything else here."""
    assert len(source_files()) >= 50
    assert {path.relative_to(SOURCE).parts[0] for path in source_files()} >= set(PURE)
    assert sum(1 for path in source_files() for _ in functions(tree_of(path))) >= 200


def test_pure_rooms_stay_pure() -> None:
    """Chance and time are arguments, and nothing is printed or opened, in the rooms that decide."""
    found = {
        place(path): wrong
        for path in source_files()
        if path.relative_to(SOURCE).parts[0] in PURE
        and (wrong := list(impurities(tree_of(path), may_open=place(path) in MAY_OPEN)))
    }
    assert not found


def test_no_module_has_an_empty_name() -> None:
    parts = {part for path in source_files() for part in (*path.relative_to(SOURCE).parts[:-1], path.stem)}
    wrong = {part for part in parts if EMPTY_NAMES & set(part.split("_")) or re.search(r"(_|\b)v\d+$", part)}
    assert not wrong


def test_no_class_or_function_has_an_empty_name() -> None:
    wrong = [
        f"{place(path)}: {node.name}"
        for path in source_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, (*Function.__args__, ast.ClassDef))
        and re.search(r"(?i)(manager|helper|utils?$|_v\d+$|_old$|_new$|^do_it$)", node.name)
    ]
    assert not wrong


def test_no_bare_except_and_no_swallowing() -> None:
    wrong = []
    for path in source_files():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                silent = all(isinstance(statement, ast.Pass) for statement in node.body)
                broad = node.type is None or dotted(node.type) in ("Exception", "BaseException")
                if node.type is None or (broad and silent):
                    wrong.append(f"{place(path)}:{node.lineno}")
    assert not wrong


def test_units_come_from_the_closed_list() -> None:
    """``loss_percent`` is ``loss_ratio`` here; a suffix that nobody else uses is a unit that somebody will misread."""
    wrong = [
        f"{place(path)}:{node.lineno}: {name} (use {UNIT_WORDS[name.rsplit('_', 1)[-1]]})"
        for path in source_files()
        for node in ast.walk(tree_of(path))
        for name in [node.arg if isinstance(node, ast.arg) else node.id if isinstance(node, ast.Name) else ""]
        if "_" in name.strip("_") and name.rsplit("_", 1)[-1] in UNIT_WORDS
    ]
    assert not wrong


def test_no_boolean_chooses_behaviour_by_default() -> None:
    """Vary by wrapping, not by flag: no public function outside the command line has a ``bool`` with a default."""
    wrong = []
    for path in source_files():
        if path.relative_to(SOURCE).parts[0] not in PURE:
            continue
        for name, node in functions(tree_of(path)):
            named = node.args.posonlyargs + node.args.args
            pairs = list(zip(named[len(named) - len(node.args.defaults) :], node.args.defaults, strict=True))
            pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is not None]
            wrong += [
                f"{place(path)}: {name}({argument.arg})"
                for argument, default in pairs
                if isinstance(default, ast.Constant) and isinstance(default.value, bool)
            ]
    assert not wrong


def test_no_path_of_a_machine() -> None:
    pages = [
        *source_files(),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
    ]
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in pages
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not wrong


def test_an_ignored_type_error_says_why() -> None:
    """``# type: ignore[code]  # reason``; within one file the first of its code may speak for the others."""
    wrong = []
    for path in source_files():
        explained: set[str] = set()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := re.search(r"#\s*type:\s*ignore(\[[^\]]*\])?(.*)$", line):
                code, reason = found.group(1) or "", found.group(2).strip()
                if reason.startswith("#") and len(reason) > 3:
                    explained.add(code)
                if not code or code not in explained:
                    wrong.append(f"{place(path)}:{number}")
    assert not wrong


def test_there_is_enough_test_for_the_source() -> None:
    tests = sum(line_count(path) for path in (ROOT / "tests").rglob("*.py") if "__pycache__" not in path.parts)
    source = sum(line_count(path) for path in source_files())
    assert tests >= TEST_LINES_PER_SOURCE_LINE * source, f"{tests} lines of tests for {source} lines of source"


def test_the_checks_can_fail() -> None:
    """Each rule of this file against a line that breaks it."""
    bad = ast.parse("import time\nfrom random import choice\nprint(1)\nopen('x')\nnp.random.rand(3)\ndatetime.now()\n")
    assert len(list(impurities(bad, may_open=False))) == 6
    assert not list(impurities(ast.parse("np.random.default_rng(7).random(3)\ntimes = 1"), may_open=False))
    assert list(impurities(ast.parse("np.random.default_rng()"), may_open=True))
    silent = ast.parse(
        "class A:\n    def b(self): return 1\n    def _c(self): return 1\ndef d(): return 1\ndef _e(): return 1\n"
    )
    assert list(undocumented(silent)) == ["<module>", "A", "A.b", "d"]
    contract = ast.parse('"""m"""\nclass P:\n    """p"""\n    def f(self): ...\n')
    assert list(undocumented(contract)) == []
    (long,) = [
        node for _, node in functions(ast.parse('def f():\n    """a\n    b\n    """\n    x = 1\n    return x\n'))
    ]
    assert body_lines(long) == 3
    assert MACHINE_PATH.search("see /work/main/x")
    assert not MACHINE_PATH.search("https://example.org/home/page and docs/work/main")


def regenerated(listed: dict[str, dict[str, int]], now: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The new ratchet: never above a listed figure; what is new enters as it is, but not above the limit."""
    return {
        kind: {name: min(count, listed.get(kind, {}).get(name, _entry(kind, listed, count))) for name, count in found}
        for kind, found in ((kind, sorted(counted.items())) for kind, counted in now.items())
    }


def _entry(kind: str, listed: dict[str, dict[str, int]], count: int) -> int:
    return min(count, ALLOWED_WHEN_NEW[kind] or count) if kind in listed else count


def test_regenerating_never_raises_a_figure() -> None:
    listed = {"file_lines": {"a.py": 200, "gone.py": 400}, "function_lines": {}, "undocumented": {}}
    now = {"file_lines": {"a.py": 210, "b.py": 180, "c.py": 999}, "function_lines": {}, "undocumented": {"b.py": 3}}
    assert regenerated(listed, now) == {
        "file_lines": {"a.py": 200, "b.py": 180, "c.py": 300},
        "function_lines": {},
        "undocumented": {"b.py": 3},
    }
    assert regenerated({}, now)["file_lines"]["c.py"] == 999


def as_toml(ratchets: dict[str, dict[str, int]]) -> str:
    lines = ["# Written by `python tests/test_tidy.py`. These figures only fall."]
    for kind, listed in ratchets.items():
        lines += ["", f"[{kind}]", *(f'"{name}" = {count}' for name, count in listed.items() if count)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = as_toml(regenerated(ratchet(), figures()))
    RATCHET.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
