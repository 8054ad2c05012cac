// One value of each series: as a number (stat), on an arc (gauge), as a bar (bar gauge).

import { element } from './element.js';
import { faint, fieldOf, ink, reduce, stepsOf, told } from './field.js';

const ARC = '<svg viewBox="0 0 100 58" aria-hidden="true"><path class="way"/><path class="part"/></svg>';
const MOST = 60;

// [{name, value, field, one}] of each series, as the panel reduces it.
function values(panel, series) {
  const calc = panel.options?.reduceOptions?.calcs?.[0] ?? 'lastNotNull';
  return series.slice(0, MOST).map((one, index) => { const field = fieldOf(panel, one, index); return { one, field, name: field.name, value: reduce(calc, one.values) }; });
}

const numbers = (series) => series.flatMap((one) => one.values).filter((value) => value !== null);
const ends = (found, series) => { const all = numbers(series); return [found.min ?? all.reduce((a, b) => Math.min(a, b), 0), found.max ?? all.reduce((a, b) => Math.max(a, b), 0)]; };

export function stats(body, panel, series, context) {
  const { graphMode = 'none', colorMode = 'value', textMode = 'auto' } = panel.options ?? {};
  const box = element('div', { class: 'stat' });
  const found = values(panel, series);
  if (graphMode === 'area') {
    const spark = element('div', { class: 'spark', 'aria-hidden': 'true' });
    box.append(spark);
    requestAnimationFrame(() => { if (spark.isConnected) body.plots.push(sparkline(spark, found[0], context)); });
  }
  for (const { value, field, name } of found) {
    const { text, colour, tone } = told(value, field, ...ends(field, series));
    const number = element('div', { class: `number ${colorMode === 'none' ? '' : tone}`, 'data-value': value }, textMode === 'name' ? name : text);
    const figure = element('figure', {}, number);
    if (colorMode.startsWith('background') && colour) { figure.classList.add('filled'); figure.style.background = faint(colour, 25); figure.style.borderColor = colour; } else if (colorMode !== 'none' && colour) number.style.color = colour;
    if (textMode === 'value_and_name' || (textMode === 'auto' && found.length > 1)) figure.append(element('figcaption', {}, name));
    if (textMode === 'none') number.classList.add('hidden');
    box.append(figure);
  }
  body.append(box);
}

function sparkline(spark, { one, field }, context) {
  const line = { stroke: field.colour, fill: faint(field.colour, 18), width: 1, points: { show: false }, spanGaps: true };
  return new uPlot({
    width: spark.clientWidth, height: spark.clientHeight, legend: { show: false }, cursor: { show: false },
    axes: [{ show: false }, { show: false }], series: [{}, line],
    scales: { x: { time: true, range: [context.from, context.until] }, y: { range: (_u, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 1, 1e-9) * 1.1] } },
  }, [one.times, one.values], spark);
}

export function gauges(body, panel, series) {
  const { showThresholdMarkers = true, showThresholdLabels = false } = panel.options ?? {};
  const box = element('div', { class: 'stat gauges' });
  const found = values(panel, series);
  box.style.setProperty('--count', found.length);
  for (const { value, field, name } of found) {
    const [low, high] = [field.min ?? 0, field.max ?? 100];
    const { text, colour, tone } = told(value, field, low, high);
    const number = element('div', { class: `number ${tone}`, 'data-value': value }, text);
    number.style.color = colour;
    const dial = element('div', { class: 'dial', role: 'meter', 'aria-label': `${name}: ${text}`, 'aria-valuemin': low, 'aria-valuemax': high, 'aria-valuenow': value, 'aria-valuetext': text });
    dial.innerHTML = ARC;
    const [way, part] = dial.querySelectorAll('path');
    way.setAttribute('d', arc(0, 1, 44));
    part.setAttribute('d', arc(0, share(value, low, high), 44));
    part.style.stroke = colour || ink('s0');
    const steps = stepsOf(field, low, high);
    if (showThresholdMarkers) steps.forEach((step, index) => dial.firstChild.append(marker(way, step, arc(share(step.value, low, high), share(steps[index + 1]?.value ?? Infinity, low, high), 36))));
    if (showThresholdLabels) dial.title = steps.filter((step) => step.value > -Infinity).map((step) => `${step.name} from ${told(step.value, { ...field, mappings: [] }).text}`).join(', ');
    dial.append(number);
    box.append(element('figure', {}, dial, element('figcaption', {}, name)));
  }
  body.append(box);
}

const share = (value, low, high) => Math.max(0, Math.min(1, high > low ? ((value ?? low) - low) / (high - low) : 0));

function marker(way, step, d) {
  const made = way.cloneNode();
  made.setAttribute('class', 'mark');
  made.setAttribute('d', d);
  made.style.stroke = step.colour || 'none';
  return made;
}

// A piece of the upper half of a circle, from one share of it to another.
function arc(from, to, radius) {
  const spot = (part) => { const angle = Math.PI * (1 - part); return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 - radius * Math.sin(angle)).toFixed(2)}`; };
  return to > from ? `M ${spot(from)} A ${radius} ${radius} 0 0 1 ${spot(to)}` : '';
}

export function bars(body, panel, series) {
  const upright = panel.options?.orientation === 'vertical';
  const found = values(panel, series);
  const box = element('div', { class: `bars${upright ? ' upright' : ''}` });
  for (const { value, field, name } of found) {
    const [low, high] = ends(field, series);
    const { text, colour, tone } = told(value, field, low, high);
    const bar = element('span', { class: 'bar-part' });
    bar.style[upright ? 'height' : 'width'] = `${(share(value, low, high) * 100).toFixed(2)}%`;
    bar.style.background = colour || field.colour;
    const way = element('div', { class: 'bar-way', role: 'meter', 'aria-label': `${name}: ${text}`, 'aria-valuemin': low, 'aria-valuemax': high, 'aria-valuenow': value, 'aria-valuetext': text }, bar);
    const number = element('span', { class: `number ${tone}`, 'data-value': value }, text);
    if (colour) number.style.color = colour;
    box.append(element('div', { class: 'bar-line' }, element('span', { class: 'bar-name' }, name), way, number));
  }
  body.append(box);
}
