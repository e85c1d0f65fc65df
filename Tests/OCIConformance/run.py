#!/usr/bin/env python3
"""Holds a registry to its specification, from outside.

    run.py --target https://127.0.0.1:6443 --ca ca.crt --username any --password TOKEN
    run.py --target http://127.0.0.1:5000 --only 'blobs*'

One line a failing test, a table of the groups, and `N passed, N failed, N skipped` at the end. Ends with 1 where a test
fails that --known does not name, or passes although it is named there; with 2 on unusable arguments.
"""
import argparse
import fnmatch
import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from lib.register import TESTS  # noqa: E402
from lib.report import printable, read_known, run_tests, table, write_junit  # noqa: E402
from lib.run import Run  # noqa: E402
from lib.target import Target  # noqa: E402

FOLDERS = ("protocol", "streams", "pullthrough", "clients", "hostile")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", metavar="URL", help="the registry: http[s]://HOST[:PORT]")
    parser.add_argument("--ca", metavar="FILE", help="certificates of the authorities to trust")
    parser.add_argument("--insecure", action="store_true", help="trust any certificate")
    parser.add_argument("--username")
    parser.add_argument("--password", help="as a rule an API token")
    parser.add_argument("--password-file", metavar="FILE")
    parser.add_argument("--repo1", default="conformance/repo1", help="its namespace must exist (default: %(default)s)")
    parser.add_argument("--repo2", default="conformance/repo2")
    parser.add_argument("--kubeconfig", metavar="FILE",
                        help="an administrator's: tests of streams and rights make what they need through the API")
    parser.add_argument("--known", metavar="FILE", help="tests that fail, each as: NAME # reason")
    parser.add_argument("--write-known", metavar="FILE", help="write the names of the failing tests")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN",
                        help="tests whose name, or whose group, is matched by this shell pattern (repeatable)")
    parser.add_argument("--list", action="store_true", help="only list the tests")
    parser.add_argument("--junit", metavar="FILE")
    parser.add_argument("--jobs", type=int, default=4, help="groups at a time (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="also say what passes")
    return parser.parse_args()


def load():
    for folder in FOLDERS:
        for path in sorted((HERE / folder).glob("*.py")):
            importlib.import_module(f"{folder}.{path.stem}")
    names = [test.name for test in TESTS]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SystemExit("two tests of one name: " + "; ".join(doubled))


def selected(patterns):
    return [test for test in TESTS if not patterns or any(
        fnmatch.fnmatchcase(test.name, pattern) or fnmatch.fnmatchcase(test.group, pattern) for pattern in patterns)]


def make_run(options):
    target = Target(options.target, options.ca, options.insecure)
    password = options.password
    if options.password_file:
        password = pathlib.Path(options.password_file).read_text(encoding="utf-8").strip()
    cluster = None
    if options.kubeconfig:
        from lib.cluster import Cluster
        cluster = Cluster.from_kubeconfig(options.kubeconfig)
        if password is None:
            password = cluster.conformance_token(options.repo1.split("/")[0])
    run = Run(target, options.username or "conformance", password, options.repo1, options.repo2, cluster)
    # What the credentials turn into does not depend on which test comes first.
    run.client.send("GET", "/v2/").status_is(200)
    return run


def main():
    options = arguments()
    load()
    tests = selected(options.only)
    if options.list:
        print(*(test.name for test in tests), sep="\n")
        return 0
    if not tests or not options.target:
        print("no such test" if options.target else "no --target", file=sys.stderr)
        return 2
    try:
        known = read_known(options.known) if options.known else {}
        run = make_run(options)
    except (OSError, ValueError, KeyError, AssertionError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 2
    runnable = [test for test in tests if "api" not in test.needs or run.cluster]
    skipped = len(tests) - len(runnable)

    def tell(result):
        if result.failure is not None:
            mark = "known " if result.test.name in known else "FAILED"
            print(f"{mark} {result.test.name}\n       {printable(result.failure)}", flush=True)
        elif options.verbose:
            print(f"ok     {result.test.name}", flush=True)

    results = run_tests(run, runnable, max(1, options.jobs), tell)
    failed = [result.test.name for result in results if result.failure is not None]
    print("\n" + table(results))
    unknown = [name for name in failed if name not in known]
    ran = {test.name for test in runnable}
    better = [name for name in known if name in ran and name not in failed]
    gone = [name for name in known if name not in {test.name for test in TESTS}]
    for title, names in (("listed in --known, but passes", better), ("listed in --known, but no test", gone)):
        for name in names:
            print(f"{title}: {name}")
    if skipped:
        print(f"{skipped} tests need --kubeconfig")
    if options.junit:
        write_junit(options.junit, results)
    if options.write_known:
        reasons = "".join(f"{name} # {known.get(name, 'to be explained')}\n" for name in failed)
        pathlib.Path(options.write_known).write_text(reasons, encoding="utf-8")
    print(f"{len(results) - len(failed)} passed, {len(unknown)} failed, {skipped + len(failed) - len(unknown)} skipped")
    return 1 if unknown or better or gone else 0


if __name__ == "__main__":
    sys.exit(main())
