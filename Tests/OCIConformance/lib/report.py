"""Running the tests, and saying what came of it."""
import time
import traceback
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .answer import Failure
from .register import Test
from .run import Context


@dataclass
class Result:
    test: Test
    seconds: float
    failure: str | None = None


def run_test(run, test):
    began, failure = time.monotonic(), None
    context = Context(run)
    try:
        with context.undo:
            test.run(context, **test.arguments)
    except Failure as error:
        place = traceback.extract_tb(error.__traceback__)
        line = next((frame for frame in reversed(place) if "/lib/" not in frame.filename), place[-1])
        failure = f"{error} [{line.filename.rsplit('/', 1)[-1]}:{line.lineno}]"
    except Exception as error:  # noqa: BLE001  What goes wrong in any way is a failure of its test alone.
        frame = next((f for f in reversed(traceback.extract_tb(error.__traceback__)) if "/OCIConformance/" in f.filename),
                     None)
        place = f" [{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}]" if frame else ""
        failure = f"{type(error).__name__}: {error}{place}"
    return Result(test, time.monotonic() - began, failure)


def run_tests(run, tests, jobs, tell):
    """Groups run side by side, the tests of a group one after the other; the last groups after all others."""
    results = []

    def run_group(group):
        for test in group:
            result = run_test(run, test)
            results.append(result)
            tell(result)

    for last in (False, True):
        groups = {}
        for test in tests:
            if test.last == last:
                groups.setdefault(test.group, []).append(test)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(run_group, groups.values()))
    return sorted(results, key=lambda result: tests.index(result.test))


def read_known(path):
    """Name → reason. A line is `name # reason`; the reason must be there."""
    known = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            name, mark, reason = line.rpartition(" # ")
            if not mark or not reason.strip():
                raise ValueError(f"{path}:{number}: no reason")
            known[name.strip()] = reason.strip()
    return known


def table(results):
    rows = {}
    for result in results:
        passed, failed, seconds = rows.get(result.test.group, (0, 0, 0.0))
        bad = result.failure is not None
        rows[result.test.group] = (passed + (not bad), failed + bad, seconds + result.seconds)
    lines = [f"{'group':34} {'passed':>6} {'failed':>6} {'seconds':>8}"]
    lines += [f"{name:34} {p:6} {f:6} {s:8.1f}" for name, (p, f, s) in rows.items()]
    return "\n".join(lines)


def write_junit(path, results):
    suites = xml.Element("testsuites")
    for result in results:
        name = result.test.group
        suite = next((s for s in suites if s.get("name") == name), None)
        if suite is None:
            suite = xml.SubElement(suites, "testsuite", name=name)
        case = xml.SubElement(suite, "testcase", classname=name, name=result.test.sentence, time=f"{result.seconds:.3f}")
        if result.failure is not None:
            xml.SubElement(case, "failure", message=printable(result.failure))
    xml.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def printable(text):
    return "".join(c if c.isprintable() else "?" for c in text)
