"""The report in a real browser: it opens, sorts, filters, and works by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from motiflens.analyses.report import build_report

pytestmark = pytest.mark.slow


@pytest.fixture
def page(chromium: Any, folder: Path) -> Any:
    """The opened report."""
    chromium.get(build_report([folder], folder / "report.html").resolve().as_uri())
    return chromium


def _names(page: Any) -> list[str]:
    return page.execute_script(
        "return [...document.querySelectorAll('#run0-table tbody tr')].filter(r => !r.hidden)"
        ".map(r => r.cells[0].querySelector('.name').textContent)"
    )


def test_opens_without_errors_or_requests(page: Any) -> None:
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    resources = "performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:'))"
    assert page.execute_script(f"return {resources}.length") == 0
    assert len(_names(page)) == 4
    drawn = page.execute_script(
        "return Math.max(...[...document.querySelectorAll('#run0-table svg.logo use')].map("
        "u => u.getBoundingClientRect().height))"
    )
    assert drawn > 15, "letters are drawn"


def test_sorts_by_a_click_and_back(page: Any) -> None:
    button = page.find_element("xpath", "//table[@id='run0-table']//th/button[.='q']")
    button.click()
    assert _names(page) == ["kernel_000", "seqlet_pos_00", "kernel_001", "kernel_002"]
    button.click()
    assert _names(page) == ["kernel_001", "seqlet_pos_00", "kernel_000", "kernel_002"], "no q stays last"


def test_sorts_by_keyboard(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    button = page.find_element("xpath", "//table[@id='run0-table']//th/button[.='Sites']")
    button.send_keys(Keys.ENTER)
    assert _names(page)[0] == "kernel_002"
    head = page.find_element("xpath", "//table[@id='run0-table']//th[button[.='Sites']]")
    assert head.get_attribute("aria-sort") == "ascending"


def test_filters(page: Any) -> None:
    page.find_element("name", "text").send_keys("foxa1")
    assert _names(page) == ["kernel_001", "seqlet_pos_00"]
    page.find_element("name", "q").send_keys("0.05")
    assert _names(page) == ["seqlet_pos_00"]
    assert "1 of 4" in page.find_element("tag name", "output").text


def test_keyboard_reaches_the_content_first(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    page.find_element("tag name", "body").send_keys(Keys.TAB)
    assert page.switch_to.active_element.get_attribute("href").endswith("#main")


def _seen_as(page: Any, width: int, media: str, scheme: str) -> tuple[int, float]:
    """Return by how many px the page is too wide, and how light it is (0 to 1)."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    root = "document.documentElement"
    wide = page.execute_script(f"return {root}.scrollWidth - {root}.clientWidth")
    colour = page.execute_script(
        "return getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number)"
    )
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    return int(wide), sum(colour[:3]) / 3 / 255


@pytest.mark.parametrize(("width", "media"), [(1200, "screen"), (390, "screen"), (717, "print")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_narrow_and_printed(page: Any, width: int, media: str, scheme: str) -> None:
    """Nothing is wider than the screen, or than A4 between its margins; only screens are dark."""
    wide, light = _seen_as(page, width, media, scheme)
    assert wide <= 0
    assert light < 0.2 if (scheme, media) == ("dark", "screen") else light > 0.95


def test_narrow_rows_are_cards(page: Any) -> None:
    metrics = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    row = page.find_element("css selector", "#run0-table tbody tr")
    assert row.size["width"] <= 390
    assert "Sites" in page.execute_script(
        "return getComputedStyle(arguments[0].querySelector('[data-head=Sites]'), '::before').content", row
    )
    page.find_element("name", "text").send_keys("foxa1")  # hidden rows stay hidden
    shown = page.execute_script(
        "return [...document.querySelectorAll('#run0-table tbody tr')].filter(r => r.offsetHeight).length"
    )
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert shown == 2


def test_prints(page: Any) -> None:
    printed = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 10_000
