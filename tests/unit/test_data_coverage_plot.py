import xml.etree.ElementTree as ET

from khabar.document import Document
from khabar_data.coverage_plot import coverage_matrix, render_coverage
from khabar_data.jsonl import write_jsonl
from khabar_data.stats import main


def articles():
    kinds = [("sport", "gulf")] * 3 + [("sport", "egypt"), ("<law>", "gulf")]
    return [
        Document("نص", id=str(i), meta={"theme": theme, "voice": voice})
        for i, (theme, voice) in enumerate(kinds)
    ]


def test_the_matrix_counts_articles():
    counts = coverage_matrix([*articles(), Document("نص")])
    assert counts["sport", "gulf"] == 3
    assert counts["-", "-"] == 1


def test_the_picture_is_sound_and_shows_every_count():
    root = ET.fromstring(render_coverage(coverage_matrix(articles())))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "5 articles by theme and voice" in texts
    assert {"sport", "<law>", "gulf", "egypt", "3"} <= set(texts)


def test_the_command_draws_it(tmp_path, capsys):
    write_jsonl(articles(), tmp_path / "a.jsonl")
    assert main([str(tmp_path / "a.jsonl"), "--plot", str(tmp_path / "plot.svg")]) == 0
    assert "theme: sport 4" in capsys.readouterr().out
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")
