// A graph of series over time: lines, bars, points; stacks; one axis for each unit; thresholds; legend; cursor and marking.

import { behind } from './behind.js';
import { keys, tip } from './cursor.js';
import { legend } from './draw_legend.js';
import { element } from './element.js';
import { faint, fieldOf, ink, reduce, stepAt, stepsOf } from './field.js';
import { format } from './format.js';
import { zoneOf } from './times.js';

const FONT = '11px system-ui, sans-serif';

export function timeseries(body, panel, series, context, hidden) {
  const lines = series.map((one, index) => line(panel, one, index, hidden));
  const { showLegend, placement } = panel.options?.legend ?? {};
  body.classList.toggle('right', placement === 'right' && showLegend !== false);
  const plot = element('div', {
    class: 'plot', tabindex: '0', role: 'slider', 'aria-orientation': 'horizontal', 'aria-valuemin': context.from, 'aria-valuemax': context.until, 'aria-valuenow': context.from,
    'aria-valuetext': 'whole range', 'aria-label': `${panel.title}: graph of ${lines.length} series; the arrow keys read it`,
  });
  const state = { u: null, rows: [], open: () => {} };
  const redraw = () => {
    body.plots.forEach((old) => old.destroy());
    Object.assign(state, plotted(plot, panel, lines.filter((one) => one.on && !one.field.custom.hideFrom?.viz), context));
    body.plots = [state.u];
  };
  body.append(plot, legend(panel, lines, (one) => { one.on = !one.on; redraw(); }));
  keys(plot, () => state, context);
  redraw();
  body.sizes = new ResizeObserver(() => body.plots.forEach((one) => fit(one, plot.clientWidth, plot.clientHeight)));
  body.sizes.observe(plot);
}

// An observer says the first size too, which the plot has: it is not drawn a second time.
function fit(u, width, height) {
  if (u.width !== width || u.height !== height) u.setSize({ width, height });
}

function line(panel, one, index, hidden) {
  const field = fieldOf(panel, one, index);
  const colour = field.color?.mode === 'thresholds' && field.thresholds ? stepAt(stepsOf(field), reduce('lastNotNull', one.values))?.colour || field.colour : field.colour;
  const values = field.nullValueMode === 'null as zero' ? one.values.map((value) => value ?? 0) : one.values;
  const scale = `${field.unit ?? ''}${field.custom.axisPlacement === 'right' ? '|right' : ''}`;
  return { ...one, values, field, colour, scale, label: field.name, on: !hidden.has(field.name) };
}

function plotted(plot, panel, lines, context) {
  const joined = lines.length ? uPlot.join(lines.map((one) => [one.times, one.values])) : [[context.from, context.until]];
  const rows = lines.map((one, index) => [one, joined[index + 1]]);
  const drawn = stacked(rows);
  const scales = [...new Set(lines.map((one) => one.scale))];
  const names = Object.fromEntries(scales.map((name, index) => [name, index ? `y${index}` : 'y']));
  const more = behind(rows, context);
  const options = {
    width: plot.clientWidth, height: plot.clientHeight, legend: { show: false },
    ...clock(context),
    cursor: { sync: { key: 'preview' }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    hooks: {
      setSelect: [(u) => u.select.width > 8 && context.zoom?.(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'))],
      drawAxes: [(u) => limits(u, panel.fieldConfig?.defaults ?? {})],
    },
    scales: { x: { time: true, range: [context.from, context.until] }, ...Object.fromEntries(scales.map((name) => [names[name], scaleOf(lines.find((one) => one.scale === name).field)])) },
    axes: [{ ...axis(), space: 70 }, ...scales.map((name, index) => valueAxis(lines.find((one) => one.scale === name).field, names[name], name.endsWith('|right') || index > 0))],
    series: [{}, ...drawn.map(([one]) => styled(one, names[one.scale]))],
    plugins: [tip(rows, context), more],
  };
  if (!scales.length) options.scales.y = { range: [0, 1] };
  return { u: new uPlot(options, [joined[0], ...drawn.map(([, values]) => values)], plot), rows, open: more.open };
}

// In the dashboard's zone, with 24 hours.
function clock(context) {
  const zone = zoneOf(context);
  return {
    tzDate: zone ? (time) => uPlot.tzDate(new Date(time * 1e3), zone) : undefined,
    fmtDate: (template) => uPlot.fmtDate(template.replaceAll('{h}{aa}', '{HH}:00').replaceAll('{h}:{mm}{aa}', '{HH}:{mm}').replaceAll('{M}/{D}/{YY}', '{YYYY}-{MM}-{DD}').replaceAll('{M}/{D}', '{MM}-{DD}')),
  };
}

// What is drawn of each: sums within a group of stacked ones (the tallest first, so that each lies before the one above it), else the values.
function stacked(rows) {
  const groups = new Map();
  const made = rows.map(([one, values]) => {
    const { stacking, transform } = one.field.custom;
    const own = transform === 'negative-Y' ? values.map((value) => (value === null || value === undefined ? value : -value)) : values;
    const group = stacking && stacking.mode !== 'none' ? `${one.scale} ${stacking.group} ${stacking.mode} ${transform}` : '';
    if (group) groups.set(group, [...(groups.get(group) ?? []), own]);
    return { one, own, group };
  });
  const sums = new Map([...groups].map(([group, of]) => [group, stack(of, / percent /.test(group))]));
  const done = new Map();
  const drawn = made.map(({ one, own, group }) => {
    if (!group) return [one, own];
    const number = done.get(group) ?? 0;
    done.set(group, number + 1);
    return [one, sums.get(group)[number]];
  });
  const inGroup = (index) => Boolean(made[index].group);
  return [...drawn.filter((_one, index) => inGroup(index)).reverse(), ...drawn.filter((_one, index) => !inGroup(index))];
}

function stack(rows, percent) {
  const total = rows[0].map((_value, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0));
  const sums = total.map(() => 0);
  return rows.map((row) => row.map((value, at) => {
    if (value === null || value === undefined) return null;
    sums[at] += percent && total[at] ? (value * 100) / total[at] : value;
    return sums[at];
  }));
}

function scaleOf(field) {
  const { min, max, unit, decimals, custom } = field;
  const log = custom.scaleDistribution?.type === 'log' ? custom.scaleDistribution.log ?? 10 : 0;
  const least = Math.min(0, custom.axisSoftMin ?? 0);
  const whole = (unit === 'none' || !unit) && decimals === 0;
  return {
    distr: log ? 3 : 1, log: log || 10,
    range: (_u, low, high) => {
      if (log) return uPlot.rangeLog(min || (low > 0 ? low : 1), max || Math.max(high ?? 1, 1), log, true);
      const top = Math.max(high ?? 0, low ?? 0, custom.axisSoftMax ?? -Infinity);
      const [down, up] = uPlot.rangeNum(Math.min(least, low ?? 0), top > 0 ? top : whole ? 4 : low < 0 ? 0 : 1, 0.08, true);
      return [min ?? (low === null || Math.min(low, least) >= 0 ? 0 : down), max ?? up];
    },
  };
}

const axis = () => ({ stroke: ink('quiet'), font: FONT, grid: { stroke: ink('grid'), width: 1 }, ticks: { show: false } });

function valueAxis(field, scale, right) {
  const { unit, decimals, custom } = field;
  const whole = unit === 'none' && !decimals;
  return {
    ...axis(), scale, side: right ? 1 : 3, show: custom.axisPlacement !== 'hidden', label: custom.axisLabel || undefined, labelSize: 16, labelFont: FONT,
    grid: right ? { show: false } : { stroke: ink('grid'), width: 1 },
    incrs: whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] : undefined,
    values: (_u, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick, unit, whole ? 0 : undefined))),
    size: (_u, texts) => Math.max(32, ...(texts ?? []).map((text) => text.length * 6.5 + 12)),
  };
}

function styled(one, scale) {
  const { custom } = one.field;
  const isBars = custom.drawStyle === 'bars';
  const inStack = custom.stacking && custom.stacking.mode !== 'none';
  return {
    label: one.label, scale, stroke: one.colour, width: custom.drawStyle === 'points' || isBars ? 0 : Math.max(1, custom.lineWidth ?? 1),
    fill: isBars || custom.fillOpacity ? faint(one.colour, inStack && isBars ? 100 : custom.fillOpacity || 60) : undefined,
    spanGaps: Boolean(custom.spanNulls), points: pointsOf(custom, one), dash: custom.lineStyle?.fill === 'dash' ? custom.lineStyle.dash ?? [10, 10] : custom.lineStyle?.fill === 'dot' ? [2, 6] : undefined,
    paths: isBars ? uPlot.paths.bars({ size: [0.7, 24, 3] }) : { stepAfter: uPlot.paths.stepped({ align: 1 }), stepBefore: uPlot.paths.stepped({ align: -1 }), smooth: uPlot.paths.spline() }[custom.lineInterpolation],
  };
}

function pointsOf(custom, one) {
  if (custom.drawStyle === 'bars') return { show: false };
  const count = one.values.filter((value) => value !== null).length;
  const show = custom.showPoints === 'always' || custom.drawStyle === 'points' || count === 1;
  return show ? { show: true, size: (custom.pointSize ?? 4) + 2, fill: one.colour } : { show: false };
}

// Thresholds: areas between the steps, lines at them.
function limits(u, field) {
  const style = field.custom?.thresholdsStyle?.mode ?? 'off';
  if (!field.thresholds || !/line|area|dashed/.test(style) || !u.scales.y || u.scales.y.min === null || u.scales.y.min === undefined) return;
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const [low, high] = [u.scales.y.min, u.scales.y.max];
  const steps = stepsOf(field, low, high);
  const place = (value) => u.valToPos(Math.max(low, Math.min(high, value)), 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  steps.forEach((step, index) => {
    if (!step.colour) return;
    const [down, up] = [place(step.value), place(steps[index + 1]?.value ?? Infinity)];
    if (style.includes('area')) { ctx.fillStyle = faint(step.colour, 14); ctx.fillRect(left, up, width, down - up); }
    if (!/line|dashed/.test(style) || step.value === -Infinity || step.value < low || step.value > high) return;
    ctx.strokeStyle = step.colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(style.includes('dashed') ? [10, 10] : []);
    ctx.beginPath();
    ctx.moveTo(left, down);
    ctx.lineTo(left + width, down);
    ctx.stroke();
  });
  ctx.restore();
}
