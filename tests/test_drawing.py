"""Drawings: what they say, that they change nothing, and that no label can break them."""

import gc
import os
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.drawing import layout
from autograd.drawing.palette import DARK, LIGHT
from tests import graphs

GOLDEN = Path(__file__).parent / "golden"
STYLES = ("circuit", "micrograd", "dezero", "colah")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(made, **options):
    root, names = made if isinstance(made, tuple) else (made, None)
    return ag.draw(root, names=names, **options)


def texts(svg):
    return [t.text for t in ET.fromstring(svg).iter(f"{SVG}text") if t.text and t.text.strip()]


def titles(svg):
    return [t.text for t in ET.fromstring(svg).iter(f"{SVG}title")]


# --- the same program, the same text ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "style"),
    [
        *[("w1", style) for style in STYLES],
        ("w2", "circuit"),
        ("w4", "circuit"),
        ("w21_product", "colah"),
        ("w21_logistic", "circuit"),
        ("w21_layer", "circuit"),
        ("w21_penalty", "circuit"),
        ("mlp", "circuit"),
    ],
)
def test_golden(name, style):
    """Compare with the stored DOT; UPDATE_GOLDEN=1 writes it anew, to be looked at."""
    dot = drawn(getattr(graphs, name)(), style=style).dot.source
    file = GOLDEN / f"{name}-{style}.dot"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(dot, encoding="utf-8")
    assert dot == file.read_text(encoding="utf-8")


def test_same_program_gives_the_same_text_in_one_process():
    assert ag.draw(graphs.w4()).dot.source == ag.draw(graphs.w4()).dot.source
    first, second = drawn(graphs.mlp()), drawn(graphs.mlp())
    assert first.dot.source == second.dot.source
    assert first.text == second.text


# --- what the picture shows -------------------------------------------------------------------


def test_w1_has_every_value_and_gradient_on_its_wires():
    shown = texts(ag.draw(graphs.w1()).svg)
    for text in ("x", "y", "z", "-2", "5", "q = 3", "f = -12", "∇ 1", "∇ 3", "+", "×"):
        assert text in shown
    assert shown.count("∇ -4") == 3
    assert "= 1 · (-4)" in shown  # upstream times local derivative
    assert "= -4 · 1" in shown


def test_w4_numbers():
    text = ag.draw(graphs.w4()).text
    assert "E = " in text
    for value in ("0.59327", "0.596884", "1.10591", "0.751365", "0.772928", "0.298371"):
        assert value in text
    assert "∇h1 = (0.0554) + (-0.01905) = 0.03635" in text


@pytest.mark.parametrize("style", STYLES)
def test_every_style_shows_w1s_numbers(style):
    shown = " ".join(texts(ag.draw(graphs.w1(), style=style).svg))
    for number in ("-2", "5", "-12", "-4", "3"):
        assert number in shown
    assert "∂q/∂x = 1" in shown or style != "colah"


def test_tooltips_spell_the_arithmetic_out():
    told = titles(ag.draw(graphs.w1()).svg)
    assert "∇x += ∇q · ∂q/∂x = -4 · 1 = -4" in told
    assert "f = q * z = 3 * (-4) = -12" in told


def test_a_variable_used_twice_shows_the_sum():
    x = ag.Value(3.0, "x")
    drawing = ag.draw((x * 2.0 + x * -4.0), names=locals())
    assert "= (2) + (-4)" in texts(drawing.svg)
    assert "∇x = (2) + (-4) = -2" in drawing.text
    assert "∇x = (2) + (-4) = -2" in titles(drawing.svg)


def test_array_rules_carry_names_and_shapes():
    drawing = drawn(graphs.w21_layer())
    shown = texts(drawing.svg)
    assert "= ∇out · Xᵀ" in shown
    assert "(2, 3) = (2, 4)(4, 3)" in shown
    assert "(2, 1) = Σ (2, 4)" in shown
    assert "∇W += ∇v2 · Xᵀ" in drawing.text


def test_untracked_is_dashed_and_says_so():
    drawing = drawn(graphs.w21_layer())
    assert "no grad" in texts(drawing.svg)
    assert "dashed" in drawing.dot.source
    assert re.search(r"X = .* \(no grad\)", drawing.text)


def test_small_arrays_in_full_and_large_ones_summed_up():
    w = ag.Tensor([1.0, -2.5, 3.0], requires_grad=True, name="w")
    large = ag.Tensor(np.arange(8.0), requires_grad=True, name="large")
    shown = texts(ag.draw((w.sum() * large).sum()).svg)
    assert "[1, -2.5, 3]" in shown
    assert "(8,)" in shown
    assert "3.5 ± 2.3 in [0, 7]" in shown


def test_missing_gradient_is_a_dash_and_never_zero():
    drawing = ag.draw(ag.Tensor([1.0, 2.0], requires_grad=True) * 3.0)
    assert "∇ -" in texts(drawing.svg)
    assert "∇ 0" not in drawing.svg
    assert "not one number" in drawing.text


def test_nan_and_infinity_are_marked():
    x = ag.Tensor([0.0, 1.0, -1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        shown = texts(ag.draw(np.log(x).sum()).svg)
    assert "1 nan, 1 inf" in shown
    assert "[-inf, 0, nan]" in shown


def test_pills_for_dead_saturated_and_zero():
    x = ag.Tensor(np.array([[5.0, -1.0], [2.0, -3.0]] * 4), requires_grad=True)
    out = nn.functional.relu(x).sum() + nn.functional.sigmoid(x * 10).sum()
    shown = texts(ag.draw(out).svg)
    assert "dead 1/2" in shown
    assert any("saturated" in text for text in shown)


def test_a_unit_that_is_off_for_its_only_example_is_not_called_dead():
    assert "off" in texts(ag.draw(ag.Value(-1.0).relu()).svg)
    row = ag.Tensor([[-1.0, 2.0]], requires_grad=True)
    assert "off 1/2" in texts(ag.draw(nn.functional.relu(row).sum()).svg)


def test_show_chooses_what_is_written():
    shown = texts(ag.draw(graphs.w1(), show=("value",)).svg)
    assert not any("∇" in text for text in shown)
    assert not any("·" in text for text in shown)
    shown = texts(ag.draw(graphs.w1(), show=("grad",)).svg)
    assert "∇ -4" in shown
    assert "= 1 · 3" in shown
    assert "5" not in shown


@pytest.mark.parametrize("rankdir", ["TB", "RL", "BT"])
@pytest.mark.parametrize("style", STYLES)
def test_other_directions(rankdir, style):
    assert f"rankdir={rankdir}" in ag.draw(graphs.w1(), rankdir=rankdir, style=style).dot.source
    ag.draw(graphs.w1(), rankdir=rankdir, style=style).svg


def test_names_that_are_no_mapping():
    x = ag.Value(1.0)
    with pytest.raises(TypeError, match=r"names: expected a dict.*got list.*locals\(\)"):
        ag.draw(x * x, names=[x])


def test_names_from_locals_and_modules():
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    data = np.array([3.0, 4.0])
    drawing = ag.draw((x * data).sum(), names=locals())
    assert "x = [1, 2]" in drawing.text
    assert "data = [3, 4] (no grad)" in drawing.text
    layer = nn.Linear(2, 1)
    text = ag.draw(layer(data.astype(np.float32)).sum()).text
    assert "weight = " in text
    assert "[model]" in text


def test_several_roots():
    x = ag.Value(2.0, "x")
    text = ag.draw(x * x, x + 1.0).text
    assert "∇x = (2) + (2) + (1) = 5" in text


def test_roots_are_told_by_identity_not_by_number():
    x = ag.Value(1.0, "x")
    root = x * 1.0 * 1.0
    assert ag.draw(root).text.count("  ∇v4 = 1\n") == 1
    assert "∇x = 1\n" not in ag.draw(root).text


def test_primitives_with_several_outputs():
    A = ag.Tensor(np.eye(3) * 2.0, requires_grad=True, name="A")
    q, r = np.linalg.qr(A)
    text = ag.draw(q[0, 1:].sum() + r.sum()).text
    assert "= qr(A)" in text
    assert "[0, 1:]" in text


# --- it only looks ----------------------------------------------------------------------------


def test_drawing_changes_nothing():
    calls = []
    x = ag.Tensor([1.0, 2.0], requires_grad=True)
    h = x * x
    h.register_hook(lambda g: calls.append(g))
    y = h.sum()
    ag.draw(y).svg
    assert x.grad is None
    assert calls == []
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]
    before = ag.draw(y).text
    assert x.grad.tolist() == [2.0, 4.0]
    assert "∇v1 += ∇v2 for every entry = [1, 1]" in before
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()
    v = ag.Value(3.0)
    w = v * v
    ag.draw(w).svg
    assert v.grad == w.grad == 0.0


def test_small_graph_before_and_after_backward_is_the_same_picture():
    loss, names = graphs.w21_layer()
    before = ag.draw(loss, names=names).dot.source
    loss.backward()
    assert ag.draw(loss, names=names).dot.source == before


def test_freed_large_arrays_are_shapes_with_the_way_to_keep_them():
    def loss():
        x = ag.Tensor(np.ones((10, 20)), requires_grad=True, name="x")
        return np.tanh(x @ np.ones((20, 30))).sum()

    freed = loss()
    freed.backward()
    text = ag.draw(freed).text
    assert "with ag.record()" in text
    assert "(20, 30) (not kept) (no grad)" in text
    assert "∇x += ∇v1 · v1a1ᵀ = -" in text
    with ag.record():
        kept = loss()
    kept.backward()
    text = ag.draw(kept).text
    assert "with ag.record()" not in text
    assert " = -\n" not in text


def test_changed_arrays_give_no_wrong_gradient():
    w = ag.Tensor([1.0, 2.0], requires_grad=True, name="w")
    loss = (w * w).sum()
    with ag.no_grad():
        w[0] = 5.0
    text = ag.draw(loss).text
    assert "changed after the graph was made" in text
    assert "∇w += ∇v1 · w = -" in text


def test_a_drawing_keeps_no_graph_alive():
    x = ag.Tensor(np.ones(100), requires_grad=True)
    y = (x * x).sum()
    node = y.node
    drawing = ag.draw(y)
    before = sys.getrefcount(node)
    drawing.svg
    assert sys.getrefcount(node) == before
    gc.collect()
    del y
    assert sys.getrefcount(node) == 2


# --- labels stay text -------------------------------------------------------------------------

LABELS = [
    "<script>alert(1)</script>",
    "a\"b'c",
    "back\\slash \\N \\G \\l \\",
    "amp &amp; & <b>bold</b>",
    "{rec|ord} <f0>",
    "日本語 ∂ 😀 עברית",
    "{{svg}} {{data}}",
    "]]> --> <!--",
    "</iframe></script>",
    "port:w -> b; }",
    "%%{init: {}}%% #59; `md` $x$",
]
UNPRINTABLE = ["new\nline\ttab\x00\x1b[31m", "\ud800", "\u202eright\u2066"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("label", LABELS)
def test_labels_stay_text(style, label):
    x = ag.Value(1.0, label)
    drawing = ag.draw(x * 2.0, style=style)
    svg = drawing.svg
    assert any(label in text for text in texts(svg))
    assert {e.tag for e in ET.fromstring(svg).iter()} <= {
        f"{SVG}{tag}" for tag in "svg g title desc style text polygon path ellipse polyline".split()
    }
    assert any(label in (title or "") for title in titles(svg))
    assert drawing.text.splitlines()[1] == f"  {label} = 1"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("label", UNPRINTABLE)
def test_unprintable_labels_are_replaced_and_break_nothing(style, label, tmp_path):
    drawing = ag.draw(ag.Value(1.0, label) * 2.0, style=style)
    ET.fromstring(drawing.svg)
    for ending in ("svg", "html", "dot", "mmd", "txt", "png"):
        drawing.save(tmp_path / f"graph.{ending}")
    assert len(drawing.text.splitlines()) == 9
    assert set(drawing._repr_mimebundle_()) == {"text/html", "image/svg+xml", "text/plain"}


def test_scope_names_stay_text():
    with ag.scope("<b>&\\N", kind='"quoted" {}'):
        out = ag.Tensor(2.0, requires_grad=True) * 3.0
    shown = texts(ag.draw(out).svg)
    assert "<b>&\\N" in shown
    assert '"quoted" {}' in " ".join(shown)


def test_mermaid_labels_are_entities():
    text = ag.draw(ag.Value(1.0, '"<script>;{}') * 2.0).mermaid
    assert text.startswith("flowchart LR\n")
    assert "<script>" not in text
    assert "#34;#60;script#62;#59;#123;#125;" in text


# --- size -------------------------------------------------------------------------------------


def test_modules_are_clusters_and_depth_folds_them():
    loss = graphs.residual(4)
    full = ag.draw(loss, depth=10)
    assert full.dot.source.count("subgraph cluster") > 10
    folded = ag.draw(loss, depth=0)
    assert "subgraph cluster" not in folded.dot.source
    assert "21 operations, 576 parameters" not in folded.svg
    assert any("operations, 576 parameters" in text for text in texts(folded.svg))


def test_equal_siblings_fold_into_one_with_a_count():
    shown = texts(ag.draw(graphs.residual(48)).svg)
    assert any("×12" in text for text in shown)


def test_modules_that_take_turns_fold_together():
    layers = [layer for _ in range(30) for layer in (nn.Linear(4, 4), nn.Tanh())]
    shown = texts(ag.draw(nn.Sequential(*layers)(np.ones((2, 4), np.float32)).sum()).svg)
    assert "0 … 59 ×30" in shown
    assert "Linear → Tanh" in shown
    assert "60 operations, 600 parameters" in shown


def test_equal_parts_with_something_between_them_stay_apart():
    """As one they would need what was computed from them: a loop."""
    x = ag.Tensor([0.5, 0.2], requires_grad=True)
    for name in "abcd":
        with ag.scope(name):
            x = np.tanh(np.sin(x))
        x = x * 2.0
    drawing = ag.draw(x.sum(), depth=0)
    assert "×3" not in drawing.svg
    assert {"a", "b", "c", "d"} <= set(texts(drawing.svg))


def test_a_folded_module_wears_its_worst_childs_mark():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Sigmoid())
    model[0].bias.data[:] = -100.0
    loss = model(np.ones((3, 4), np.float32)).sum()
    assert "dead 4/4" in texts(ag.draw(loss, depth=0).svg)


def test_calls_of_one_part_are_told_apart_and_folded_together():
    shown = texts(ag.draw(graphs.recurrent(12, scoped=True)).svg)
    assert any("cell … cell #12 ×12" in text for text in shown)
    assert "60 operations, 32 parameters" in shown
    small = texts(ag.draw(graphs.recurrent(2, scoped=True)).svg)
    assert "cell" in small
    assert "cell #2" in small


def test_a_weight_of_an_unrolled_network_is_drawn_once_per_use():
    loss = graphs.recurrent(4)
    drawing = ag.draw(loss)
    assert "W (1 of 4)" in texts(drawing.svg)
    assert "U (4 of 4)" in texts(drawing.svg)
    assert re.search(r"∇W = sum over 4 uses = \(4, 4\)", drawing.text)
    shares = re.findall(r"∇W \+= .* in \[(.*)\]   ", drawing.text)
    assert len(set(shares)) == 3  # the first use has a state of zeros


def chain(length):
    y = x = ag.Value(0.5, "x")
    for _ in range(length):
        y = y.tanh()
    return y, x


def test_regimes_by_size():
    assert "∇ " in " ".join(texts(ag.draw(chain(40)[0]).svg))  # everything
    table = ag.draw(chain(100)[0])
    assert "tanh" in texts(table.svg)
    assert "gain" not in table.svg
    line = ag.draw(chain(500)[0])
    assert "gain" in line.dot.source
    overview = ag.draw(chain(2_000)[0])
    assert "2,000" in texts(overview.svg)
    assert "focus" in " ".join(texts(overview.svg))
    assert len(overview.mermaid) < 1_000
    assert len(overview.html) < 50_000


def test_focus():
    root, x = chain(2_000)
    drawing = ag.draw(root)
    near = drawing.focus(x, hops=2)
    assert "x = 0.5" in near.text
    assert "1,998 more are not shown." in near.text
    assert near.text == drawing.focus("x", hops=2).text
    with pytest.raises(ValueError, match="not in the graph"):
        drawing.focus(ag.Value(1.0))


def test_focus_shows_operations_with_all_their_arguments():
    text = ag.draw(graphs.w4()).focus("h1", hops=2).text
    assert re.search(r"v\d+ = v\d+ \+ v\d+ = ", text)
    assert "+(" not in text


def test_the_layout_folds_further_when_time_is_up(monkeypatch):
    asked = []

    def slow(dot, format, budget=0):
        asked.append(dot)
        if len(asked) < 2:
            raise layout.TooLongError("too long")
        return laid_out(dot, format)

    laid_out = layout.laid_out
    monkeypatch.setattr(layout, "laid_out", slow)
    svg = drawn(graphs.mlp()).svg
    assert "folded further" in " ".join(texts(svg))


def test_a_layout_past_its_budget_is_ended():
    with pytest.raises(layout.TooLongError, match="longer than"):
        layout.laid_out("digraph { a -> b }", "svg", budget=0.001)


def test_graphvizs_own_error_is_told():
    with pytest.raises(layout.LayoutError, match="Graphviz failed"):
        layout.laid_out("digraph { a -> }", "svg")


# --- without a renderer; a display never raises ------------------------------------------------


@pytest.fixture
def no_renderer(monkeypatch):
    def missing(format):
        raise layout.NoRendererError(
            "No renderer is installed: `pip install pygraphviz` brings it."
        )

    monkeypatch.setattr(layout, "_command", missing)


@pytest.mark.usefixtures("no_renderer")
def test_without_renderer_dot_mermaid_and_text_remain(tmp_path):
    drawing = ag.draw(graphs.w1())
    shown = drawing._repr_mimebundle_()
    assert "pip install" in shown["text/html"]
    assert "q = x + y" in shown["text/plain"]
    for ending in ("dot", "mmd", "txt"):
        drawing.save(tmp_path / f"graph.{ending}")
    with pytest.raises(RuntimeError, match="pip install"):
        drawing.save(tmp_path / "graph.svg")


def test_a_display_never_raises(monkeypatch):
    monkeypatch.setattr(layout, "laid_out", lambda *_: 1 / 0)
    shown = ag.draw(graphs.w1())._repr_mimebundle_()
    assert "ZeroDivisionError" in shown["text/plain"]


def test_importing_autograd_imports_no_graphviz():
    code = (
        "import sys, autograd; sys.exit('graphviz' in sys.modules or 'pygraphviz' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- formats and options ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        ("svg", b"<svg"),
        ("html", b"<!DOCTYPE html>"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("dot", b"digraph"),
        ("mmd", b"flowchart"),
        ("txt", b"forward"),
    ],
)
def test_save(tmp_path, ending, start):
    file = tmp_path / f"graph.{ending}"
    ag.draw(graphs.w1()).save(file)
    assert file.read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: ag.draw(3.0), TypeError, "a Value or a Tensor"),
        (lambda f: ag.draw(f, ag.Tensor(1.0, requires_grad=True)), TypeError, "different graphs"),
        (lambda f: ag.draw(f, style="x"), ValueError, "'circuit', 'micrograd'"),
        (lambda f: ag.draw(f, theme="x"), ValueError, "'auto', 'light' or 'dark'"),
        (lambda f: ag.draw(f, show=("x",)), ValueError, "'value', 'grad'"),
        (lambda f: ag.draw(f, rankdir="x"), ValueError, "'LR', 'RL', 'TB', 'BT'"),
        (lambda f: ag.draw(f, depth=-1), ValueError, "'auto' or a number"),
        (lambda f: ag.draw(f).save("graph.gif"), ValueError, "svg, html, png"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call(graphs.w1())


def test_svg_is_described_for_who_does_not_see_it():
    root = ET.fromstring(ag.draw(graphs.w1()).svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "Computation graph of f"
    assert "∇x = -4" in root.find(f"{SVG}desc").text
    assert 'alt="Computation graph of f' in ag.draw(graphs.w1())._repr_mimebundle_()["text/html"]


# --- colours ----------------------------------------------------------------------------------


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_has_aa_contrast(palette):
    """WCAG 2.2: 4.5 for text, 3 for lines."""
    papers = (palette.paper, palette.fill, palette.group, palette.variable, palette.function)
    for paper in papers:
        for role in ("ink", "muted", "value", "grad", "local"):
            assert contrast(getattr(palette, role), paper) >= 4.5, (role, paper)
    for paper in papers[:3]:
        for role in ("line", "edge", "lit", "shrink1", "shrink2", "level", "grow1", "grow2"):
            assert contrast(getattr(palette, role), paper) >= 3.0, (role, paper)
    assert contrast(palette.warn, palette.warnfill) >= 4.5


def test_every_role_has_its_own_colour():
    assert len(set(LIGHT)) == len(LIGHT)
    assert len(set(DARK)) == len(DARK)


def test_themes():
    assert LIGHT.paper in ag.draw(graphs.w1(), theme="light").svg
    assert DARK.paper in ag.draw(graphs.w1(), theme="dark").svg
    assert "prefers-color-scheme" in ag.draw(graphs.w1()).svg
    assert "prefers-color-scheme" not in ag.draw(graphs.w1(), theme="dark").html


# --- many threads -----------------------------------------------------------------------------


def test_drawing_from_several_threads():
    svgs = []
    threads = [
        threading.Thread(target=lambda: svgs.append(ag.draw(graphs.w1()).svg)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(svgs) == 4
    assert len(set(svgs)) == 1


@pytest.mark.nightly
def test_a_chain_of_a_million_operations_is_drawn_collapsed():
    drawing = ag.draw(chain(1_000_000)[0])
    assert "1,000,000" in texts(drawing.svg)
    assert "more ..." in drawing.text


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("make", "seconds"),
    [
        (graphs.w1, 0.3),
        (lambda: chain(300)[0], 2.0),
        (lambda: graphs.residual(400), 5.0),
        (lambda: graphs.recurrent(200), 5.0),
    ],
)
def test_time(make, seconds):
    root = make()
    ag.draw(graphs.w1()).svg  # imports
    start = time.perf_counter()
    ag.draw(root).svg
    assert time.perf_counter() - start < seconds
