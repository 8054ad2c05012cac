// The page with two versions of dashboards: what changed in words, both panels drawn below, from the same Graphite over the same time.

import { draw, isDrawn } from './draw.js';
import { element } from './element.js';
import { ask, by, choices, exported, RANGES, ready, secondsOf, started, wish } from './page.js';

const SIGNS = { added: '+', removed: '−', changed: '~', same: '=' };
const SIDES = { old: 'before', new: 'after' };
const state = { found: null, drawn: [], fixed: null, turn: 0 };

const failed = (error) => { by('title').textContent = 'What changed'; by('status').textContent = error.message; ready(); };

async function start() {
  state.found = await ask('/api/difference');
  const { found } = state;
  const differing = found.dashboards.filter(({ kind }) => kind !== 'same');
  by('title').textContent = differing.length ? `${found.old} → ${found.new}` : `${found.old} and ${found.new} are the same`;
  document.title = `${found.old} → ${found.new} – sfcci`;
  by('problems').hidden = !found.problems.length;
  by('problems').replaceChildren(element('strong', {}, 'Not compared, because it is not whole:'), element('pre', { tabindex: '0' }, found.problems.join('\n')));
  state.drawn = [];
  by('dashboards').replaceChildren(...found.dashboards.map(dashboard));
  if (!exported && !by('range').value) choices(by('range'), RANGES, wish.get('range') ?? /^now-(\w+)$/.exec(found.dashboards[0]?.time?.from ?? '')?.[1] ?? '24h');
  await refresh();
}

function dashboard(one) {
  const paths = [...new Set([one.old_path, one.new_path].filter(Boolean))].join(' → ');
  const head = [element('h2', {}, sign(one.kind), one.title), element('p', { class: 'quiet' }, `${paths}: ${one.summary}`)];
  if (one.changes.length) head.push(element('ul', { class: 'changes' }, ...one.changes.map(change)));
  const parts = [];
  let same = [];
  const flush = () => { if (same.length) parts.push(folded(one, same)); same = []; };
  for (const panel of one.panels) {
    if (panel.kind === 'same') same.push(panel); else { flush(); parts.push(pair(one, panel)); }
  }
  flush();
  return element('section', { class: 'compared' }, ...head, ...parts);
}

// What is the same on both sides is drawn when it is opened.
function folded(one, panels) {
  const shown = panels.filter(({ type }) => type !== 'row');
  if (!shown.length) return '';
  const count = `${shown.length} panel${shown.length === 1 ? '' : 's'} unchanged`;
  const names = shown.map(({ title }) => title).filter(Boolean).join(', ');
  const details = element('details', { class: 'unchanged' }, element('summary', {}, `${count}: ${names}`), ...shown.map((panel) => pair(one, panel)));
  details.addEventListener('toggle', () => { if (details.open) refresh(); });
  return details;
}

function pair(one, panel) {
  const id = `pair-${one.uid}-${panel.old?.id ?? 'none'}-${panel.new?.id ?? 'none'}`;
  const named = panel.type === 'row' ? `Row ${panel.title}` : panel.title || 'Panel without a title';
  const head = element('h3', { id }, sign(panel.kind), named, ' ', element('span', { class: 'quiet' }, panel.kind === 'same' ? '' : panel.kind));
  const parts = [head];
  if (panel.changes.length) parts.push(element('ul', { class: 'changes' }, ...panel.changes.map(change)));
  if (panel.type !== 'row') parts.push(element('div', { class: 'sides' }, ...Object.keys(SIDES).map((side) => frame(one, panel, side, named))));
  return element('article', { class: `pair ${panel.kind}`, 'aria-labelledby': id }, ...parts);
}

function sign(kind) {
  const text = kind === 'same' ? 'unchanged' : kind;
  return element('span', { class: `sign ${kind}`, role: 'img', 'aria-label': `${text}: ` }, SIGNS[kind]);
}

function frame(one, pairing, side, named) {
  const panel = pairing[side];
  const name = element('p', { class: 'side' }, `${SIDES[side]}: ${state.found[side]}`);
  if (!panel) return element('div', { class: 'absent' }, name, element('p', { class: 'trouble' }, 'not there'));
  const body = element('div', { class: 'body' });
  const title = element('h4', {}, panel.title || ' ');
  const made = element('section', { class: `panel ${panel.type}`, 'aria-label': `${named}, ${SIDES[side]}` }, title, body);
  made.style.setProperty('--h', panel.gridPos?.h ?? 8);
  if (panel.type === 'text') {
    const text = element('div', { class: 'text', tabindex: '0', role: 'region', 'aria-label': `Text of ${named}, ${SIDES[side]}` });
    text.innerHTML = panel.html; // made by the server from Markdown, without any HTML of the file
    body.append(text);
  } else if (isDrawn(panel.type)) state.drawn.push({ panel, body, side, one, uid: one.uids[side] });
  else body.append(element('p', { class: 'trouble' }, `Panels of type ${panel.type} are not drawn here.`));
  return element('div', {}, name, made);
}

// One change: in long texts what differs with what stands around it, and both texts as a whole behind it.
function change(one) {
  const item = element('li', {}, element('strong', {}, `${one.what}: `));
  if (one.pieces.length) {
    item.append(element('code', {}, ...one.pieces.flatMap(([old, fresh]) => (old === fresh ? [old] : [mark('del', old), mark('ins', fresh)]))));
    const whole = element('details', {}, element('summary', {}, 'both as a whole'), element('pre', { tabindex: '0' }, `- ${one.old_text}\n+ ${one.new_text}`));
    item.append(whole);
  } else if (one.old_text === null) item.append('added: ', mark('ins', one.new_text));
  else if (one.new_text === null) item.append('removed: ', mark('del', one.old_text));
  else item.append(mark('del', one.old_text), ' → ', mark('ins', one.new_text));
  return item;
}

function mark(name, text) {
  return text ? element(name, {}, element('span', { class: 'hidden' }, name === 'del' ? 'before: ' : 'after: '), text) : '';
}

async function refresh() {
  const turn = ++state.turn;
  const visible = state.drawn.filter(({ body }) => body.checkVisibility()); // what is folded has a width, too
  const troubles = (await Promise.all(visible.map((one) => show(one, turn)))).filter(Boolean);
  if (turn !== state.turn) return;
  by('status').textContent = troubles[0] ?? `Both drawn from Graphite at ${state.found.graphite}${exported ? `, ${new Date(exported.at * 1e3).toISOString().slice(0, 19).replace('T', ' ')} UTC` : ''}`;
  ready();
}

function zoneOf({ timezone }) {
  const utc = timezone === 'utc';
  return { utc, zone: utc ? 'Etc/UTC' : timezone && timezone !== 'browser' ? timezone : undefined };
}

function times() {
  if (state.fixed) return state.fixed;
  if (exported) return exported;
  const until = Math.floor(Date.now() / 1e3);
  return { from: until - secondsOf(by('range').value), until };
}

async function show(one, turn) {
  const { from, until } = times();
  const query = new URLSearchParams({ side: one.side, dashboard: one.uid, panel: one.panel.id, from, until, points: Math.max(100, Math.round(one.body.clientWidth)) });
  try {
    const answer = await ask(`/api/difference/render?${query}`);
    if (turn === state.turn) draw(one.body, one.panel, answer, { from, until, ...zoneOf(one.one), hover: 'one', zoom });
    return '';
  } catch (error) {
    if (turn === state.turn) one.body.replaceChildren(element('p', { class: 'trouble all' }, error.message));
    return `Not updated: ${error.message}`;
  }
}

function zoom(from, until) {
  if (exported || until - from < 10) return; // one value of a time is not that of a part of it
  const near = (one, other) => Math.abs(one - other) < (until - from) / 20;
  if (state.fixed && near(state.fixed.from, from) && near(state.fixed.until, until)) return;
  state.fixed = { from: Math.floor(from), until: Math.ceil(until) };
  if (!by('range').querySelector('[value="zoom"]')) by('range').append(element('option', { value: 'zoom' }, 'As marked'));
  by('range').value = 'zoom';
  refresh();
}

by('controls').addEventListener('submit', (event) => { event.preventDefault(); start().catch(failed); });
by('range').addEventListener('change', () => { if (by('range').value !== 'zoom') { state.fixed = null; refresh(); } });
if (exported) {
  choices(by('range'), [['all', 'As exported']], 'all');
  by('controls').querySelector('button').hidden = true;
}
started(() => start().catch(failed));
