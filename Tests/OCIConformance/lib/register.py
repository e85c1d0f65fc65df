"""The register of tests. A file of tests makes one `group`; each test is a sentence that is true of a good registry."""
from dataclasses import dataclass, field
from typing import Callable

TESTS = []


@dataclass
class Test:
    group: str
    sentence: str
    run: Callable
    arguments: dict = field(default_factory=dict)
    needs: frozenset = frozenset()
    last: bool = False

    @property
    def name(self):
        return f"{self.group}: {self.sentence}"


def group(name, *needs, last=False):
    """`needs` are capabilities of the run: `api`. Groups that are `last` look back at the others' answers."""

    def test(sentence):
        def register(function):
            TESTS.append(Test(name, sentence, function, {}, frozenset(needs), last))
            return function
        return register

    def cases(sentence, rows):
        """One test a row; the row's values stand for their names in the sentence."""
        def register(function):
            for row in rows:
                TESTS.append(Test(name, sentence.format(**row), function, row, frozenset(needs), last))
            return function
        return register

    test.cases = cases
    return test
