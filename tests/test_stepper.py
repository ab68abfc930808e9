"""The stepper in a real browser: it steps, it says the right numbers, it asks the network nothing."""

import json
import os
import re
import shutil

import pytest

import autograd as ag
from tests import graphs

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium or Chrome on the PATH (set CHROMIUM to one)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    page.requests, page.faults = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append("dialog"))
    yield page
    assert page.faults == []
    assert page.requests == []
    page.close()


def show(page, root, **options):
    page.set_content(ag.draw(root, **options).html)


def visible(page):
    """The texts of the picture that can be seen."""
    page.wait_for_timeout(250)  # the fading
    return page.evaluate(
        """() => [...document.querySelectorAll("#stage svg text")]
               .filter(t => +getComputedStyle(t).opacity > 0.5).map(t => t.textContent.trim())"""
    )


def said(page):
    return page.inner_text("#say")


def test_it_opens_with_the_whole_picture(page):
    show(page, graphs.w1())
    shown = visible(page)
    assert {"q = 3", "f = -12", "∇ 1", "∇ 3"} <= set(shown)
    assert shown.count("∇ -4") == 3
    assert page.inner_text("#count") == "step 5 of 5"


def test_every_step_of_w1_by_buttons_and_back_by_keys(page):
    show(page, graphs.w1())
    expected = [
        ({"-2", "5", "-4"}, "x = -2"),
        ({"-2", "5", "-4", "q = 3"}, "q = x + y = (-2) + 5 = 3"),
        ({"q = 3", "f = -12"}, "f = q * z = 3 * (-4) = -12"),
        ({"f = -12", "∇ 1"}, "∇f = 1"),
        ({"∇ 1", "∇ 3", "∇ -4"}, "∇q += ∇f · ∂f/∂q = 1 · (-4) = -4"),
        ({"∇ 1", "∇ 3", "∇ -4"}, "∇x += ∇q · ∂q/∂x = -4 · 1 = -4"),
    ]
    gradients = [0, 0, 0, 1, 3, 5]
    page.click("#first")
    for step, (texts, sentence) in enumerate(expected):
        shown = visible(page)
        assert texts <= set(shown), step
        assert sum(text.startswith("∇") for text in shown) == gradients[step]
        assert sentence in said(page)
        page.click("#next") if step < 5 else None
    for step in range(4, -1, -1):
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("#count") == f"step {step} of 5"
        assert expected[step][1] in said(page)
        assert sum(text.startswith("∇") for text in visible(page)) == gradients[step]
    page.keyboard.press("End")
    assert page.inner_text("#count") == "step 5 of 5"
    page.keyboard.press("Home")
    assert "f = -12" not in visible(page)


def test_a_value_that_is_not_there_yet_is_not_shown(page):
    show(page, graphs.w1())
    page.keyboard.press("Home")
    shown = visible(page)
    assert "q = 3" not in shown
    assert "x" in shown


def test_accumulation_is_told_when_the_last_share_has_come(page):
    show(page, graphs.w4())
    sentence = "∇h1 = (0.0554) + (-0.01905) = 0.03635"
    told = [sentence in json.dumps(s, ensure_ascii=False) for s in steps(page)]
    assert sum(told) == 1


def steps(page):
    return json.loads(page.inner_text("#data") or page.text_content("#data"))["steps"]


def test_slider_and_play(page):
    show(page, graphs.w1())
    page.evaluate(
        "() => { const s = document.getElementById('slider'); s.value = 2; s.oninput({target: s}); }"
    )
    assert "f = q * z" in said(page)
    page.clock.install()
    page.click("#play")
    assert page.inner_text("#play") == "Pause"
    page.clock.run_for(1300)
    assert page.inner_text("#count") == "step 3 of 5"
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#play") == "Play"


def test_the_layout_does_not_move_between_steps(page):
    show(page, graphs.w1())
    boxes = (
        "() => [...document.querySelectorAll('#stage text')].map(t => t.getBoundingClientRect().x)"
    )
    before = page.evaluate(boxes)
    page.keyboard.press("Home")
    assert page.evaluate(boxes) == before


def test_hover_lights_up_the_paths(page):
    show(page, graphs.w1())
    page.hover("#n3 text")  # the sum: q depends on x and y, f on q, z has no part in it
    assert page.evaluate("() => document.querySelector('#stage svg').matches('.tracing')")
    lit = page.evaluate("() => [...document.querySelectorAll('.on')].map(e => e.id)")
    assert {"n0", "n1", "n3", "n4", "wn4.0"} <= set(lit)
    assert "n2" not in lit
    page.mouse.move(5, 690)
    assert not page.evaluate("() => document.querySelector('#stage svg').matches('.tracing')")


def test_pan_and_zoom(page):
    show(page, graphs.w1())
    box = (
        "() => document.querySelector('#stage svg').getAttribute('viewBox').split(' ').map(Number)"
    )
    x, y, width, _ = page.evaluate(box)
    page.mouse.move(500, 200)
    page.mouse.wheel(0, -200)
    page.wait_for_function(f"() => ({box})()[2] < {width - 1}")
    page.click("#fit")
    assert page.evaluate(box)[2] == pytest.approx(width)
    page.mouse.move(300, 60)
    page.mouse.down()
    page.mouse.move(350, 80)
    page.mouse.up()
    moved = page.evaluate(box)
    assert moved[0] < x
    assert moved[1] < y


@pytest.mark.parametrize("style", ["circuit", "micrograd", "dezero", "colah"])
def test_every_style_steps(page, style):
    show(page, graphs.w1(), style=style)
    page.keyboard.press("Home")
    assert not any(text in ("∇ -4", "grad -4", "-12", "data -12") for text in visible(page))
    page.keyboard.press("End")
    assert any("-12" in text for text in visible(page))


def test_labels_stay_text(page):
    labels = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{svg}}", "</script>"]
    total = ag.Value(0.0)
    for label in labels:
        total = total + ag.Value(1.0, label)
    show(page, total)
    assert set(labels) <= set(visible(page))
    page.keyboard.press("Home")
    assert all(label in said(page) for label in labels)
    assert page.locator("#stage img").count() == 0
    assert page.evaluate("() => document.scripts.length") == 2


@pytest.mark.parametrize(
    ("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 30)")]
)
def test_both_themes(browser, scheme, paper):
    page = browser.new_page(color_scheme=scheme)
    page.set_content(ag.draw(graphs.w1()).html)
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == paper
    fill = "() => getComputedStyle(document.querySelector('#stage .paper')).fill"
    assert page.evaluate(fill) == paper
    page.close()


@pytest.mark.parametrize(
    ("attribute", "paper"), [("false", "rgb(20, 24, 30)"), ("true", "rgb(255, 255, 255)")]
)
def test_in_a_notebook_it_follows_the_notebooks_theme(browser, attribute, paper):
    page = browser.new_page(color_scheme="light" if attribute == "false" else "dark")
    shown = ag.draw(graphs.w1())._repr_mimebundle_()["text/html"]
    page.set_content(f'<body data-jp-theme-light="{attribute}">{shown}</body>')
    frame = page.frames[1]
    assert frame.evaluate("() => getComputedStyle(document.body).backgroundColor") == paper
    frame.click("#first")
    assert "x = -2" in frame.inner_text("#say")
    assert (
        page.evaluate("() => getComputedStyle(document.querySelector('figure img')).display")
        == "none"
    )
    page.close()


def test_without_frames_and_scripts_the_picture_remains(browser):
    shown = ag.draw(graphs.w1())._repr_mimebundle_()["text/html"]
    stripped = re.sub(r"<iframe.*?</iframe>", "", shown, flags=re.S)
    page = browser.new_page(java_script_enabled=False)
    page.set_content(stripped)
    image = page.locator("figure img")
    assert image.is_visible()
    assert image.bounding_box()["width"] > 200
    assert "∇x = -4" in image.get_attribute("alt")
    page.close()


def test_a_large_graph_has_a_page_without_steps(page):
    root = ag.Value(0.5, "x")
    for _ in range(500):
        root = root.tanh()
    show(page, root)
    assert page.locator("#say").count() == 0
    assert page.locator("#fit").count() == 1


def test_a_notebook_survives_nbconvert(browser, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    nbconvert = pytest.importorskip("nbconvert")
    pytest.importorskip("ipykernel")
    code = "import autograd as ag\nx, y = ag.Value(-2.0, 'x'), ag.Value(5.0, 'y')\nag.draw(x * y)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    file = tmp_path / "notebook.html"
    file.write_text(html, encoding="utf-8")
    page = browser.new_page()
    page.route(
        "**/*",
        lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort(),
    )
    page.goto(file.as_uri())
    page.wait_for_selector("figure.chainrule iframe")
    frame = next(f for f in page.frames if f.parent_frame)
    frame.wait_for_selector("#say p")
    assert "-10" in frame.inner_text("#stage")
    page.close()
