// What a panel says of the values of one series: unit, colours, thresholds, mappings; and what one value becomes by them.

import { format } from './format.js';

const COLOURS = 8;
const HUES = {
  red: ['#C4162A', '#E02F44', '#F2495C', '#FF7383', '#FFA6B0'], orange: ['#FA6400', '#FF780A', '#FF9830', '#FFB357', '#FFCB7D'], yellow: ['#E0B400', '#F2CC0C', '#FADE2A', '#FFEE52', '#FFF899'],
  green: ['#37872D', '#56A64B', '#73BF69', '#96D98D', '#C8F2C2'], blue: ['#1F60C4', '#3274D9', '#5794F2', '#8AB8FF', '#C0D8FF'], purple: ['#8F3BB8', '#A352CC', '#B877D9', '#CA95E5', '#DEB6F2'],
};
const SHADES = ['dark-', 'semi-dark-', '', 'light-', 'super-light-'];
const TONES = { green: 'good', orange: 'warn', yellow: 'warn', red: 'bad' }; // as legible text, dark and light
export const TITLES = { lastNotNull: 'Last', last: 'Last *', mean: 'Mean', min: 'Min', max: 'Max', sum: 'Total', firstNotNull: 'First', first: 'First *', range: 'Range', diff: 'Difference', delta: 'Delta', count: 'Count', median: 'Median' };
const REDUCE = {
  lastNotNull: (v) => v.at(-1), firstNotNull: (v) => v[0], mean: (v) => v.reduce((a, b) => a + b, 0) / v.length, sum: (v) => v.reduce((a, b) => a + b, 0),
  min: (v) => v.reduce((a, b) => Math.min(a, b)), max: (v) => v.reduce((a, b) => Math.max(a, b)), range: (v) => REDUCE.max(v) - REDUCE.min(v), diff: (v) => v.at(-1) - v[0],
  delta: (v) => v.reduce((sum, one, at) => (at && one > v[at - 1] ? sum + one - v[at - 1] : sum), 0), count: (v) => v.length, median: (v) => { const s = [...v].sort((a, b) => a - b); return (s[(s.length - 1) >> 1] + s[s.length >> 1]) / 2; },
};

// The page's colours, read once for each theme: reading them after every change of the page costs more than drawing.
const inks = new Map();
const dark = matchMedia('(prefers-color-scheme: dark)');
export function ink(name) {
  const key = `${document.documentElement.dataset.theme ?? ''} ${dark.matches} ${name}`;
  if (!inks.has(key)) inks.set(key, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return inks.get(key);
}
export const hue = (index) => ink(`s${index % COLOURS}`);

// One number of a series by Grafana's word for it; null when it has none.
export function reduce(calc, values) {
  if (calc === 'last') return values.at(-1) ?? null;
  if (calc === 'first') return values[0] ?? null;
  const numbers = values.filter((value) => value !== null && value !== undefined);
  return numbers.length ? (REDUCE[calc] ?? REDUCE.lastNotNull)(numbers) : null;
}

// A colour as a canvas takes it; Grafana's names have their own shades, the plain ones our legible ones.
export function colourOf(name) {
  if (!name) return '';
  if (TONES[name]) return ink(TONES[name]);
  if (name === 'blue' || name === 'purple') return ink(name === 'blue' ? 's0' : 's6');
  if (name === 'text') return ink('text');
  if (name === 'transparent') return '';
  const plain = name.replace(/^(super-light-|semi-dark-|light-|dark-)/, '');
  return HUES[plain]?.[SHADES.indexOf(name.slice(0, name.length - plain.length))] ?? name;
}

// A colour with an opacity (0 to 100): hexadecimal ones get two digits more, others are mixed by the browser.
export function faint(colour, percent) {
  if (/^#[0-9a-f]{6}$/i.test(colour)) return colour + Math.round(percent * 2.55).toString(16).padStart(2, '0');
  if (/^#[0-9a-f]{3}$/i.test(colour)) return faint(`#${[...colour.slice(1)].map((one) => one + one).join('')}`, percent);
  const found = /^rgba?\(([^)]*)\)$/.exec(colour);
  return found ? `rgba(${found[1].split(',').slice(0, 3).join(',')}, ${percent / 100})` : colour;
}

// The defaults of a panel with the overrides that fit a series.
export function fieldOf(panel, one, index = 0) {
  const config = panel.fieldConfig ?? {};
  const field = { ...config.defaults, custom: { ...config.defaults?.custom } };
  for (const { matcher, properties } of config.overrides ?? []) {
    if (!fits(matcher, one)) continue;
    for (const { id, value } of properties ?? []) {
      if (id?.startsWith('custom.')) field.custom[id.slice(7)] = value; else field[id] = value;
    }
  }
  const fixed = field.color?.mode === 'fixed' || field.color?.mode === 'shades' ? colourOf(field.color.fixedColor) : '';
  field.colour = fixed || hue(index);
  field.fixed = Boolean(fixed);
  field.name = typeof field.displayName === 'string' && field.displayName ? field.displayName.replace(/\$\{?__(field\.(displayName|name)|series\.name)\}?/g, one.name) : one.name;
  return field;
}

function fits(matcher, one) {
  const { id, options } = matcher ?? {};
  if (id === 'byName') return options === one.name;
  if (id === 'byFrameRefID') return options === one.ref;
  if (id === 'byType') return options === 'number';
  if (id !== 'byRegexp' && id !== 'byRegex') return false;
  const found = /^\/(.*)\/([gimsuy]*)$/s.exec(options ?? '');
  try { return new RegExp(found ? found[1] : options, found ? found[2].replace('g', '') : '').test(one.name); } catch { return false; }
}

// The steps of thresholds as values: those in percent lie between the least and the most.
export function stepsOf(field, low = 0, high = 100) {
  const { mode, steps = [] } = field.thresholds ?? {};
  const [down, up] = [field.min ?? low, field.max ?? high];
  const at = (value) => (mode === 'percentage' ? down + ((up - down) * value) / 100 : value);
  return steps.map((one, index) => ({ colour: colourOf(one.color), name: one.color, value: index === 0 || one.value === null || one.value === undefined ? -Infinity : at(one.value) }));
}

export const stepAt = (steps, value) => (value === null || value === undefined ? undefined : steps.filter((one) => value >= one.value).at(-1));

// What a value becomes: its text and colour, a mapping before the unit and the thresholds.
export function told(value, field, low, high) {
  const mapped = mapping(value, field.mappings ?? []);
  const step = stepAt(stepsOf(field, low, high), value);
  const colour = colourOf(mapped?.color) || (field.fixed ? field.colour : step?.colour ?? '');
  const text = mapped?.text || (value === null || value === undefined ? field.noValue ?? '–' : format(value, field.unit, field.decimals));
  return { text, colour, tone: mapped?.color ? '' : step?.name ?? '' };
}

function mapping(value, mappings) {
  for (const { type, options = {} } of mappings) {
    if (type === 'value' || type === 1) {
      const found = options[String(value)] ?? (value === null ? options.null : undefined);
      if (found) return found;
    } else if (type === 'range' && value !== null && value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity)) return options.result;
    else if (type === 'special') {
      const { match } = options;
      if (((match === 'null' || match === 'null+nan' || match === 'empty') && (value === null || value === undefined)) || ((match === 'nan' || match === 'null+nan') && Number.isNaN(value))) return options.result;
    } else if (type === 'regex' && value !== null) {
      try { if (new RegExp(options.pattern.replace(/^\/(.*)\/$/, '$1')).test(String(value))) return options.result; } catch { /* no regex, no mapping */ }
    }
  }
  return null;
}
