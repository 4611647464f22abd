"""What every page owes its readers (WCAG 2.2 AA), as far as a script can tell."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

UNLABELLED = """() => [...document.querySelectorAll("input:not([type=hidden]), button")]
    .filter(each => !(each.labels?.length || each.textContent.trim())).map(each => each.name)"""
TWICE_USED_IDS = """() => [...document.querySelectorAll("[id]")].map(each => each.id)
    .filter((id, place, ids) => ids.indexOf(id) !== place)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# WCAG 2.1, 1.4.3: relative luminance of text over the nearest opaque background.
FAINT = """() => {
    const channels = text => text.match(/[\\d.]+/g).map(Number);
    const luminance = rgb => {
        const [r, g, b] = rgb.slice(0, 3).map(value => {
            const part = value / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = node => {
        for (; node; node = node.parentElement) {
            const color = channels(getComputedStyle(node).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint = [];
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
        if (!node.textContent.trim() || !node.parentElement.offsetParent) continue;
        const ink = luminance(channels(getComputedStyle(node.parentElement).color));
        const paper = luminance(ground(node.parentElement));
        const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        if (ratio < 4.5) faint.push(`${node.textContent.trim()}: ${ratio.toFixed(2)}`);
    }
    return faint;
}"""


async def check_accessible(page: Page, *landmarks: Any) -> None:
    """Language, title, landmarks, one heading, labels, contrast, no scrolling to the side."""
    assert await page.locator("html").get_attribute("lang") == "en"
    assert await page.title()
    for landmark in landmarks:
        await expect(page.get_by_role(landmark)).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    for fault in (UNLABELLED, TWICE_USED_IDS, FAINT):
        found = await page.evaluate(fault)
        assert not found, found
    assert await page.evaluate(TOO_WIDE) <= 0
