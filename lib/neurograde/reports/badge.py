"""A badge: one line of an audit as an SVG picture that a README or a paper can show."""

from __future__ import annotations

from html import escape

GREEN, RED = "#0b7a60", "#8f1a20"
_CHARACTER_PX = 6.6  # of 11 px Verdana and its like, on average
_PADDING_PX = 12


def badge(label: str, message: str, digest: str, *, good: bool) -> str:
    """Return the SVG: label and message side by side; its title names the digest of the set that it belongs to."""
    left, right = (round(len(text) * _CHARACTER_PX) + _PADDING_PX for text in (label, message))
    title = escape(f"{label}: {message}; digest {digest}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{left}" height="20" fill="#3b4252"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{GREEN if good else RED}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(message)}</text></g></svg>\n'
    )
