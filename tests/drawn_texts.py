"""Texts of a drawn figure that a reader would not see whole."""

from matplotlib.figure import Figure


def clipped(figure: Figure) -> list[str]:
    """Texts that leave the page."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    page = figure.bbox
    found = []
    artists = [*figure.texts, *(text for axes in figure.axes for text in (*axes.texts, axes.title, axes._left_title))]  # type: ignore[attr-defined]
    for text in artists:
        if not text.get_text() or not text.get_visible():
            continue
        box = text.get_window_extent(renderer)
        if box.x0 < page.x0 - 1 or box.x1 > page.x1 + 1 or box.y0 < page.y0 - 1 or box.y1 > page.y1 + 1:
            found.append(text.get_text())
    return found
