// The metrics' page: a name is searched for or found in the tree, its series drawn with its last value.

import { clear as emptied, draw } from './draw.js';
import { element } from './element.js';
import { format } from './format.js';
import { ask, by, choices, moment, RANGES, ready, runsAddress, secondsOf, started, wish } from './page.js';
import { combobox } from './combobox.js';
import { tree } from './tree.js';

const DEFAULT = '24h';
const state = { name: '', turn: 0, answer: null, context: null, status: '' };
const say = (text) => { by('status').textContent = text; };

// Counts stand for themselves, so one counter is drawn as bars; between points of others no line is made up.
const style = () => (/^stats_counts\./.test(state.name) && state.answer.count === 1
  ? { drawStyle: 'bars' }
  : { drawStyle: 'line', lineWidth: 2, showPoints: 'always', spanNulls: false });

const panel = () => ({
  title: state.name,
  type: 'timeseries',
  fieldConfig: { defaults: { unit: 'short', custom: style() } },
  options: { legend: { showLegend: true, displayMode: 'table', calcs: ['lastNotNull', 'min', 'max', 'sum'] } },
});

function remember() {
  const query = new URLSearchParams(state.name ? { name: state.name, range: by('range').value } : {});
  history.replaceState(null, '', state.name ? `?${query}` : location.pathname);
}

async function show(name, from, until) {
  const turn = ++state.turn;
  state.name = name;
  field.close();
  by('name').value = name;
  names.mark(name);
  remember();
  document.title = `${name} – sfcci`;
  by('drawn-title').textContent = name;
  by('last').textContent = 'Loading…';
  const end = until ?? Math.floor(Date.now() / 1e3);
  const begin = from ?? end - secondsOf(by('range').value);
  const points = Math.max(100, Math.round(by('body').clientWidth));
  try {
    const answer = await ask(`/api/series?${new URLSearchParams({ name, from: begin, until: end, points })}`);
    if (turn !== state.turn) return;
    Object.assign(state, { answer, context: { from: begin, until: end, utc: false, zoom, runs: (targets, at, step) => runsAddress(targets, { at, from: begin, step }) } });
    told(answer);
  } catch (error) {
    if (turn === state.turn) nothing(error.message);
  }
}

function told(answer) {
  if (answer.why) { nothing(sentence(answer.why), answer.near); return; }
  const shown = answer.answers.length;
  const count = answer.count > shown ? `${shown} of ${answer.count} series; ` : answer.count > 1 ? `${answer.count} series; ` : '';
  const newest = latest(answer);
  if (newest) {
    const value = answer.count > 1 ? ['value'] : ['value ', element('strong', {}, format(newest.value))];
    by('last').replaceChildren(`${count}last `, ...value, ` at ${moment(newest.time)}`);
    shorten(answer);
    draw(by('body'), panel(), answer, state.context);
  } else if (answer.last) {
    const back = element('button', { type: 'button' }, 'show that time');
    back.addEventListener('click', () => show(state.name, answer.last - 43200, answer.last + 43200));
    by('last').replaceChildren(`${count}no value in this time; the last one was at ${moment(answer.last)}: `, back);
    clear();
  } else nothing(`${count}it exists and holds no value`);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function latest(answer) {
  let found = null;
  for (const { series } of answer.answers) {
    for (const one of series) one.times.forEach((time, at) => { if (one.values[at] !== null && (!found || time >= found.time)) found = { time, value: one.values[at] }; });
  }
  return found;
}

// Of several names the parts that all begin with are left out: what differs is what one looks for.
function shorten(answer) {
  const all = answer.answers.flatMap(({ series }) => series);
  if (all.length < 2) return;
  const split = all.map((one) => one.name.split('.'));
  let same = 0;
  while (split.every((parts) => parts.length > same + 1 && parts[same] === split[0][same])) same += 1;
  all.forEach((one, number) => { one.name = (same ? '… ' : '') + split[number].slice(same).join('.'); });
}

function clear() {
  emptied(by('body'));
  state.answer = null;
}

function nothing(text, near = []) {
  clear();
  by('last').replaceChildren(text);
  if (!near.length) return;
  const items = near.map((name) => {
    const button = element('button', { type: 'button' }, name);
    button.addEventListener('click', () => { if (name.endsWith('.')) { by('name').value = name; by('name').focus(); } else show(name); });
    return element('li', {}, button);
  });
  by('last').append(element('span', {}, ' Perhaps:'));
  by('body').append(element('ul', { class: 'near' }, ...items));
}

function zoom(from, until) {
  if (until - from >= 10) show(state.name, Math.floor(from), Math.ceil(until));
}

const suggest = (text) => ask(`/api/names?${new URLSearchParams({ text })}`);
const field = combobox(by('name'), by('options'), { suggest, choose: (name) => show(name), say });
const names = tree(by('tree'), { below: (name) => ask(`/api/below?${new URLSearchParams({ name })}`), choose: (name) => show(name), say });

function go(event) {
  event.preventDefault();
  const name = by('name').value.trim();
  if (name) show(name); else by('name').focus();
}

async function start() {
  try {
    await names.start();
    const name = wish.get('name');
    if (name) await show(name);
  } catch (error) {
    by('tree').replaceChildren(element('li', { class: 'quiet', role: 'none' }, error.message));
    say(error.message);
  }
  ready();
}

choices(by('range'), RANGES, wish.get('range') ?? DEFAULT);
by('controls').addEventListener('submit', go);
by('range').addEventListener('change', () => { if (state.name) show(state.name); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (state.answer) draw(by('body'), panel(), state.answer, state.context); });
started(start);
