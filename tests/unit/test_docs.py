"""The pages' links within the project lead somewhere, down to the heading."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/*.md"))
)
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", flags=re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")


def links(page):
    """Targets of the links outside of code, without those to the web."""
    targets = _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page):
    """What a heading is called in a link: lower case, hyphens for spaces, no punctuation."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found, seen = set(), {}
    for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
        seen[slug] = seen.get(slug, 0) + 1
    return found


def broken(page):
    """The links of a page that lead nowhere."""
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def test_the_pages_are_found():
    assert {"README.md", "MODEL_CARD.md", "data/README.md", "docs/configuration.md"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    assert list(broken(ROOT / name)) == []


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("other.md", True),
        ("other.md#two-words-v2", True),
        ("#here", True),
        ("https://example.org/no/such", True),
        ("missing.md", False),
        ("other.md#missing", False),
        ("#two-words-v2", False),
        ("../missing/folder", False),
    ],
)
def test_a_link_that_leads_nowhere_is_seen(tmp_path, link, leads):
    (tmp_path / "other.md").write_text("# Two words, `v2`\n")
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\nSee [this]({link}), not `[code](no.md)`.\n\n```\n[block](no.md)\n```\n")
    assert list(broken(page)) == ([] if leads else [link])
