"""A small plot of lines as SVG, readable on light and dark ground."""
import html
import math

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 96, 36, 48
COLOURS = ["#2f7ed8", "#d9822b", "#3a9a5b", "#a355c4"]
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.grid { stroke: #8884; stroke-width: 1 }
.axis { stroke: #888; stroke-width: 1 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }
"""


def svg(lines, x_name, y_name, title):
    """Lines by name, each of points (x, y), with axes from zero."""
    points = [point for line in lines.values() for point in line]
    x_step, y_step = (tick(max(point[axis] for point in points)) for axis in (0, 1))
    x_end, y_end = (
        step * math.ceil(max(point[axis] for point in points) / step) for axis, step in ((0, x_step), (1, y_step)))

    def x(value):
        return LEFT + value / x_end * (WIDTH - LEFT - RIGHT)

    def y(value):
        return HEIGHT - BOTTOM - value / y_end * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>",
        text(LEFT, 20, f"{title}, {y_name}", "start", "title"),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_name, "middle"),
    ]
    for index in range(round(y_end / y_step) + 1):
        value = index * y_step
        parts.append(rule(x(0), y(value), x(x_end), y(value), "grid" if index else "axis"))
        parts.append(text(LEFT - 8, y(value) + 4, f"{value:g}", "end"))
    for index in range(round(x_end / x_step) + 1):
        value = index * x_step
        parts.append(text(x(value), HEIGHT - BOTTOM + 18, f"{value:g}", "middle"))
    parts.append(rule(x(0), y(0), x(0), y(y_end), "axis"))
    for (name, line), colour in zip(lines.items(), COLOURS):
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for a, b in line:
            parts.append(
                f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" fill="{colour}"><title>{html.escape(name)}: {a:.2f}, {b:.2f}'
                f"</title></circle>")
        end = line[-1]
        parts.append(text(x(end[0]) + 8, y(end[1]) + 4, name, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def tick(largest):
    """A round step that divides the axis into three to seven."""
    power = 10 ** math.floor(math.log10(largest))
    return next(power * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2) if largest / (power * factor) <= 7)


def text(x, y, words, anchor, kind=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{html.escape(words)}</text>'


def rule(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'
