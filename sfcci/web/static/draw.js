// Draws one panel of Grafana's JSON from the answers of /api/render: time series, stat, gauge, text; or says why there is nothing.

import { behind } from './behind.js';

const COLOURS = 8;
const TITLES = { lastNotNull: 'Last', mean: 'Mean', min: 'Min', max: 'Max', sum: 'Total', firstNotNull: 'First', range: 'Range', diff: 'Difference', delta: 'Delta' };
const REDUCE = {
  lastNotNull: (v) => v.at(-1), firstNotNull: (v) => v[0], mean: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  sum: (v) => v.reduce((a, b) => a + b, 0), min: (v) => Math.min(...v), max: (v) => Math.max(...v),
  range: (v) => Math.max(...v) - Math.min(...v), diff: (v) => v.at(-1) - v[0], delta: (v) => v.at(-1) - v[0],
};
const TIMES = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1], ['ms', 1e-3], ['µs', 1e-6], ['ns', 1e-9]];
const IN_SECONDS = { ns: 1e-9, 'µs': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A value as people read it: 12.5 %, 1.2 min, 3.4 K.
export function format(value, unit = 'short', decimals = undefined) {
  if (value === null || value === undefined) return '–';
  const digits = (number, most) => number.toLocaleString('en', {
    minimumFractionDigits: decimals ?? 0, maximumFractionDigits: decimals ?? most,
  });
  const most = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  if (unit === 'percent') return `${digits(value, most)} %`;
  if (unit === 'percentunit') return `${digits(value * 100, most)} %`;
  if (unit in IN_SECONDS) return duration(value * IN_SECONDS[unit], digits);
  if (unit === 'none') return digits(value, 3);
  const affix = /^(prefix|suffix):(.*)$/.exec(unit);
  if (affix) return affix[1] === 'prefix' ? affix[2] + digits(value, most) : digits(value, most) + affix[2];
  const binary = /^(bytes|bits)$/.test(unit);
  const base = binary ? 1024 : 1000;
  let step = 0;
  while (Math.abs(value) >= base && step < 5) { value /= base; step += 1; }
  const letter = ['', 'K', 'M', 'G', 'T', 'P'][step] + (binary && step ? 'i' : '');
  const name = unit === 'bytes' || unit === 'decbytes' ? 'B' : unit === 'bits' || unit === 'decbits' ? 'b' : unit === 'short' ? '' : unit;
  const tail = letter + name;
  return digits(value, Math.abs(value) >= 100 ? 0 : 2) + (tail ? ` ${tail}` : '');
}

function duration(seconds, digits) {
  if (seconds === 0) return '0 s';
  const [name, size] = TIMES.find(([, one]) => Math.abs(seconds) >= one) ?? TIMES.at(-1);
  const value = seconds / size;
  return `${digits(value, Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)} ${name}`;
}

export function reduce(calc, values) {
  const numbers = values.filter((value) => value !== null);
  return numbers.length ? (REDUCE[calc] ?? REDUCE.lastNotNull)(numbers) : null;
}

// Fills a panel's body. `answer` is what /api/render gave; `context`: from, until, utc, zoom(from, until), runs(targets, at, step).
export function draw(body, panel, answer, context) {
  body.plots?.forEach((plot) => plot.destroy());
  body.plots = [];
  const series = answer.answers.flatMap((one) => one.series.map((each) => ({ ...each, target: one.target }))).filter((one) => one.values.some((value) => value !== null));
  const troubled = answer.answers.filter((one) => one.trouble);
  const hidden = new Set([...body.querySelectorAll('[aria-pressed="false"]')].map((button) => button.textContent));
  body.replaceChildren();
  body.classList.toggle('right', Boolean(series.length) && panel.type === 'timeseries' && panel.options.legend?.placement === 'right' && panel.options.legend.showLegend);
  if (!series.length) body.append(nothing(troubled));
  else if (panel.type === 'stat' || panel.type === 'gauge') stat(body, panel, series, context);
  else timeseries(body, panel, series, context, hidden);
  if (series.length && troubled.length) body.append(some(troubled, answer.answers.length));
}

function nothing(troubled) {
  const kinds = [...new Set(troubled.map((one) => one.trouble))];
  const head = kinds.length === 1 ? sentence(kinds[0]) : kinds.length ? 'Nothing to draw' : 'No targets';
  return element('div', { class: 'trouble all' }, element('strong', {}, head), reasons(troubled));
}

function some(troubled, all) {
  const kinds = [...new Set(troubled.map((one) => one.trouble))].join(', ');
  const summary = element('summary', {}, `${troubled.length} of ${all} targets draw nothing: ${kinds}`);
  return element('details', { class: 'some trouble' }, summary, reasons(troubled));
}

function reasons(troubled) {
  const list = element('ul');
  const seen = new Map();
  for (const one of troubled) seen.set(one.detail, [...(seen.get(one.detail) ?? []), one]);
  for (const [detail, same] of seen) {
    const item = element('li', {}, `${same.map((one) => one.ref).join(', ')}: ${detail}`);
    if (same[0].column) item.append(element('pre', {}, `${same[0].target}\n${' '.repeat(same[0].column - 1)}^`));
    list.append(item);
  }
  return list;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const colour = (index) => getComputedStyle(document.documentElement).getPropertyValue(`--s${index % COLOURS}`).trim();
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const alpha = (hex, opacity) => hex + Math.round(opacity * 2.55).toString(16).padStart(2, '0');

function stat(body, panel, series, context) {
  const { unit, decimals, thresholds } = panel.fieldConfig.defaults;
  const calc = panel.options.reduceOptions?.calcs?.[0] ?? 'lastNotNull';
  const box = element('div', { class: 'stat' });
  if (panel.options.graphMode === 'area') {
    const spark = element('div', { class: 'spark', 'aria-hidden': 'true' });
    box.append(spark);
    requestAnimationFrame(() => sparkline(body, spark, series[0], context));
  }
  for (const one of series) {
    const value = reduce(calc, one.values);
    const tone = panel.options.colorMode === 'none' ? '' : toneOf(value, thresholds?.steps ?? []);
    const number = element('div', { class: `number ${tone}`, 'data-value': value }, format(value, unit, decimals));
    box.append(element('figure', {}, number, element('figcaption', {}, one.name)));
  }
  body.append(box);
}

const toneOf = (value, steps) => steps.filter((step) => step.value === null || value >= step.value).at(-1)?.color ?? '';

function sparkline(body, spark, one, context) {
  const line = { stroke: colour(0), fill: alpha(colour(0), 18), width: 1, points: { show: false }, spanGaps: true };
  body.plots.push(new uPlot({
    width: spark.clientWidth, height: spark.clientHeight, legend: { show: false }, cursor: { show: false },
    axes: [{ show: false }, { show: false }], series: [{}, line],
    scales: { x: { time: true, range: [context.from, context.until] }, y: { range: (_u, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 1, 1e-9) * 1.1] } },
  }, [one.times, one.values], spark));
}

function timeseries(body, panel, series, context, hidden) {
  const { unit, decimals, custom = {} } = panel.fieldConfig.defaults;
  const shown = series.map((one, index) => ({ ...one, colour: colour(index), on: !hidden.has(one.name) }));
  const plot = element('div', { class: 'plot', role: 'img', 'aria-label': `${panel.title}: graph of ${shown.length} series, the values are in the table below` });
  body.append(plot, legend(panel, shown, (index) => { shown[index].on = !shown[index].on; redraw(); }));
  const aligned = uPlot.join(shown.map((one) => [one.times, one.values]));
  const redraw = () => {
    body.plots.forEach((old) => old.destroy());
    const order = shown.map((_one, index) => index).filter((index) => shown[index].on);
    const stacked = custom.stacking && custom.stacking.mode !== 'none';
    const rows = stacked ? stack(order.map((index) => aligned[index + 1]), custom.stacking.mode === 'percent') : order.map((index) => aligned[index + 1]);
    if (stacked) { order.reverse(); rows.reverse(); } // the tallest first, so that each lies before the one above it
    const options = plotOptions(plot, panel, order.map((index) => shown[index]), context, stacked);
    const lines = order.map((index) => [shown[index], aligned[index + 1]]);
    options.plugins = [tip(lines, (value) => format(value, unit, decimals), context), behind(lines, context, element)];
    body.plots = [new uPlot(options, [aligned[0], ...rows], plot)];
  };
  redraw();
  body.sizes?.disconnect();
  body.sizes = new ResizeObserver(() => body.plots.forEach((one) => one.setSize({ width: plot.clientWidth, height: plot.clientHeight })));
  body.sizes.observe(plot);
}

function stack(rows, percent) {
  const total = rows.length ? rows[0].map((_value, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0)) : [];
  const sums = total.map(() => 0);
  return rows.map((row) => row.map((value, at) => {
    if (value === null || value === undefined) return null;
    sums[at] += percent && total[at] ? (value * 100) / total[at] : value;
    return sums[at];
  }));
}

function plotOptions(plot, panel, shown, context, stacked) {
  const { unit, decimals, min, max, custom = {} } = panel.fieldConfig.defaults;
  const whole = unit === 'none' && !decimals;
  const axis = { stroke: ink('quiet'), font: '11px system-ui, sans-serif', grid: { stroke: ink('grid'), width: 1 }, ticks: { show: false } };
  const step = { align: 1 };
  return {
    width: plot.clientWidth, height: plot.clientHeight, legend: { show: false },
    tzDate: context.utc ? (time) => uPlot.tzDate(new Date(time * 1e3), 'Etc/UTC') : undefined,
    fmtDate: (template) => uPlot.fmtDate(template.replaceAll('{h}{aa}', '{HH}:00').replaceAll('{h}:{mm}{aa}', '{HH}:{mm}').replaceAll('{M}/{D}/{YY}', '{YYYY}-{MM}-{DD}').replaceAll('{M}/{D}', '{MM}-{DD}')),
    cursor: { sync: { key: 'preview' }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    hooks: { setSelect: [(u) => u.select.width > 8 && context.zoom(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'))] },
    scales: {
      x: { time: true, range: [context.from, context.until] },
      y: {
        distr: custom.scaleDistribution?.type === 'log' ? 3 : 1,
        range: (_u, low, high) => {
          const top = Math.max(high ?? 0, low ?? 0);
          const [down, up] = uPlot.rangeNum(Math.min(0, low ?? 0), top > 0 ? top : whole ? 4 : 1, 0.08, true);
          return [min ?? (low === null || low >= 0 ? 0 : down), max ?? up];
        },
      },
    },
    axes: [
      { ...axis, space: 70 },
      {
        ...axis, show: custom.axisPlacement !== 'hidden', label: custom.axisLabel || undefined, labelSize: 16, labelFont: axis.font,
        incrs: whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] : undefined,
        values: (_u, ticks) => ticks.map((tick) => format(tick, unit, whole ? 0 : undefined)),
        size: (_u, texts) => Math.max(32, ...(texts ?? []).map((text) => text.length * 6.5 + 12)),
      },
    ],
    series: [{}, ...shown.map((one) => {
      const bars = custom.drawStyle === 'bars';
      return {
        label: one.name, stroke: one.colour, width: custom.drawStyle === 'points' ? 0 : bars ? 0 : Math.max(1, custom.lineWidth ?? 1),
        fill: bars || custom.fillOpacity ? alpha(one.colour, stacked && bars ? 100 : custom.fillOpacity || 60) : undefined,
        spanGaps: Boolean(custom.spanNulls), points: pointsOf(custom, one),
        paths: bars ? uPlot.paths.bars({ size: [0.7, 24, 3] }) : custom.lineInterpolation === 'stepAfter' ? uPlot.paths.stepped(step) : undefined,
      };
    })],
  };
}

function pointsOf(custom, one) {
  if (custom.drawStyle === 'bars') return { show: false };
  const count = one.values.filter((value) => value !== null).length;
  const show = custom.showPoints === 'always' || custom.drawStyle === 'points' || count === 1;
  return show ? { show: true, size: (custom.pointSize ?? 4) + 2, fill: one.colour } : { show: false };
}

function legend(panel, shown, toggle) {
  const { unit, decimals } = panel.fieldConfig.defaults;
  const { showLegend = true, displayMode = 'list', calcs = [] } = panel.options.legend ?? {};
  if (!showLegend) return '';
  const head = element('tr', {}, element('th', { scope: 'col' }, 'Series'), ...calcs.map((calc) => element('th', { scope: 'col' }, TITLES[calc] ?? calc)));
  const rows = shown.map((one, index) => {
    const chip = element('span', { class: 'chip' });
    chip.style.background = one.colour;
    const button = element('button', { type: 'button', 'aria-pressed': one.on }, chip, one.name);
    button.addEventListener('click', () => { toggle(index); button.setAttribute('aria-pressed', shown[index].on); });
    const cells = calcs.map((calc) => {
      const value = reduce(calc, one.values);
      return element('td', { 'data-value': value, 'data-calc': calc }, format(value, unit, decimals));
    });
    return element('tr', {}, element('th', { scope: 'row' }, button), ...cells);
  });
  const caption = element('caption', { class: 'hidden' }, `Series of ${panel.title}`);
  const table = element('table', {}, caption, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { class: `legend ${displayMode === 'table' ? 'table' : 'list'}` }, table);
}

// A box beside the pointer with the time and the values there.
function tip(rows, text, context) {
  const box = element('div', { class: 'tip', hidden: '' });
  const at = (u) => {
    const { left, top, idx } = u.cursor;
    const lines = idx === null || idx === undefined || left < 0 ? [] : rows.filter(([, values]) => values[idx] !== null && values[idx] !== undefined);
    box.hidden = !lines.length;
    if (box.hidden) return;
    const time = new Date(u.data[0][idx] * 1e3);
    const when = context.utc ? `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC` : time.toLocaleString('sv');
    box.replaceChildren(element('strong', {}, when), ...lines.slice(0, 16).map(([one, values]) => {
      const chip = element('span', { class: 'chip' });
      chip.style.background = one.colour;
      return element('div', {}, chip, `${one.name}: ${text(values[idx])}`);
    }));
    const right = left > u.over.clientWidth / 2;
    box.style.left = right ? '' : `${left + 12}px`;
    box.style.right = right ? `${u.over.clientWidth - left + 12}px` : '';
    box.style.top = `${Math.max(0, Math.min(top, u.over.clientHeight - box.offsetHeight))}px`;
  };
  return { hooks: { init: (u) => u.over.append(box), setCursor: at } };
}
