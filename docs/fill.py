"""Fill the guides' numbers from the findings of the studies, which stand in docs/results.

    python docs/fill.py           writes the numbers into docs/*.md
    python docs/fill.py --check   changes nothing; exit status 1 where a number is not the finding

In a guide a number stands between two comments, which a reader does not see:

    it ends at <!-- frozen-accuracy asker/after/loss .4f -->11.4543<!-- / -->

The words of the first comment: the study; where the number stands in its findings.json, the
variant's name and then keys and places, or "claims" and a claim's sentence; and how it is written,
in Python's format language. The findings of a study NAME are docs/results/NAME/findings.json.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
END = "<!-- / -->"
NUMBER = re.compile(
    r"<!-- (?P<study>\S+) (?P<path>\S[^<>]*?) (?P<format>\S+) -->(?P<text>[^<]*)" + END
)


class GuideError(Exception):
    """A guide asks for a number that there is not."""


def filled(guide: Path, results: Path) -> str:
    """A guide's text with every number as its study found it.

    Raises:
        GuideError: names the guide and what it asked for.
    """
    text = guide.read_text(encoding="utf-8")
    numbers = list(NUMBER.finditer(text))
    if len(numbers) != text.count(END):
        raise GuideError(f"{guide.name}: a number's first comment is not '<!-- study path .4f -->'")
    found = {name: measured(results / name) for name in {number["study"] for number in numbers}}

    def replacement(match: re.Match[str]) -> str:
        study, path, written = match["study"], match["path"], match["format"]
        try:
            value = format(look_up(found[study], path), written)
        except (LookupError, TypeError, ValueError) as error:
            raise GuideError(f"{guide.name}: {study} {path!r} as {written!r}: {error!r}") from error
        return f"<!-- {study} {path} {written} -->{value}{END}"

    return NUMBER.sub(replacement, text)


def measured(folder: Path) -> dict[str, Any]:
    """What each variant of a study measured, by its name, and "claims": each one's number."""
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    variants = {entry["name"]: entry["measurements"] for entry in findings["variants"]}
    claims = {entry["claim"]: entry["measured"] for entry in findings["claims"]}
    return {**variants, "claims": claims}


def look_up(tree: Any, path: str) -> Any:
    """What stands at a path such as "asker/weights/0". A key may itself hold a "/"."""
    if path == "":
        return tree
    if isinstance(tree, list):
        place, _, rest = path.partition("/")
        return look_up(tree[int(place)], rest)
    fitting = [key for key in tree if path == key or path.startswith(f"{key}/")]
    if not fitting:
        raise LookupError(f"known: {', '.join(tree)}")
    key = max(fitting, key=len)
    return look_up(tree[key], path[len(key) + 1 :])


def main(arguments: list[str]) -> int:
    """Fill, or check, all guides."""
    outdated = []
    for guide in sorted(DOCS.glob("*.md")):
        text = filled(guide, DOCS / "results")
        if text != guide.read_text(encoding="utf-8"):
            outdated.append(guide)
            if "--check" not in arguments:
                guide.write_text(text, encoding="utf-8")
                print(f"filled {guide.name}")
    if "--check" in arguments:
        for guide in outdated:
            print(f"{guide.name}: its numbers are not the findings; run python docs/fill.py")
        return 1 if outdated else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
