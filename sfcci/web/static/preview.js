// The page: which dashboard, which time, how often; asks the server for each panel and lets draw.js draw it.

import { draw, element } from './draw.js';
import { ask, by, choices, RANGES, ready, runsAddress, secondsOf, started, wish } from './page.js';

const REFRESHES = [['0', 'Off'], ['5', '5 s'], ['30', '30 s'], ['60', '1 min'], ['300', '5 min']];
const state = { dashboard: null, panels: [], fixed: null, timer: 0, turn: 0, graphite: '' };

function remember() {
  const query = new URLSearchParams({ dashboard: state.dashboard.uid, range: by('range').value, refresh: by('refresh').value });
  history.replaceState(null, '', `?${query}`);
}

async function start() {
  const found = await ask('/api/dashboards');
  state.graphite = found.graphite;
  problems(found.problems);
  if (!found.dashboards.length) { by('title').textContent = 'No dashboard'; ready(); return; }
  const chosen = found.dashboards.find((one) => one.uid === wish.get('dashboard')) ?? found.dashboards[0];
  choices(by('dashboard'), found.dashboards.map((one) => [one.uid, one.title]), chosen.uid);
  by('pick').hidden = found.dashboards.length < 2;
  choices(by('refresh'), REFRESHES, wish.get('refresh') ?? '30');
  await open(chosen.uid, wish.get('range'));
}

function problems(list) {
  by('problems').hidden = !list.length;
  const head = element('summary', {}, `${list.length} problem${list.length > 1 ? 's' : ''} in the dashboards' files`);
  by('problems').replaceChildren(element('details', list.length < 4 ? { open: '' } : {}, head, element('pre', { tabindex: '0' }, list.join('\n'))));
}

async function open(uid, range) {
  const { dashboard } = await ask(`/api/dashboards/${encodeURIComponent(uid)}`);
  Object.assign(state, { dashboard, fixed: null });
  by('title').textContent = dashboard.title;
  document.title = `${dashboard.title} – sfcci preview`;
  const own = /^now-(\w+)$/.exec(dashboard.time?.from ?? '');
  choices(by('range'), RANGES, range ?? own?.[1] ?? '6h');
  lay(dashboard);
  await refresh();
}

// Sections of panels: what stands before the first row title, then one for each title, which folds.
function lay(dashboard) {
  state.panels = [];
  const sections = [{ panels: [] }];
  for (const panel of dashboard.panels ?? []) {
    if (panel.type === 'row') sections.push({ title: panel.title, folded: panel.collapsed, panels: [...(panel.panels ?? [])] });
    else sections.at(-1).panels.push(panel);
  }
  by('panels').replaceChildren(...sections.filter((one) => one.panels.length || one.title).map(section));
}

function section({ title, folded, panels }) {
  const top = Math.min(...panels.map((panel) => panel.gridPos?.y ?? 0));
  const grid = element('div', { class: 'grid' }, ...panels.map((panel) => frame(panel, top)));
  if (!title) return element('section', {}, grid);
  const details = element('details', folded ? {} : { open: '' }, element('summary', {}, element('h2', {}, title)), grid);
  details.addEventListener('toggle', () => { if (details.open) unfolded(details); });
  return element('section', {}, details);
}

function frame(panel, top) {
  const { x = 0, y = 0, w = 24, h = 8 } = panel.gridPos ?? {};
  const id = `panel-${panel.id}`;
  const body = element('div', { class: 'body' });
  const made = element('article', { class: `panel ${panel.type}${panel.transparent ? ' clear' : ''}`, 'aria-labelledby': id }, element('h3', { id }, panel.title ?? ''), body);
  for (const [name, value] of Object.entries({ x, y: y - top, w, h })) made.style.setProperty(`--${name}`, value);
  if (panel.type === 'text') {
    const text = element('div', { class: 'text', tabindex: '0', role: 'region', 'aria-labelledby': id });
    text.innerHTML = panel.html; // made by the server from Markdown, without any HTML of the file
    body.append(text);
  } else if (panel.targets?.length) {
    const link = element('a', { class: 'behind', 'aria-label': `Runs behind ${panel.title ?? 'this panel'}` }, 'Runs');
    made.append(link);
    state.panels.push({ panel, body, link });
  } else body.append(element('p', { class: 'trouble' }, `Panels of type ${panel.type} are not drawn here.`));
  return made;
}

async function refresh() {
  const turn = ++state.turn;
  clearTimeout(state.timer);
  remember();
  const until = state.fixed?.until ?? Math.floor(Date.now() / 1e3);
  const from = state.fixed?.from ?? until - secondsOf(by('range').value);
  const context = { from, until, utc: state.dashboard.timezone === 'utc', zoom, runs: (targets, at, step) => runsAddress(targets, { at, from, step }) };
  state.context = context;
  const visible = state.panels.filter(({ body }) => body.clientWidth);
  const failed = (await Promise.all(visible.map((one) => show(one, context, turn)))).find(Boolean);
  if (turn !== state.turn) return;
  const time = new Date().toLocaleTimeString('sv', context.utc ? { timeZone: 'UTC' } : {});
  by('status').textContent = failed ?? `Updated ${time}${context.utc ? ' UTC' : ''}, from Graphite at ${state.graphite}`;
  const every = Number(by('refresh').value);
  if (every && !state.fixed) state.timer = setTimeout(refresh, every * 1e3);
  ready();
}

// A browser says `toggle` of sections that were open from the start too: what has been asked for in this turn is not asked for again.
function unfolded(details) {
  if (state.panels.some(({ body, turn }) => details.contains(body) && turn !== state.turn)) refresh();
}

async function show(one, context, turn) {
  const { panel, body } = one;
  one.turn = turn;
  const points = Math.max(100, Math.round(body.clientWidth));
  const query = new URLSearchParams({ dashboard: state.dashboard.uid, panel: panel.id, from: context.from, until: context.until, points });
  try {
    one.answer = await ask(`/api/render?${query}`);
    const targets = one.answer.answers.filter(({ trouble }) => trouble !== 'broken target').map(({ target }) => target);
    one.link.hidden = !targets.length;
    one.link.href = runsAddress(targets, { since: context.from, until: context.until });
    if (turn === state.turn) draw(body, panel, one.answer, context);
    return null;
  } catch (error) {
    if (turn === state.turn && !one.answer) body.replaceChildren(element('p', { class: 'trouble all' }, error.message));
    return `Not updated: ${error.message}`;
  }
}

// A stretch marked with the pointer is looked at more closely; choosing a time goes back.
function zoom(from, until) {
  if (until - from < 10) return;
  const near = (one, other) => Math.abs(one - other) < (until - from) / 20;
  if (state.fixed && near(state.fixed.from, from) && near(state.fixed.until, until)) return; // graphs that follow say it again
  state.fixed = { from: Math.floor(from), until: Math.ceil(until) };
  const chosen = by('range');
  if (!chosen.querySelector('[value="zoom"]')) chosen.append(element('option', { value: 'zoom' }, 'As marked'));
  chosen.value = 'zoom';
  refresh();
}

const failed = (error) => { by('title').textContent = 'sfcci preview'; by('status').textContent = error.message; ready(); };

by('controls').addEventListener('submit', (event) => { event.preventDefault(); open(by('dashboard').value, by('range').value === 'zoom' ? null : by('range').value).catch(failed); });
by('dashboard').addEventListener('change', (event) => open(event.target.value).catch(failed));
by('range').addEventListener('change', () => { if (by('range').value !== 'zoom') { state.fixed = null; refresh(); } });
by('refresh').addEventListener('change', refresh);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => state.panels.forEach((one) => one.answer && draw(one.body, one.panel, one.answer, state.context)));
choices(by('range'), RANGES, '24h');
choices(by('refresh'), REFRESHES, '30');
started(() => start().catch(failed));
