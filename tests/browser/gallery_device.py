"""The page for a device's code, in its states, for the gallery (tests/browser/gallery.py)."""

from __future__ import annotations

from tests.browser.sample import FORM, Sample

DEVICE = ("device-enter", "device-error", "device-confirm", "device-done", "device-refused")


def device_samples() -> dict[str, Sample]:
    """The code, the question, and the two ends."""
    plain = {
        **FORM, "state": "enter", "code": "", "shown": "", "application": "", "errors": [], "continue_url": "", "refuse_url": "", "home_url": "/apps",
    }  # fmt: skip
    wrong = [
        {"field": "code", "message": "No device is waiting with this code. Check it on the device; it's valid for ten minutes."}
    ]
    asked = {"state": "confirm", "code": "BCDFGHJK", "shown": "BCDF-GHJK", "application": "Meeting room screen"}
    return {
        "device-enter": Sample("device_code.html", "device-code", plain),
        "device-error": Sample("device_code.html", "device-code", {**plain, "code": "BCDF-XXXX", "errors": wrong}),
        "device-confirm": Sample("device_code.html", "device-code", {**plain, **asked}),
        "device-done": Sample("device_code.html", "device-code", {**plain, "state": "done"}),
        "device-refused": Sample("device_code.html", "device-code", {**plain, "state": "refused"}),
    }
