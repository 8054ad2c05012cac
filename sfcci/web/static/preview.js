// The page: which dashboard, which time, which choices, how often; asks the server for each panel and lets draw.js draw it.
// A file that is saved, or a choice, changes only those panels that are otherwise then.

import { clear, draw } from './draw.js';
import { element } from './element.js';
import { lay } from './layout.js';
import { follow } from './live.js';
import { ask, by, choices, exported, ready, remember, runsAddress, started, wish } from './page.js';
import { moment, rangeName, secondsOf, timeText } from './times.js';
import { lastOne } from './trouble.js';
import { asWords, fromWords, offer } from './variables.js';

const LAST = ['15m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d', '90d', '1y'];
const RANGES = [...LAST.map((one) => [`now-${one}`, 'now']), ['now/d', 'now'], ['now-1d/d', 'now-1d/d']];
const REFRESHES = [['0', 'Off'], ['5s', '5 s'], ['30s', '30 s'], ['1m', '1 min'], ['5m', '5 min'], ['15m', '15 min']];
const MORE = 'more';
const state = { dashboard: null, uid: '', panels: [], from: 'now-6h', to: 'now', before: [], values: {}, timer: 0, turn: 0, opened: 0, graphite: '', context: null, problems: [], broken: {} };

const now = () => Math.floor((exported?.at ? exported.at * 1e3 : Date.now()) / 1e3);
const zone = () => { const told = state.dashboard?.timezone; return !told || told === 'browser' ? undefined : told === 'utc' ? 'Etc/UTC' : told; };
const sample = () => state.dashboard.tags?.includes('sample-data'); // no run is behind made-up numbers
const words = () => new URLSearchParams(asWords(state.values)).toString();
const say = (text) => { by('status').textContent = text; };
const failed = (error) => { if (!state.dashboard) by('title').textContent = 'sfcci preview'; say(error.message); ready(); };

async function start() {
  const found = await list();
  if (!found.dashboards.length) { by('title').textContent = 'No dashboard'; ready(); return; }
  const chosen = found.dashboards.find((one) => one.uid === wish.get('dashboard')) ?? found.dashboards[0];
  by('dashboard').value = chosen.uid;
  await open(chosen.uid, { from: wish.get('from') ?? (wish.has('range') ? `now-${wish.get('range')}` : null), to: wish.get('to'), refresh: wish.get('refresh'), values: fromWords(wish) });
  if (!exported) follow(found.seen, changed);
}

async function list() {
  const found = await ask('/api/dashboards');
  state.graphite = found.graphite;
  choices(by('dashboard'), found.dashboards.map((one) => [one.uid, one.title]), state.uid || found.dashboards[0]?.uid);
  by('pick').hidden = found.dashboards.length < 2;
  problems(found.problems, found.broken);
  return found;
}

// What is wrong in the files: on top what is wrong with the dashboard that is shown.
function problems(told, broken = {}) {
  Object.assign(state, { problems: told, broken });
  const mine = broken[state.uid || by('dashboard').value];
  by('broken').hidden = !mine;
  if (mine) by('broken').replaceChildren(element('strong', {}, 'The file is broken now; this is the dashboard as it last was whole.'), element('pre', { tabindex: '0' }, mine.join('\n')));
  const others = told.filter((one) => !mine?.includes(one));
  by('problems').hidden = !others.length;
  const open = by('problems').querySelector('details')?.open ?? others.length < 4;
  const head = element('summary', {}, `${others.length} problem${others.length > 1 ? 's' : ''} in the dashboards' files`);
  by('problems').replaceChildren(element('details', open ? { open: '' } : {}, head, element('pre', { tabindex: '0' }, others.join('\n'))));
}

// Opens a dashboard: its own time and refresh, unless others are asked for.
async function open(uid, { from = null, to = null, refresh: every = null, values = {} } = {}) {
  const turn = ++state.opened;
  const found = await ask(`/api/dashboards/${encodeURIComponent(uid)}?${new URLSearchParams(asWords(values))}`);
  if (turn !== state.opened) return;
  state.panels.forEach((one) => one.abort?.abort());
  const own = found.dashboard.time ?? {};
  Object.assign(state, { uid, dashboard: found.dashboard, panels: [], before: [], from: from ?? own.from ?? 'now-6h', to: to ?? (from ? 'now' : own.to ?? 'now') });
  by('panels').replaceChildren();
  const chosen = every ?? (exported ? '0' : (found.dashboard.refresh ?? '30s') || '0');
  choices(by('refresh'), REFRESHES, /^\d+$/.test(chosen) && chosen !== '0' ? `${chosen}s` : chosen);
  problems(state.problems, state.broken);
  take(found);
  await refresh();
}

// Takes a dashboard as it is now: what is as it was stays drawn.
function take({ dashboard, variables = [] }) {
  state.dashboard = dashboard;
  state.values = Object.fromEntries(variables.filter((one) => one.kind !== 'constant').map((one) => [one.name, one.values]));
  by('title').textContent = dashboard.title;
  document.title = `${dashboard.title} – sfcci preview`;
  offer(by('variables'), variables, chosen, Boolean(exported));
  state.panels = lay(by('panels'), dashboard, state.panels, unfolded);
  for (const one of state.panels) if (one.same === 'shown' && one.answer) paint(one);
}

function chosen(name, values) {
  state.values = { ...state.values, [name]: values };
  again().catch(failed);
}

// Asks for the dashboard with what is chosen now; only panels that are otherwise then are asked for.
async function again() {
  const turn = ++state.opened;
  const found = await ask(`/api/dashboards/${encodeURIComponent(state.uid)}?${words()}`);
  if (turn !== state.opened) return;
  take(found);
  keep();
  await fetched(state.panels.filter((one) => !one.same || (!one.answer && !one.asked)), state.context ?? context());
}

// The files have changed: `told` is an event of /api/changes.
async function changed(told) {
  const mine = told.uids.includes(state.uid);
  problems(told.problems, told.broken);
  await Promise.all([mine ? again() : null, list()]).catch(failed);
  if (!state.uid && by('dashboard').value) await open(by('dashboard').value).catch(failed);
  if (told.removed.includes(state.uid)) say('The file of this dashboard is gone; this is how it last was.');
  document.body.dataset.changes = Number(document.body.dataset.changes ?? 0) + 1;
}

function context() {
  const at = now();
  const options = { utc: zone() === 'Etc/UTC' };
  const until = moment(state.to, at, { ...options, up: true }) ?? at;
  const from = moment(state.from, at, options) ?? until - 21600;
  return made(Math.min(from, until - 1), until);
}

function made(from, until) {
  const runs = exported || sample() ? undefined : (targets, at, step) => runsAddress(targets, { at, from, step });
  return { from, until, zone: zone(), utc: zone() === 'Etc/UTC', hover: state.dashboard.graphTooltip === 2 ? 'all' : 'one', zoom, runs };
}

function keep() {
  const query = new URLSearchParams([['dashboard', state.uid], ['from', state.from], ['to', state.to], ['refresh', by('refresh').value], ...asWords(state.values)]);
  remember(query);
}

async function refresh() {
  clearTimeout(state.timer);
  keep();
  ranges();
  state.context = context();
  state.turn += 1;
  await fetched(state.panels, state.context);
  plan();
}

function plan() {
  clearTimeout(state.timer);
  const every = secondsOf(by('refresh').value);
  if (every && !exported && /^now/.test(state.to)) state.timer = setTimeout(() => (document.hidden ? plan() : refresh()), every * 1e3);
}

// Asks for panels that are seen, all at once, and draws each when its answer comes.
async function fetched(panels, shownTime) {
  const turn = state.turn;
  const wanted = panels.filter(({ body, link }) => link && body.checkVisibility());
  const trouble = (await Promise.all(wanted.map((one) => show(one, shownTime)))).find(Boolean);
  if (turn !== state.turn) return;
  const at = timeText(now(), shownTime).slice(11);
  say(trouble ?? (exported ? `${rangeName(state.from, state.to, { zone: zone() })}, from Graphite at ${state.graphite} as it was at ${timeText(now(), shownTime)}` : `Updated ${at}, from Graphite at ${state.graphite}`));
  ready();
  await Promise.all(wanted.filter((one) => one.empty && !exported).map(toldLast));
}

// A browser says `toggle` of sections that were open from the start too: what has been asked for in this turn is not asked for again.
function unfolded() {
  const waiting = state.panels.filter((one) => one.link && one.body.checkVisibility() && one.turn !== state.turn);
  if (state.context && waiting.length) fetched(waiting, state.context);
}

// A panel may have a time of its own: the last hours whatever the page shows, or some time earlier.
function ownTime({ timeFrom, timeShift }, { from, until }) {
  const span = secondsOf(timeFrom);
  const shift = secondsOf(timeShift);
  return made((span ? until - span : from) - shift, until - shift);
}

async function show(one, shownTime) {
  const own = one.panel.timeFrom || one.panel.timeShift ? ownTime(one.panel, shownTime) : shownTime;
  const points = Math.max(100, Math.round(one.body.clientWidth));
  const query = new URLSearchParams([['dashboard', state.uid], ['panel', one.panel.id], ['from', own.from], ['until', own.until], ['points', points], ...asWords(state.values)]).toString();
  one.turn = state.turn;
  if (one.asked === query) return null; // on its way already
  one.abort?.abort();
  one.abort = new AbortController();
  one.asked = query;
  one.article.dataset.asking = query;
  try {
    const answer = await ask(`/api/render?${query}`, { signal: one.abort.signal });
    Object.assign(one, { answer, context: own, failed: false });
    paint(one);
    return null;
  } catch (error) {
    if (error.name === 'AbortError') return null;
    if (!one.answer) { clear(one.body); one.body.append(element('p', { class: 'trouble all' }, error.message)); }
    return `Not updated: ${error.message}`;
  } finally {
    if (one.asked === query) { one.asked = ''; one.article.dataset.asking = ''; }
  }
}

function paint(one) {
  delete one.article.dataset.stale;
  const targets = one.answer.answers.filter(({ trouble }) => trouble !== 'broken target').map(({ target }) => target);
  one.link.hidden = !targets.length || !one.context.runs;
  if (!one.link.hidden) one.link.href = runsAddress(targets, { since: one.context.from, until: one.context.until });
  one.empty = !draw(one.body, one.panel, one.answer, one.context) && one.answer.answers.some(({ trouble }) => trouble === 'no data in this range');
  if (one.empty && one.last) offerLast(one);
}

// When an empty panel last had a value is asked for once.
async function toldLast(one) {
  if (one.last !== undefined) return;
  one.last = null;
  try {
    const { last } = await ask(`/api/last?${new URLSearchParams([['dashboard', state.uid], ['panel', one.panel.id], ...asWords(state.values)])}`);
    one.last = last;
    if (last && one.empty) offerLast(one);
  } catch { /* it stays unknown */ }
}

function offerLast(one) {
  lastOne(one.body, timeText(one.last, one.context), () => travel(String((one.last - 21600) * 1e3), String((one.last + 21600) * 1e3)));
}

// Shows another time; the one before can be come back to.
function travel(from, to) {
  state.before.push([state.from, state.to]);
  Object.assign(state, { from, to });
  refresh();
}

const fixed = (from, until) => travel(String(Math.floor(from) * 1e3), String(Math.ceil(until) * 1e3));

// A stretch marked with the pointer is looked at more closely; graphs that follow say it again.
function zoom(from, until) {
  if (exported || until - from < 10) return;
  const near = (one, other) => Math.abs(one - other) < (until - from) / 20;
  if (state.context && near(state.context.from, from) && near(state.context.until, until)) return;
  fixed(from, until);
}

function shifted(factor) {
  const { from, until } = state.context;
  const by_s = ((until - from) / 2) * factor;
  fixed(from + by_s, until + by_s);
}

function zoomedOut() {
  const { from, until } = state.context;
  const half = (until - from) / 2;
  fixed(from - half, Math.min(until + half, Math.max(now(), until)));
}

function ranges() {
  const chosenRange = `${state.from} ${state.to}`;
  const pairs = RANGES.map(([from, to]) => [`${from} ${to}`, rangeName(from, to)]);
  if (!pairs.some(([value]) => value === chosenRange)) pairs.push([chosenRange, rangeName(state.from, state.to, { zone: zone() })]);
  choices(by('range'), [...pairs, [MORE, 'From … to …']], chosenRange);
  by('back').hidden = !state.before.length;
  const plain = (text) => (/^\d+$/.test(text) ? timeText(moment(text, 0), { zone: zone() }).slice(0, 19) : text);
  if (!by('between').contains(document.activeElement)) { by('from').value = plain(state.from); by('to').value = plain(state.to); }
}

// Reads the two fields; says what is wrong instead of showing another time than was asked for.
function between() {
  const options = { utc: zone() === 'Etc/UTC' };
  const [from, until] = [moment(by('from').value, now(), options), moment(by('to').value || 'now', now(), { ...options, up: true })];
  by('from').setAttribute('aria-invalid', from === null);
  by('to').setAttribute('aria-invalid', until === null);
  if (from === null || until === null || from >= until) { say('Expected a time from and a later one to, such as now-6h, now/d or 2026-11-20 14:00'); return; }
  const kept = (text, seconds) => (/^now/.test(text) ? text : String(seconds * 1e3));
  travel(kept(by('from').value.trim(), from), kept(by('to').value.trim() || 'now', until));
}

// Grafana's keys: t and an arrow move the time, t z zooms out, d r asks anew.
let first = '';
function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || !state.context) return;
  const pair = first + event.key;
  const act = { tz: zoomedOut, tArrowLeft: () => shifted(-1), tArrowRight: () => shifted(1), dr: refresh }[pair];
  first = !act && (event.key === 't' || event.key === 'd') ? event.key : '';
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

function themed(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
  recoloured();
}

const recoloured = () => state.panels.forEach((one) => one.answer && paint(one));

by('controls').addEventListener('submit', (event) => { event.preventDefault(); if (by('between').contains(document.activeElement)) between(); else refresh(); });
by('variables').addEventListener('submit', (event) => event.preventDefault());
by('dashboard').addEventListener('change', (event) => open(event.target.value).catch(failed));
by('range').addEventListener('change', ({ target }) => {
  by('between').hidden = target.value !== MORE;
  if (target.value === MORE) by('from').focus(); else travel(...target.value.split(' '));
});
by('refresh').addEventListener('change', () => { keep(); plan(); });
by('earlier').addEventListener('click', () => shifted(-1));
by('later').addEventListener('click', () => shifted(1));
by('out').addEventListener('click', zoomedOut);
by('back').addEventListener('click', () => { const [from, to] = state.before.pop(); Object.assign(state, { from, to }); refresh(); });
addEventListener('keydown', shortcut, true);
by('theme').value = document.documentElement.dataset.theme ?? 'system';
by('theme').addEventListener('change', ({ target }) => { try { localStorage.setItem('theme', target.value); } catch { /* it holds for this page then */ } themed(target.value); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recoloured);
if (exported) {
  themed(exported.theme);
  by('theme').value = exported.theme ?? 'system';
  for (const id of ['earlier', 'later', 'out', 'range', 'refresh']) by(id).disabled = true;
  by('controls').querySelector('[type="submit"]').hidden = true;
}
choices(by('refresh'), REFRESHES, exported ? '0' : '30s');
started(() => start().catch(failed));
