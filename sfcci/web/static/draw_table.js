// A table: series by their values (after Grafana's `reduce`), or times down and series across, the newest first; sorted by a click on a head.

import { element } from './element.js';
import { faint, fieldOf, reduce, TITLES, told } from './field.js';
import { timeText } from './times.js';

const MOST = 500;
const APPLIED = ['reduce', 'organize', 'sortBy', 'limit', 'joinByField', 'seriesToColumns', 'merge'];

export function table(body, panel, series, context) {
  const steps = (panel.transformations ?? []).filter((one) => !one.disabled);
  const reducing = steps.find((one) => one.id === 'reduce');
  let made = reducing ? reduced(panel, series, reducing.options ?? {}) : joined(panel, series, context);
  for (const { id, options = {} } of steps) {
    if (id === 'organize') made = organized(made, options);
    if (id === 'sortBy') for (const one of options.sort ?? []) sort(made, made.heads.findIndex((head) => head.name === one.field), one.desc);
    if (id === 'limit') made.rows.length = Math.min(made.rows.length, Number(options.limitField) || made.rows.length);
  }
  const own = panel.options?.sortBy?.[0];
  if (own) sort(made, made.heads.findIndex((head) => head.name === own.displayName), own.desc);
  show(body, panel, made);
  const left = steps.map((one) => one.id).filter((id) => !APPLIED.includes(id));
  if (left.length) body.append(element('p', { class: 'trouble' }, `Not done here: ${left.join(', ')}`));
}

// One row for each series: its name and the values that are asked for.
function reduced(panel, series, { reducers = ['max'] }) {
  const heads = [{ name: 'Field' }, ...reducers.map((calc) => ({ name: TITLES[calc] ?? calc, number: true }))];
  const rows = series.map((one, index) => {
    const field = fieldOf(panel, one, index);
    return [{ value: field.name, text: field.name }, ...reducers.map((calc) => cell(reduce(calc, one.values), field))];
  });
  return { heads, rows };
}

// One row for each time, the newest first; one column for each series.
function joined(panel, series, context) {
  const fields = series.map((one, index) => fieldOf(panel, one, index));
  const [times, ...columns] = uPlot.join(series.map((one) => [one.times, one.values]));
  const rows = [];
  for (let at = times.length - 1; at >= 0; at -= 1) {
    if (columns.some((column) => column[at] !== null && column[at] !== undefined)) rows.push([{ value: times[at], text: timeText(times[at], context) }, ...columns.map((column, index) => cell(column[at], fields[index]))]);
  }
  return { heads: [{ name: 'Time' }, ...fields.map((field) => ({ name: field.name, number: true }))], rows };
}

const cell = (value, field) => ({ value: value ?? null, field, ...told(value, field) });

function organized({ heads, rows }, { excludeByName = {}, indexByName = {}, renameByName = {} }) {
  const order = heads.map((_head, index) => index).filter((index) => !excludeByName[heads[index].name]);
  order.sort((one, other) => (indexByName[heads[one].name] ?? one) - (indexByName[heads[other].name] ?? other));
  return { heads: order.map((index) => ({ ...heads[index], name: renameByName[heads[index].name] || heads[index].name })), rows: rows.map((row) => order.map((index) => row[index])) };
}

function sort(made, index, down) {
  if (index < 0) return;
  const key = (row) => row[index].value ?? -Infinity;
  made.rows.sort((one, other) => { const [a, b] = [key(one), key(other)]; return (typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b)) : a - b) * (down ? -1 : 1); });
}

function show(body, panel, made) {
  const rows = element('tbody');
  const fill = () => rows.replaceChildren(...made.rows.slice(0, MOST).map((row) => element('tr', {}, ...row.map(drawn))));
  const heads = made.heads.map((head, index) => {
    const button = element('button', { type: 'button' }, head.name);
    const th = element('th', { scope: 'col', class: head.number ? 'number' : '' }, button);
    button.addEventListener('click', () => {
      const down = th.ariaSort === 'ascending';
      heads.forEach((one) => one.removeAttribute('aria-sort'));
      th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      sort(made, index, down);
      fill();
    });
    return th;
  });
  fill();
  const whole = element('table', {}, element('caption', { class: 'hidden' }, panel.title ?? 'Table'), element('thead', {}, element('tr', {}, ...heads)), rows);
  const box = element('div', { class: 'cells', tabindex: '0', role: 'region', 'aria-label': `${panel.title ?? 'Table'}: table` }, whole);
  if (made.rows.length > MOST) box.append(element('p', { class: 'trouble' }, `The first ${MOST} of ${made.rows.length} rows.`));
  body.append(box);
}

function drawn(one) {
  if (!one.field) return element('th', { scope: 'row' }, one.text);
  const made = element('td', { class: `number ${one.tone ?? ''}`, 'data-value': one.value }, one.text);
  const { cellOptions, displayMode } = one.field.custom;
  const kind = cellOptions?.type ?? displayMode ?? 'auto';
  if (one.colour && kind.startsWith('color-background')) made.style.background = faint(one.colour, 30);
  else if (one.colour && kind === 'color-text') made.style.color = one.colour;
  return made;
}
