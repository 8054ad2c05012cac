"""A dashboard in Grafana's JSON with every kind of panel that the preview draws, and variables that name what it shows."""

JOBS = ("alpha", "beta", "gamma")
STEPS = [{"color": "green", "value": None}, {"color": "orange", "value": 4}, {"color": "red", "value": 8}]
LIMITS = {"mode": "absolute", "steps": STEPS}
VARIABLES = [
    {"name": "job", "type": "query", "label": "Job", "query": "t.jobs.*", "multi": True, "includeAll": True, "current": {"value": ["$__all"]}},
    {"name": "what", "type": "query", "label": "Result", "query": "t.jobs.$job.*", "regex": "/^(FAILURE|SUCCESS)$/", "sort": 2, "current": {"value": "SUCCESS"}},
    {"name": "span", "type": "interval", "label": "Step", "query": "1m,5m,30m", "current": {"value": "5m"}},
    {"name": "factor", "type": "custom", "label": "Factor", "query": "once : 1,twice : 2", "current": {"value": "1"}},
    {"name": "top", "type": "constant", "query": "t"},
    {"name": "word", "type": "textbox", "label": "Word", "query": "line"},
]  # fmt: skip


def panel(number, kind, title, targets, at, defaults=None, **more):
    x, y, w, h = at
    return {
        "id": number,
        "type": kind,
        "title": title,
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "targets": [{"refId": chr(65 + n), "target": text} for n, text in enumerate(targets)],
        "fieldConfig": {"defaults": defaults or {}, "overrides": more.pop("overrides", [])},
        "options": more.pop("options", {}),
        **more,
    }


def board(**more):
    calcs = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    each = "aliasByNode($top.jobs.$job.$what, 2)"
    return {
        "title": "Kinds of $what",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "refresh": "",
        "graphTooltip": 2,
        "templating": {"list": VARIABLES},
        "panels": [
            panel(1, "timeseries", "$what of $job", [f"scale({each}, $factor)", "alias(t.load, '$word')"], (0, 0, 16, 9),
                  {"unit": "short", "thresholds": LIMITS, "custom": {"lineWidth": 2, "spanNulls": True, "thresholdsStyle": {"mode": "line+area"}, "showPoints": "always"}},
                  options={"legend": {"showLegend": True, "displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "mean", "max", "sum"]}},
                  overrides=[{"matcher": {"id": "byName", "options": "line"}, "properties": [{"id": "unit", "value": "percent"}, {"id": "color", "value": {"mode": "fixed", "fixedColor": "purple"}}]}]),
            panel(2, "stat", "Load", ["t.load"], (16, 0, 4, 9), {"unit": "percent", "thresholds": LIMITS}, options={**calcs, "graphMode": "area", "colorMode": "value"}),
            panel(3, "gauge", "Load on an arc", ["t.load"], (20, 0, 4, 9), {"unit": "none", "min": 0, "max": 10, "thresholds": LIMITS}, options=calcs),
            panel(4, "table", "Each job", [each], (0, 9, 8, 8), {"thresholds": LIMITS, "custom": {"cellOptions": {"type": "color-text"}}},
                  transformations=[{"id": "reduce", "options": {"reducers": ["lastNotNull", "sum"]}}]),
            panel(5, "bargauge", "Bars", [each], (8, 9, 8, 8), {"thresholds": LIMITS}, options={**calcs, "orientation": "horizontal"}),
            panel(6, "stat", "State", ["t.state"], (16, 9, 4, 8), {"mappings": [{"type": "value", "options": {"1": {"text": "up", "color": "green"}, "0": {"text": "down", "color": "red"}}}]},
                  options={**calcs, "colorMode": "background"}),
            {"id": 7, "type": "text", "title": "Words", "gridPos": {"x": 20, "y": 9, "w": 4, "h": 8}, "options": {"mode": "markdown", "content": "About **$job**:\n\n* one\n* `two`\n\n| a | b |\n|---|---|\n| 1 | 2 |"}},
            {"id": 8, "type": "row", "title": "Why nothing", "collapsed": False, "gridPos": {"x": 0, "y": 17, "w": 24, "h": 1}, "panels": []},
            panel(9, "timeseries", "No such name", ["t.jobs.alhpa.SUCCESS"], (0, 18, 8, 6)),
            panel(10, "timeseries", "Broken", ["alias(sumSeries(t.jobs.{alpha,beta.SUCCESS), 'x')"], (8, 18, 8, 6)),
            panel(11, "timeseries", "Long ago", ["t.old"], (16, 18, 8, 6)),
            {"id": 12, "type": "row", "title": "Folded", "collapsed": True, "gridPos": {"x": 0, "y": 24, "w": 24, "h": 1},
             "panels": [panel(13, "table", "By time", ["t.load", "t.state"], (0, 25, 12, 8), {"unit": "short"}),
                        panel(14, "graph", "Of old", ["summarize(t.jobs.*.SUCCESS, '$span', 'sum')"], (12, 25, 12, 8), stack=True, bars=True, lines=False, linewidth=1, fill=1,
                              yaxes=[{"format": "short"}], legend={"show": True, "values": True, "total": True})]},
            panel(15, "stat", "One of $job", ["t.jobs.$job.SUCCESS"], (0, 33, 24, 4), options=calcs, repeat="job", maxPerRow=3),
        ],
        **more,
    }  # fmt: skip


def points(now):
    """Give (name, value, time) of an hour in steps of a minute, and of one series that ended days ago."""
    begin = (int(now) - 3600) // 60 * 60 + 60
    for step in range(59):
        at = begin + 60 * step
        yield "t.load", 2 + step % 8 + 0.25, at
        yield "t.state", step % 2, at
        for number, job in enumerate(JOBS):
            yield f"t.jobs.{job}.SUCCESS", number + (step * (number + 1)) % 7, at
            if step % 20 == 3 and number:
                yield f"t.jobs.{job}.FAILURE", 1, at
    yield "t.old", 5, begin - 3 * 86400
