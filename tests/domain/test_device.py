"""FD-07: two words from a User-Agent, and nothing else of it."""

from __future__ import annotations

import pytest

from broker.domain.device import device_of, parts_of

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox/Linux"),
        (f"{WINDOWS} {WEBKIT} Chrome/142.0.0.0 Safari/537.36", "Chrome/Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge/Windows"),
        (f"{MAC} {WEBKIT} Chrome/142.0.0.0 Safari/537.36 OPR/126.0.0.0", "Opera/macOS"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "Safari/macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 Version/26.0 Mobile/15E148 Safari/604.1", "Safari/iPhone"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 FxiOS/145.0 Mobile/15E148 Safari/605.1.15", "Firefox/iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/142.0 Mobile/15E148 Safari/604.1", "Chrome/iPad"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome/Android"),
        (f"Mozilla/5.0 (Linux; Android 15; SM-S901B) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet/Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/142.0.0.0 Safari/537.36", "Chrome/ChromeOS"),
        ("curl/8.5.0", "curl/"),
        ("something (Windows NT 10.0)", "/Windows"),
        ("", ""),
        ("<script>alert(1)</script>", ""),
        ("x" * 600 + " Firefox/1 Windows", ""),
    ],
)  # fmt: skip
def test_fd_07_two_words(sent: str, words: str) -> None:
    """What a person would call it; nothing that was sent gets through."""
    assert device_of(sent) == words


def test_fd_07_parts() -> None:
    """Each part on its own."""
    assert parts_of("Firefox/Windows") == ("Firefox", "Windows")
    assert parts_of("curl/") == ("curl", "")
    assert parts_of("/Windows") == ("", "Windows")
    assert parts_of("") == ("", "")
