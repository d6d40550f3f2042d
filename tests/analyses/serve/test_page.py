"""The page in a real browser: paste, mutate, compare, download, by keyboard, on a narrow screen."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
SEQUENCE = "ACGTTGCATTGACCAGGTACTGGCCACCAGGGGGCGCTATTTGCATGCAATTGGCCAACG"


@pytest.fixture
def page(chromium: Any, server: Any) -> Any:
    """The page, newly opened."""
    chromium.set_window_size(1200, 900)
    chromium.get(server.url)
    _wait(chromium, "return document.querySelectorAll('#run option').length === 2")
    return chromium


def _wait(browser: Any, script: str, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not browser.execute_script(script):
        assert time.monotonic() < end, browser.execute_script("return document.body.innerText.slice(0, 2000)")
        time.sleep(0.1)


def _predict(page: Any, text: str, *, other: str = "") -> None:
    page.execute_script(
        "document.getElementById('sequences').value = arguments[0];"
        "const o = document.getElementById('other'); o.value = arguments[1]; o.dispatchEvent(new Event('change'));"
        "document.getElementById('form').requestSubmit()",
        text,
        other,
    )
    _wait(page, "return document.querySelectorAll('#panels svg').length > 0")


def _saved(page: Any, kind: str, name: str) -> str:
    page.find_element("css selector", f"[data-save={kind}]").click()
    path = Path(page.downloads) / name
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    text = path.read_text()
    path.unlink()
    return text


def test_paste_look_and_save(page: Any) -> None:
    _predict(page, f">chr1:100-160\n{SEQUENCE}\n>b\n{SEQUENCE[::-1]}")
    rows = page.find_elements("css selector", "#table tbody tr")
    assert len(rows) == 4  # two sequences, two outputs
    assert "<b>REST</b>" in page.find_element("id", "table").text  # shown as it is called, not as markup
    assert not page.find_elements("css selector", "#table b")
    assert page.execute_script("return document.querySelectorAll('#panels svg .attention').length") > 5
    assert "CTCF" in page.execute_script("return document.querySelector('#panels svg').textContent")
    table = _saved(page, "tsv", "predictions.tsv").splitlines()
    assert table[0].split("\t")[:3] == ["sequence", "output", "probability"]
    assert len(table) == 5
    assert _saved(page, "bed", "predictions.bed").startswith("chr1\t100\t160\t")
    scores = _saved(page, "scores", "scores.tsv").splitlines()
    assert len(scores) == 1 + len(SEQUENCE)
    assert _saved(page, "svg", "importance.svg").startswith("<svg")
    assert "interpret attribute tbinet" in page.find_element("id", "command").text


def test_sorting_by_the_head(page: Any) -> None:
    _predict(page, f">a\n{SEQUENCE}\n>b\n{'A' * 60}")
    page.find_elements("css selector", "#table th button")[2].click()
    shown = page.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')].map(r => Number(r.cells[2].dataset.value))"
    )
    assert shown == sorted(shown, reverse=True)


def test_mutation_by_keyboard_and_back(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    _predict(page, SEQUENCE)
    before = page.find_element("id", "look-lead").text
    base = page.find_element("css selector", "#panels .base")
    base.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "t")
    _wait(page, "return document.getElementById('look-lead').textContent.includes('1 base changed')")
    assert page.execute_script("return document.activeElement.classList.contains('base')")
    assert page.find_elements("css selector", "#panels .changed")
    page.find_element("id", "undo").click()
    _wait(page, "return !document.getElementById('look-lead').textContent.includes('changed')")
    assert page.find_element("id", "look-lead").text == before


def test_mutation_by_click(page: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    _predict(page, SEQUENCE)
    base = page.find_element("css selector", "#panels .base")
    ActionChains(page).move_to_element_with_offset(base, -base.size["width"] / 2 + 6, 0).click().perform()
    _wait(page, "return !document.getElementById('choice').hidden")
    assert "Base 0 is A" in page.find_element("id", "choice").text
    page.find_elements("css selector", "#choice button")[2].click()
    _wait(page, "return document.getElementById('look-lead').textContent.includes('1 base changed')")


def test_two_runs_side_by_side(page: Any) -> None:
    _predict(page, SEQUENCE, other="deepbind")
    assert page.execute_script("return document.querySelectorAll('#panels .panel').length") == 2
    assert "deepbind, CTCF" in page.find_element("id", "look-lead").text


def test_bad_input_is_told_in_words(page: Any) -> None:
    page.execute_script(
        "document.getElementById('sequences').value = '>a\\nACGT<script>';"
        "document.getElementById('form').requestSubmit()"
    )
    _wait(page, "return document.getElementById('status').className === 'bad'")
    assert "which is no base" in page.find_element("id", "status").text


def test_narrow_screen_does_not_scroll_sideways(page: Any) -> None:
    page.set_window_size(360, 740)
    _predict(page, SEQUENCE)
    # Chromium's own windows are never narrower than 500 px: the layout is asked for at the page's true width.
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_dark_on_the_screen_and_not_in_a_file(page: Any) -> None:
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        _predict(page, SEQUENCE)
        ink = "return getComputedStyle(document.querySelector('#panels svg text')).fill"
        assert min(map(int, re.findall(r"\d+", page.execute_script(ink)))) > 128
        saved = _saved(page, "svg", "importance.svg")
        texts = re.findall(r"<text[^>]*?fill: rgb\((\d+), (\d+), (\d+)\)", saved)
        assert texts
        assert max(int(value) for text in texts for value in text) < 128
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_nothing_is_asked_of_another_host(page: Any, server: Any) -> None:
    page.get_log("browser")  # what earlier tests provoked
    _predict(page, SEQUENCE)
    asked = {
        message["params"]["request"]["url"]
        for entry in page.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"] == "Network.requestWillBeSent"
    }
    assert asked
    assert {url for url in asked if url.startswith("http") and not url.startswith(f"{server.url}/")} == set()
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
