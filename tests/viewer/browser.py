"""A browser without a window, for the tests that click through pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SECONDS = 60
HEIGHT = 900


class Browser:
    """Debian's Chromium, as a reader uses it."""

    def __init__(self, driver: Chrome):
        self.driver = driver

    def open(self, url: str, width: int = 1280, theme: str = "light") -> None:
        """Go to a page, and wait until it is drawn."""
        self.dress(width, theme)
        self.requests()
        self.driver.get(url)
        self.wait("document.body.dataset.ready === 'yes'")

    def dress(self, width: int, theme: str) -> None:
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)

    def js(self, code: str):
        return self.driver.execute_script(f"return ({code})")

    def wait(self, condition: str) -> None:
        WebDriverWait(self.driver, SECONDS).until(lambda _: self.js(condition), condition)

    def text(self, selector: str) -> str:
        return self.js(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector: str) -> None:
        self.driver.find_element("css selector", selector).click()

    def press(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)
        self.settle()

    def settle(self) -> None:
        """Wait for what the next frame draws."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))"
        )

    def requests(self) -> list[str]:
        """What has been asked of others since the last time, for the page and by it."""
        entries = (json.loads(e["message"])["message"] for e in self.driver.get_log("performance"))
        asked = [own for own in entries if own["method"] == "Network.requestWillBeSent"]
        urls = (own["params"]["request"]["url"] for own in asked)
        return [url for url in urls if not url.startswith(("data:", "blob:"))]

    def errors(self) -> list[str]:
        """What the page has complained about since the last time."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser; what it needs is Debian's chromium and chromium-driver."""
    options = Options()
    options.binary_location = shutil.which("chromium") or "chromium is not installed"
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options, Service(shutil.which("chromedriver") or "chromium-driver is missing"))
    driver.set_script_timeout(SECONDS)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
