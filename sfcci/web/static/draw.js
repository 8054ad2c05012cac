// Draws one panel of Grafana's JSON from the answers of /api/render, by its kind; or says why there is nothing.

import { table } from './draw_table.js';
import { timeseries } from './draw_timeseries.js';
import { bars, gauges, stats } from './draw_stat.js';
import { nothing, some } from './trouble.js';

const KINDS = { timeseries, graph: timeseries, stat: stats, singlestat: stats, gauge: gauges, bargauge: bars, table };

export const isDrawn = (kind) => kind in KINDS;

// Fills a panel's body. `answer` is what /api/render gave; `context`: from, until, utc, zone, hover, zoom(from, until), runs(targets, at, step).
// Gives whether there was something to draw.
export function draw(body, panel, answer, context) {
  const hidden = new Set([...body.querySelectorAll('[aria-pressed="false"]')].map((button) => button.textContent));
  clear(body);
  const all = answer.answers.flatMap((one) => one.series.map((each) => ({ ...each, target: one.target, ref: one.ref })));
  const series = all.filter((one) => one.values.some((value) => value !== null));
  const troubled = answer.answers.filter((one) => one.trouble);
  if (series.length) KINDS[panel.type](body, panel, series, context, hidden); else body.append(nothing(troubled));
  if (series.length && troubled.length) body.append(some(troubled, answer.answers.length));
  return series.length > 0;
}

// Empties a body; what watches or draws there ends.
export function clear(body) {
  body.plots?.forEach((plot) => plot.destroy());
  body.plots = [];
  body.sizes?.disconnect();
  body.sizes = null;
  body.classList.remove('right');
  body.replaceChildren();
}
