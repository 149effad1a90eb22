"""Clicking through the page of a run, in Debian's Chromium."""

from __future__ import annotations

import numpy as np
import pytest

import nnscratch as nn
from tests.backends import BACKEND
from tests.viewer.recorded import X, Y, branched, broken_off, record, serving, siamese

pytestmark = pytest.mark.browser

RIGHT, LEFT, HOME, TAB, ENTER, ESCAPE = "\ue014", "\ue012", "\ue011", "\ue004", "\ue007", "\ue00c"
COMBINATIONS = [(width, theme) for width in (1280, 400) for theme in ("light", "dark")]
OFTEN = 4
"""Every so many steps a look."""


@pytest.fixture(scope="module")
def browser():
    from tests.viewer.browser import browsing

    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """A run of the siamese net, what saw it, and its page."""
    pairs, same = [X, X[::-1].copy()], np.float32(Y[::-1] == Y)[:, None]
    recorder, ledger, doctor = nn.Recorder(every=OFTEN), nn.Ledger(), nn.Doctor()
    folder = tmp_path_factory.mktemp("siamese")
    model = siamese()
    model.set_weights({"embedder/conv2d/kernel": np.full((3, 3, 1, 2), 0.1)})  # a fault
    run = record(folder, recorder, ledger, doctor, model=model, x=pairs, y=same)
    path = nn.report(run, diagnosis=doctor.diagnosis)
    return run, recorder, ledger, doctor.diagnosis, path.as_uri()


@pytest.fixture
def page(browser, seen):
    browser.open(seen[-1])
    yield browser
    assert browser.errors() == []


def value(browser, key: str, course: str) -> str:
    return browser.text(f'[data-key="{key}"] [data-name="{course}"] .value')


def written(browser, number: float) -> str:
    """A number as the page writes it."""
    size = abs(number)
    text = f"{number:.1e}" if size < 1e-3 or size >= 1e5 else f"{number:.3g}"
    mantissa, _, power = text.partition("e")
    return (mantissa + (f"e{int(power)}" if power else "")).replace("-", "−")


def test_every_call_has_a_tile_with_its_numbers(page, seen):
    run, recorder, *_ = seen
    keys = page.js("[...document.querySelectorAll('.tile')].map((tile) => tile.dataset.key)")
    assert sorted(keys) == sorted(["left", "right", *recorder.calls])
    for key in recorder.calls:
        assert value(page, key, "activation") == written(page, recorder[key].output.std[-1])
        gradient = recorder[key].output_gradient.norm[-1]
        assert value(page, key, "gradient") == written(page, gradient)
    ratio = recorder["embedder/conv2d/kernel"].ratio[-1]
    assert value(page, "embedder/conv2d#1", "update") == written(page, ratio)
    lines = page.js("document.querySelectorAll('#lines path').length")
    assert lines == sum(len(node.inputs) for node in run.model.graph.nodes)


def test_the_slider_goes_over_the_steps(page, seen):
    _, recorder, ledger, *_ = seen
    assert page.text("#now") == "17"
    page.click("#back")
    page.settle()
    assert page.text("#now") == "16"
    page.js("document.getElementById('step').focus()")
    page.press(HOME)
    assert page.text("#now") == "0"
    page.press(RIGHT, RIGHT)
    assert page.text("#now") == "2"
    assert value(page, "add#0", "activation") == written(page, recorder["add"].output.std[2])
    assert page.text("#loss") == f"loss {written(page, recorder.loss[2])}"
    assert "step 2" in page.text("#numbers h4")
    assert page.js("document.getElementById('curves').layout.shapes.at(-1).x0") == 2
    bars = page.js("document.getElementById('ledger').data.flatMap((part) => part.x)")
    expected = [ledger.course(path)[2] for path in ledger.entries]
    np.testing.assert_allclose(sorted(bars), sorted(expected), rtol=1e-6)


def test_a_click_opens_a_call(page, seen):
    run, recorder, *_ = seen
    page.click('[data-key="embedder/conv2d#1"]')
    assert page.text("#call-name") == "embedder/conv2d#1"
    panel = page.text("#call")
    for part in ("(N, 8, 8, 1)", "(N, 6, 6, 2)", "y = bias + sum over the window", "a row"):
        assert part in panel
    rows = page.js("[...document.querySelectorAll('#numbers tbody tr')].map((r) => r.innerText)")
    kernel = next(row for row in rows if row.startswith("kernel: gradient"))
    gradient = recorder["embedder/conv2d/kernel"].gradient
    shown = [written(page, own[-1]) for own in (gradient.mean, gradient.std, gradient.min)]
    assert kernel.split("\t")[1:4] == shown
    assert page.js("document.querySelectorAll('#albums canvas').length") == 6
    page.click("#call-head .link")
    assert page.text("#call-name") == "right"
    assert len(run.checkpoints) > 2


def test_histograms_are_those_of_the_look_before_the_step(page, seen):
    _, recorder, *_ = seen
    page.click('[data-key="hidden#0"]')
    options = page.js("[...document.getElementById('quantity').options].map((own) => own.label)")
    assert options[:3] == ["output", "output gradient", "kernel: value"]
    choose = "document.getElementById('quantity')"
    page.js(
        f"({choose}.value = 'hidden/kernel gradient', {choose}.dispatchEvent(new Event('change')))"
    )
    heat = page.js("document.getElementById('spread').data[0].x")
    assert heat == [look.step for look in recorder.looks]
    low, high = recorder.looks[-1].histograms["hidden/kernel"]["gradient"][:2]
    places = page.js("document.getElementById('spread').data[1].y")
    width = (high - low) / 64
    np.testing.assert_allclose([places[0], places[-1]], [low + width / 2, high - width / 2], 1e-4)
    assert "at step 16" in page.text("#spread")
    page.js("document.getElementById('step').focus()")
    page.press(HOME)
    assert "at step 0" in page.text("#spread")


def test_findings_are_marked_on_the_curves_and_on_their_tiles(page, seen):
    *_, diagnosis, _ = seen
    assert diagnosis.findings
    notes = page.js("document.getElementById('curves').layout.annotations")
    dated = [f for f in diagnosis.findings if any(own.step is not None for own in f.evidence)]
    assert dated
    assert {cause for note in notes for cause in note["hovertext"].split(", ")} == {
        finding.cause for finding in dated
    }
    first, tile = diagnosis.findings[0], '[data-key="embedder/conv2d#1"]'
    assert first.where == ("embedder/conv2d",)
    assert f"doctor: {first.cause}" in page.text(tile)
    assert page.text(".diagnosis .card h2").startswith(first.cause)


def test_tiles_have_the_colour_of_their_health(page):
    def edge(key: str) -> str:
        tile = f"document.querySelector('[data-key=\"{key}\"]')"
        return page.js(f"getComputedStyle({tile}).borderLeftColor")

    assert edge("embedder/conv2d#0") == "rgb(211, 56, 44)"
    assert edge("add#0") == "rgb(46, 158, 99)"
    assert "✕" in page.text('[data-key="embedder/conv2d#0"] .sign')
    assert page.text('[data-key="add#0"] .sign') == ""


def test_it_can_be_used_from_the_keyboard(page):
    page.js("document.getElementById('step').focus()")
    for _ in range(60):
        page.press(TAB)
        if page.js("document.activeElement.dataset.key") == "add#0":
            break
    assert page.js("document.activeElement.matches(':focus-visible')")
    page.press(ENTER)
    assert page.js("document.activeElement.id") == "call-name"
    assert page.text("#call-name") == "add"
    page.press(ESCAPE)
    assert page.js("document.activeElement.dataset.key") == "add#0"


@pytest.mark.parametrize(("width", "theme"), COMBINATIONS)
def test_everything_fits_and_can_be_read(browser, seen, width, theme):
    browser.open(seen[-1], width, theme)
    assert browser.js("document.documentElement.scrollWidth") <= width
    sizes = browser.js(
        "[...document.querySelectorAll('.chart')].map((own) => [own.clientWidth, "
        "own.querySelector('svg.main-svg').clientWidth])"
    )
    assert all(100 < drawn <= room for room, drawn in sizes), sizes
    paper = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(22, 24, 28)") == (theme == "dark")
    ink = browser.js("document.getElementById('curves').layout.font.color")
    assert ink == ("#e6e7e9" if theme == "dark" else "#1c1e21")
    assert browser.errors() == []


@pytest.mark.parametrize("width", [1280, 400])
def test_many_branches_scroll_in_their_own_box(browser, tmp_path, width):
    run = record(tmp_path, nn.Recorder(), model=branched(7), epochs=1)
    browser.open(nn.report(run).as_uri(), width)
    assert browser.js("document.documentElement.scrollWidth") <= width
    assert browser.js("document.querySelector('.graph').scrollWidth") > width / 2
    tile = "document.querySelector('[data-key=\"branch_6#0\"]')"
    assert browser.js(f"{tile}.scrollWidth <= {tile}.clientWidth")
    browser.click('[data-key="branch_6#0"]')
    assert browser.text("#call-name") == "branch_6"


@pytest.mark.parametrize("width", [1280, 400])
def test_what_fits_does_not_scroll(browser, tmp_path, width):
    run = record(tmp_path, nn.Recorder(), epochs=1)
    browser.open(nn.report(run).as_uri(), width)
    assert browser.js(
        "((box) => box.scrollWidth <= box.clientWidth)(document.querySelector('.graph'))"
    )


def test_the_slider_has_room_beside_a_narrow_page_s_numbers(browser, tmp_path):
    run = record(tmp_path, nn.Recorder(), epochs=1)
    browser.open(nn.report(run).as_uri(), 400)
    for name, text in {"now": "123456", "loss": "loss −1.23e−10"}.items():
        browser.js(f"document.getElementById('{name}').textContent = '{text}'")
    sizes = browser.js(
        "['bar', 'step', 'loss'].map((id) => document.getElementById(id).getBoundingClientRect())"
    )
    bar, slider, loss = sizes
    assert slider["width"] > 200
    assert loss["right"] <= bar["right"]
    assert bar["height"] < 120


def test_names_are_no_markup_and_long_ones_stay_apart(browser, tmp_path):
    names = [f"stage_{number}_of_a_network_whose_names_are_long" for number in (1, 2)]
    net = [
        nn.Input((8, 8, 1)),
        nn.Flatten(),
        nn.Dense(4, name=names[0]),
        nn.Dense(4, name=names[1]),
    ]
    model = nn.Sequential([*net, nn.Dense(10, name="<b>&amp;")], backend=BACKEND, store=nn.Store())
    metric = nn.metrics.SparseCategoricalAccuracy(name="right<script>&amp;")
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, [metric])
    run = record(tmp_path, nn.Recorder(), nn.Ledger(), model=model, epochs=1)
    browser.open(nn.report(run).as_uri(), 400)
    drawn = "[...document.querySelectorAll('{}')].map((own) => own.textContent)"
    assert metric.name in browser.js(drawn.format("#curves .legendtext"))
    labels = browser.js(drawn.format("#ledger .ytick text"))
    assert "<b>&amp;/kernel" in labels
    assert len(labels) == 6
    assert browser.js("document.querySelectorAll('#ledger .point').length") == 6
    assert len(set(labels)) == 4  # of the long names the middle is left out
    assert browser.errors() == []


def test_on_a_narrow_page_a_call_opens_below_its_tile(browser, seen):
    browser.open(seen[-1], 400)
    browser.click('[data-key="add#0"]')
    between = browser.js(
        "document.querySelector('[data-key=\"add#0\"]').closest('.row').nextElementSibling.id"
    )
    assert between == "call"
    browser.dress(1280, "light")
    browser.wait("document.getElementById('call').parentElement.id === 'panel'")


def test_the_theme_may_change(page):
    page.dress(1280, "dark")
    page.wait("document.getElementById('curves').layout.font.color === '#e6e7e9'")


def test_nothing_is_asked_for(browser, seen):
    browser.open(seen[-1])
    for key in ("add#0", "embedder/conv2d#0"):
        browser.click(f'[data-key="{key}"]')
    assert browser.requests() == [seen[-1]]


def test_nothing_can_be_asked_for(browser, seen):
    browser.open(seen[-1])
    browser.requests()
    answers = browser.driver.execute_async_script(
        "const done = arguments[0]; fetch('http://127.0.0.1:9/').catch((error) => done(error.name))"
    )
    assert answers == "TypeError"
    assert browser.requests() == []
    assert any("Content Security Policy" in error for error in browser.errors())


@pytest.mark.parametrize("select", ["dense/kernel", "conv2d/relu", None])
def test_what_was_not_recorded_is_left_out(browser, tmp_path, select):
    x = np.random.default_rng(0).random(X.shape, np.float32)  # whose data nobody knows
    watchers = [] if select is None else [nn.Recorder(every=None, select=select)]
    record(tmp_path, *watchers, x=x)
    browser.open(nn.report(nn.Run.open(tmp_path)).as_uri())
    for key in ("dense#0", "conv2d/relu#0", "input"):
        browser.click(f'[data-key="{key}"]')
        rows = browser.js("document.querySelectorAll('#numbers tbody tr').length")
        assert rows == {("dense/kernel", "dense#0"): 3, ("conv2d/relu", "conv2d/relu#0"): 2}.get(
            (select, key), 0
        )
    assert "give them: nn.Run.open(" in browser.text("#notes")
    assert browser.errors() == []


def test_a_run_without_a_step(browser, tmp_path):
    run = broken_off(tmp_path / "run", nn.Recorder(), nn.Ledger(), steps=0)
    browser.open(nn.report(run).as_uri())
    assert browser.text("#facts").startswith("steps\n0")
    browser.click('[data-key="dense#0"]')
    assert "y = x @ kernel + bias" in browser.text("#call")
    assert browser.errors() == []


def test_a_page_that_is_watched_grows(browser, tmp_path):
    recorder = nn.Recorder(every=OFTEN)
    run = broken_off(tmp_path / "run", recorder, steps=12)
    with serving(run) as server:
        browser.open(server.url)
        assert browser.text("#facts").startswith("steps\n12")
        assert browser.text("#now") == "9"  # the newest checkpoint is before step 10
        browser.js("document.querySelector('[data-key=\"dense#0\"]').focus()")
        again = nn.Recorder(every=OFTEN)
        nn.Run.open(run.folder).resume([again], verbose=0)
        browser.wait("document.getElementById('now').innerText === '17'")
        assert browser.text("#facts").startswith("steps\n18")
        expected = written(browser, again["dense"].output.std[-1])
        assert value(browser, "dense#0", "activation") == expected
        assert browser.js("document.activeElement.dataset.key") == "dense#0"
        assert all(url.startswith(server.url) for url in browser.requests())
        assert browser.errors() == []
    browser.wait("document.getElementById('live').innerText.includes('does not answer')")
    browser.errors()


def test_the_probe_can_see_a_request(browser, tmp_path):
    (tmp_path / "page.html").write_text(
        "<body data-ready='yes'><img src='http://127.0.0.1:9/picture.png'>"
    )
    browser.open((tmp_path / "page.html").as_uri())
    assert "http://127.0.0.1:9/picture.png" in browser.requests()
    browser.errors()
