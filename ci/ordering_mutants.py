"""Weakens each atomic ordering under src/{table,wheel,policy,engine,loading,cache/warm,server/gate} and of the ring of what is retired, one at a time, and runs the loom models on it.

Works on a copy of the tree under target/mutants, with a target directory of its own. There every ordering becomes a
choice that an environment variable makes, so that all mutants are one build. A mutant is *caught* when a
model fails. One that is not is an error, unless docs/ordering.md has a row for it that says SURVIVES and
why:

    | `table/insert.rs::publish#1` | AcqRel → Acquire | SURVIVES: ... |

A site is named by its file, its function, and its place among the orderings of that function, so that a line more
elsewhere renames nothing.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "target" / "mutants"
TREE = SCRATCH / "tree"
LAYERS = ("table", "wheel", "policy", "engine", "loading", "cache/warm", "server/gate", "sync/epoch/ring.rs")
# Files whose models are another layer's.
ELSEWHERE = {"policy/mark.rs": "engine", "policy/budget.rs": "engine", "policy/ghost.rs": "engine"}
WEAKER = {"AcqRel": ("Acquire", "Release", "Relaxed"), "Acquire": ("Relaxed",), "Release": ("Relaxed",)}

ORDERING = re.compile(r"\bOrdering::(AcqRel|Acquire|Release)\b")
# A fence cannot be relaxed; it can only go.
FENCE = re.compile(r"\bfence\(Ordering::(AcqRel|Acquire|Release)\)")
FUNCTION = re.compile(r"\bfn\s+(\w+)")
TESTS = re.compile(r"#\[cfg\((all\()?test\b[^\n]*\n\s*mod\s+\w+\s*\{")


@dataclass(frozen=True)
class Mutant:
    file: str  # below src
    site: str
    line: int
    start: int
    end: int
    change: str
    strong: str
    weak: str  # empty: a fence that goes


def code_only(text):
    """The text with comments blanked and everything from the unit tests on cut off, offsets unchanged."""
    tests = TESTS.search(text)
    text = text[: tests.start()] if tests else text
    return re.sub(r"//[^\n]*", lambda comment: " " * len(comment.group()), text)


def mutants_of(path):
    file = path.relative_to(ROOT / "src").as_posix()
    text = code_only(path.read_text())
    fences = {match.start(1): match for match in FENCE.finditer(text)}
    functions = [(match.start(), match.group(1)) for match in FUNCTION.finditer(text)]
    counts = {}
    for match in ORDERING.finditer(text):
        function = next((name for at, name in reversed(functions) if at < match.start()), "top")
        counts[function] = counts.get(function, 0) + 1
        site = f"{file}::{function}#{counts[function]}"
        line = text.count("\n", 0, match.start()) + 1
        strong = match.group(1)
        fence = fences.get(match.start(1))
        if fence:
            yield Mutant(file, site, line, fence.start(), fence.end(), f"fence({strong}) → none", strong, "")
            continue
        for weak in WEAKER[strong]:
            yield Mutant(file, site, line, match.start(), match.end(), f"{strong} → {weak}", strong, weak)


def all_mutants(only):
    found = []
    for layer in LAYERS:
        source = ROOT / "src" / layer
        for path in [source] if source.is_file() else sorted(source.rglob("*.rs")):
            file = path.relative_to(ROOT / "src")
            if "tests" in file.parts or file.name == "tests.rs":
                continue
            wanted = (only or "").removeprefix("src/")
            if file.as_posix().endswith(wanted) or (wanted and file.as_posix().startswith(wanted)):
                found += mutants_of(path)
    return found


def layer_of(mutant):
    """The layer whose models are to notice."""
    parts = mutant.file.split("/")
    return ELSEWHERE.get(mutant.file, "/".join(parts[:2]) if parts[0] == "cache" else parts[0])


def copy_tree():
    """Fresh sources; the target directory beside them stays."""
    shutil.rmtree(TREE, ignore_errors=True)
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, TREE / name)


CHOOSE = """
/// Written by ci/ordering_mutants.py.
fn chosen() -> usize {
    static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let read = || std::env::var("PUREKV_MUTANT").ok().and_then(|number| number.parse().ok());
    *CHOSEN.get_or_init(|| read().unwrap_or(usize::MAX))
}

#[allow(dead_code)]
pub(crate) fn weaken(strong: Ordering, weaker: &[(usize, Ordering)]) -> Ordering {
    weaker.iter().find(|(number, _)| *number == chosen()).map_or(strong, |(_, weak)| *weak)
}

#[allow(dead_code)]
pub(crate) fn is_gone(number: usize) -> bool {
    number == chosen()
}
"""


def write_choices(mutants):
    """Puts a choice into the copy wherever there is something to weaken."""
    places = {}
    for number, mutant in enumerate(mutants):
        places.setdefault((mutant.file, mutant.start, mutant.end), []).append((number, mutant))
    # From the end of each file, so that the offsets before it stay true.
    for (file, start, end), choices in sorted(places.items(), key=lambda place: place[0], reverse=True):
        number, mutant = choices[0]
        if mutant.weak:
            weaker = ", ".join(f"({number}, Ordering::{mutant.weak})" for number, mutant in choices)
            text = f"crate::sync::weaken(Ordering::{mutant.strong}, &[{weaker}])"
        else:
            text = f"if !crate::sync::is_gone({number}) {{ fence(Ordering::{mutant.strong}) }}"
        copy = TREE / "src" / file
        old = copy.read_text()
        copy.write_text(old[:start] + text + old[end:])
    door = TREE / "src" / "sync" / "mod.rs"
    door.write_text(door.read_text() + CHOOSE)


SUITE = ["cargo", "test", "--profile", "loom", "--features", "dump,server", "--lib", "--quiet"]


def loom_env(preemptions):
    env = dict(os.environ, CARGO_TARGET_DIR=str(SCRATCH / "build"), RUSTFLAGS="--cfg purekv_loom", RUST_BACKTRACE="0")
    if preemptions:
        env["LOOM_MAX_PREEMPTIONS"] = str(preemptions)
    return env


def models_of(layer, env, tests, skip):
    """The loom tests of a layer, by full name."""
    listing = subprocess.run([*SUITE, "--", "--list", "loom_"], cwd=TREE, env=env, capture_output=True, text=True)
    if listing.returncode != 0:
        sys.exit(f"the models do not build:\n{listing.stderr[-4000:]}")
    names = re.findall(r"^(\S+): test$", listing.stdout, re.MULTILINE)
    return [
        name
        for name in names
        if name.startswith(f"{layer.replace('/', '::')}::") and re.search(tests, name) and not (skip and re.search(skip, name))
    ]


def run_models(models, limit, env, number=None):
    """Runs loom tests on a mutant: (verdict, evidence). Stops at the first one that fails."""
    if number is not None:
        env = dict(env, PUREKV_MUTANT=str(number))
    run = [*SUITE, "--", "--format=pretty", "--exact", *models]
    # A session of its own, so that cargo and the test it started can be ended together.
    process = subprocess.Popen(
        run, cwd=TREE, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    late = threading.Event()
    timer = threading.Timer(limit, lambda: (late.set(), end(process)))
    timer.start()
    passed = 0
    try:
        for line in process.stdout:
            result = re.match(r"test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)", line)
            if result and result.group(2) == "FAILED":
                return "caught", result.group(1)
            passed += bool(result)
    finally:
        timer.cancel()
        end(process)
        process.stdout.close()
    if late.is_set():
        return "TIMED OUT", f"after {limit} s, {passed} models passed"
    if process.returncode != 0:
        return "caught", "the test process crashed"
    return ("SURVIVED", f"{passed} models passed") if passed else ("NOT RUN", "no model of that name")


def end(process):
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def explained():
    """The (site, change) pairs that docs/ordering.md gives a reason for."""
    path = ROOT / "docs" / "ordering.md"
    rows = path.read_text().splitlines() if path.exists() else []
    row = re.compile(r"\|\s*`([^`]+)`\s*\|\s*([^|]+?)\s*\|.*\bSURVIVES:\s*\S")
    return {match.groups() for match in map(row.match, rows) if match}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="FILE", help="mutate this file only, e.g. table/insert.rs, or engine/")
    parser.add_argument("--site", metavar="REGEX", default="", help="and these sites only, e.g. insert.rs::publish")
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    parser.add_argument("--limit", type=float, default=600, metavar="SECONDS", help="for one mutant (600)")
    parser.add_argument("--preemptions", type=int, metavar="N", help="LOOM_MAX_PREEMPTIONS, for models that set fewer")
    parser.add_argument("--tests", metavar="REGEX", default="", help="run only the models whose name matches")
    parser.add_argument("--skip", metavar="REGEX", help="and not those whose name matches this: the slow ones, for a first pass")
    options = parser.parse_args()

    mutants = [mutant for mutant in all_mutants(options.only) if re.search(options.site, mutant.site)]
    if options.list:
        for mutant in mutants:
            print(f"{mutant.site}  {mutant.change}  (src/{mutant.file}:{mutant.line})")
        print(f"{len(mutants)} mutants")
        return 0
    if not mutants:
        print("no such orderings")
        return 1

    copy_tree()
    write_choices(mutants)
    reasons = explained()
    begin = time.monotonic()
    env = loom_env(options.preemptions)
    models = {}
    for layer in sorted({layer_of(mutant) for mutant in mutants}):
        models[layer] = models_of(layer, env, options.tests, options.skip)
        since = time.monotonic()
        verdict, evidence = run_models(models[layer], options.limit, env) if models[layer] else ("NO MODELS", layer)
        print(f"{layer}, unchanged: {verdict}, {evidence}, {time.monotonic() - since:.0f} s", flush=True)
        if verdict != "SURVIVED":
            print("the models must be there and pass before mutants can be judged")
            return 1

    print("\n| site | mutant | what notices | time |\n|---|---|---|---|")
    unexplained = []
    for number, mutant in enumerate(mutants):
        since = time.monotonic()
        verdict, evidence = run_models(models[layer_of(mutant)], options.limit, env, number)
        note = f"`{evidence}`" if verdict == "caught" else f"{verdict} ({evidence})"
        if verdict != "caught":
            if (mutant.site, mutant.change) in reasons:
                note += ", explained"
            else:
                unexplained.append(mutant)
        seconds = time.monotonic() - since
        print(f"| `{mutant.site}` | {mutant.change} | {note} | {seconds:.0f} s |", flush=True)

    print(f"\n{len(mutants)} mutants in {time.monotonic() - begin:.0f} s, {len(unexplained)} unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
