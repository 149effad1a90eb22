from __future__ import annotations

from nnscratch.inspect import report


def test_text_is_escaped() -> None:
    assert "<p>a &lt; b</p>" in report.page("<t>", report.paragraph("a < b"))
    assert "<title>&lt;t&gt;</title>" in report.page("<t>")
    assert "&lt;b&gt;" in report.table(["<b>"], [], numbers=())
    assert 'alt="&quot;x&quot;"' in report.figure(b"", '"x"')


def test_numbers_are_set_flush_right() -> None:
    html = report.table(["a", "b"], [["x", "1"]], numbers=[1])
    assert '<td>x</td><td class="number">1</td>' in html


def test_a_picture_is_in_the_page_itself() -> None:
    assert 'src="data:image/png;base64,UE5H"' in report.figure(b"PNG", "caption")
