#!/usr/bin/env python3
"""Draws the series of quota_week: what was left of claude's week, hour by hour, for some settings.

plot.py PROGRAM >docs/quota-week.svg
"""
import csv
import io
import subprocess
import sys

SHOWN = {
    "in order (no settings)": "#888888",
    "reserve 15 %": "#d97706",
    "headroom": "#2563eb",
    "headroom, reserve 15 %, 40 % for light tasks": "#059669",
}
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 380, 50, 20, 20, 90
HOURS = 7 * 24


def x(hour):
    return LEFT + (WIDTH - LEFT - RIGHT) * hour / (HOURS - 1)


def y(share):
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def text(at_x, at_y, words, anchor="start"):
    return f'<text x="{at_x:.1f}" y="{at_y:.1f}" text-anchor="{anchor}">{words}</text>'


def grid():
    for percent in (0, 25, 50, 75, 100):
        level = y(percent / 100)
        yield f'<path d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
        yield text(LEFT - 6, level + 4, f"{percent} %", "end")
    for day, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")):
        yield text(x(day * 24 + 12), y(0) + 18, name, "middle")


def curves(series):
    for number, (setting, colour) in enumerate(SHOWN.items()):
        points = " ".join(f"{x(hour):.1f},{y(left):.1f}" for hour, left in series[setting])
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        row = HEIGHT - 44 + 18 * (number // 2)
        column = LEFT + 310 * (number % 2)
        yield f'<path d="M{column} {row - 4}h24" stroke="{colour}" stroke-width="2"/>'
        yield text(column + 30, row, setting)


def main():
    output = subprocess.run([sys.argv[1], "--series"], check=True, capture_output=True, text=True).stdout
    series = {}
    for row in csv.DictReader(io.StringIO(output)):
        series.setdefault(row["setting"], []).append((int(row["hour"]), float(row["left"])))
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><title>What is left of claude\'s week, on average</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    )
    print("\n".join([*grid(), *curves(series)]))
    print("</svg>")


if __name__ == "__main__":
    main()
