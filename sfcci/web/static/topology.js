// The tracer's page: the topology as it is now, what is highlighted, chosen, captured, and the path of a request.

import { element } from './element.js';
import { by, ready, started, wish } from './page.js';
import { follow, gremlin, paths } from './topology_ask.js';
import { captures } from './topology_captures.js';
import { drawing } from './topology_draw.js';
import { flows } from './topology_flows.js';
import { laid } from './topology_layout.js';
import { narrowed, pictured } from './topology_model.js';
import { nodePanel } from './topology_node.js';
import { pathPanel } from './topology_path.js';
import { search } from './topology_search.js';
import { view } from './topology_view.js';
import { ways } from './topology_way.js';

const AGAIN_MS = 700; // a highlight follows the topology, but not each of its steps
const MOST_WAIT_MS = 1000;
const state = { nodes: new Map(), edges: new Map(), tids: new Map(), picture: pictured(new Map(), new Map()), layout: null, chosen: '', query: '', lit: null, path: null, waiting: 0, took: 0, placed: '' };
const graph = by('graph');
const picture = drawing(graph, { animate: wish.has('grow') });
const seen = view(graph, picture, { chosen: (id) => choose(id), nothing: () => close() });
const way = ways(picture);
seen.resized = () => redraw();

// ---- the graph

function taken({ whole, nodes, edges, gone }) {
  if (whole) { state.nodes.clear(); state.edges.clear(); }
  for (const node of nodes) state.nodes.set(node.ID, node);
  for (const edge of edges) state.edges.set(edge.ID, edge);
  for (const id of gone ?? []) { state.nodes.delete(id); state.edges.delete(id); }
  // What takes long is not done again at once: a page that follows a crowd leaves time for other things.
  state.waiting ||= setTimeout(() => requestAnimationFrame(changed), Math.min(state.took * 3, MOST_WAIT_MS));
}

function changed() {
  state.waiting = 0;
  state.known = true;
  const begin = performance.now();
  state.tids = new Map([...state.nodes.values()].map((node) => [node.Metadata.TID, node.ID]));
  redraw();
  if (state.query) { clearTimeout(state.again); state.again = setTimeout(() => highlight(state.query, true), AGAIN_MS); }
  list.show();
  table.named();
  if (state.chosen && state.picture.spots.has(state.chosen)) panel.refresh(); else if (state.chosen) close();
  state.took = performance.now() - begin;
  ready();
}

function redraw() {
  const only = by('only').checked && state.lit;
  state.picture = pictured(...(only ? narrowed(state.nodes, state.edges, state.lit.nodes) : [state.nodes, state.edges]));
  placed();
  counted();
  marked();
  by('empty').hidden = !state.known || state.picture.spots.size > 0;
  if (state.path) way.show(state.path, state.picture, state.layout);
}

// Most changes are of counters: then all stands where it stood.
function placed() {
  const { spots, wires } = state.picture;
  const room = seen.room();
  const key = [room.w, room.h, ...[...spots.values()].map((one) => `${one.id} ${one.name} ${one.sub} ${one.in} ${one.number} ${one.down}`), ...wires.map((one) => one.id)].join('\n');
  if (key === state.placed) return;
  state.placed = key;
  state.layout = laid(state.picture, room);
  picture.show(state.picture, state.layout);
  seen.size(state.layout);
}

function counted() {
  const kinds = { card: ['namespace', 'namespaces'], switch: ['switch', 'switches'], jack: ['port', 'ports'], slot: ['interface', 'interfaces'] };
  const count = (kind) => [...state.picture.spots.values()].filter((spot) => spot.kind === kind && !spot.own).length;
  const told = Object.entries(kinds).map(([kind, words]) => [count(kind), words]).filter(([number]) => number).map(([number, words]) => `${number} ${words[number === 1 ? 0 : 1]}`);
  by('counts').textContent = [told.join(', ') || 'nothing yet', `${state.nodes.size} nodes and ${state.edges.size} edges of the graph`].join(' · ');
}

// ---- what is marked

function marked() {
  const spots = (ids) => new Set([...ids].map((id) => state.picture.spotOf.get(id)).filter(Boolean));
  picture.mark('lit', state.lit ? spots(state.lit.nodes) : new Set());
  picture.mark('pointed', spots(state.pointed ?? []));
  picture.mark('chosen', new Set(state.chosen ? [state.chosen] : []));
  picture.mark('captured', spots([...state.nodes.values()].filter((node) => node.Metadata.Captures?.length).map((node) => node.ID)));
  graph.classList.toggle('some-lit', Boolean(state.lit?.nodes.size));
}

const nodeOf = (tid) => state.tids.get(tid);

// What an answer names in the graph: nodes themselves, both ends of edges, where flows were captured.
function named(answer) {
  const found = new Set();
  const take = (one) => {
    if (Array.isArray(one)) one.forEach(take);
    else if (one && typeof one === 'object') {
      if ('NodeTID' in one) found.add(nodeOf(one.NodeTID));
      else if ('Parent' in one && 'Child' in one) found.add(one.Parent).add(one.Child);
      else if ('ID' in one) found.add(one.ID);
      else for (const inner of [...(one.Nodes ?? []), ...(one.Edges ?? [])]) take(inner);
    }
  };
  take(answer);
  found.delete(undefined);
  return found;
}

async function highlight(query, quiet = false) {
  state.query = query;
  const turn = (state.turn = (state.turn ?? 0) + 1);
  by('highlight').value = query;
  by('clear').hidden = !query;
  by('highlight').removeAttribute('aria-invalid');
  remember();
  if (!query) { state.lit = null; by('highlighted').replaceChildren(); redraw(); return; }
  try {
    const answer = await gremlin(query);
    if (turn !== state.turn) return;
    const nodes = named(answer);
    state.lit = { nodes };
    const shown = [...nodes].filter((id) => state.nodes.has(id)).length;
    by('highlighted').replaceChildren(element('span', { class: 'swatch' }), Array.isArray(answer) ? `${shown} of ${state.nodes.size} nodes` : `the answer is ${JSON.stringify(answer)}`);
    if (!quiet) find.keep(query);
  } catch (error) {
    if (turn !== state.turn) return;
    state.lit = null;
    by('highlight').setAttribute('aria-invalid', 'true');
    by('highlighted').replaceChildren(element('span', { class: 'wrong', role: 'alert' }, error.message));
  }
  if (by('only').checked) redraw(); else marked();
}

function point(ids) { state.pointed = ids; marked(); }

// ---- what is chosen

function choose(id, { open = true } = {}) {
  state.chosen = id;
  state.focus = id;
  marked();
  const place = state.layout.places.get(id);
  if (place) seen.reveal(place);
  if (open) panel.show(id);
  remember();
}

function close() {
  const before = state.chosen;
  state.chosen = '';
  state.path = null;
  way.clear();
  by('side').hidden = true;
  graph.classList.remove('has-path');
  marked();
  remember();
  if (before) picture.element(before)?.focus({ preventScroll: true });
}

function side(title, ...children) {
  const shut = element('button', { type: 'button', class: 'shut', 'aria-label': 'Close' }, '×');
  shut.addEventListener('click', close);
  by('side').replaceChildren(element('div', { class: 'side-head' }, title, shut), ...children);
  by('side').hidden = false;
}

async function path(id) {
  state.chosen = '';
  marked();
  side(element('h2', {}, 'Path'), element('p', { class: 'quiet' }, 'Looking for it…'));
  try {
    const found = (await paths(id)).paths;
    trail.show(id, found);
  } catch (error) { side(element('h2', {}, 'Path'), element('p', { class: 'wrong', role: 'alert' }, error.message)); }
  remember(id);
}

function drawPath(shown) {
  state.path = shown;
  graph.classList.add('has-path');
  way.show(shown, state.picture, state.layout);
}

function remember(id = state.path?.id) {
  const query = new URLSearchParams();
  for (const name of ['theme', 'grow']) if (wish.has(name)) query.set(name, wish.get(name));
  if (state.query) query.set(by('only').checked ? 'filter' : 'highlight', state.query);
  if (table.query() !== table.DEFAULT) query.set('flows', table.query());
  if (id) query.set('path', id);
  history.replaceState(null, '', `${query}` ? `?${query}` : location.pathname);
}

const world = { state, gremlin, nodeOf, choose, point, side, highlight, path, drawPath, wayAt: (number) => way.at(number), tab, spotName: (tid) => state.picture.spots.get(state.picture.spotOf.get(nodeOf(tid)))?.name };
const panel = nodePanel(world);
const trail = pathPanel(world);
const table = flows(by('flows'), { ...world, remember: () => remember() });
const list = captures(by('captures'), world);
const find = search(world);

// ---- tabs, keys

function tab(name, focus = false) {
  for (const one of ['flows', 'captures']) {
    const on = one === name;
    by(`tab-${one}`).setAttribute('aria-selected', on);
    by(`tab-${one}`).tabIndex = on ? 0 : -1;
    by(one).hidden = !on;
  }
  table.visible(name === 'flows');
  if (focus) by(`tab-${name}`).focus();
}

// The nearest spot in a direction; what lies askew counts as farther.
function beside(id, key) {
  const centre = (place) => [place.x + place.w / 2, place.y + place.h / 2];
  const [x, y] = centre(state.layout.places.get(id));
  const sign = key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 1;
  const flat = key === 'ArrowLeft' || key === 'ArrowRight';
  let best = null;
  for (const [other, place] of state.layout.places) {
    const kind = state.picture.spots.get(other)?.kind;
    if (other === id || kind === 'host' || !kind || (flat && state.picture.spots.get(id).in === other)) continue;
    const [a, b] = centre(place);
    const [ahead, aside] = flat ? [(a - x) * sign, Math.abs(b - y)] : [(b - y) * sign, Math.max(0, Math.abs(a - x) - (kind === 'switch' ? place.w / 2 : 0))];
    const far = ahead + 2.5 * aside;
    if (ahead > 1 && (!best || far < best.far)) best = { other, far };
  }
  return best?.other;
}

function arrow(event) {
  const first = state.focus && state.layout.places.has(state.focus) ? state.focus : [...state.layout.places.keys()].find((id) => state.picture.spots.get(id)?.kind === 'switch') ?? [...state.layout.places.keys()][0];
  const next = document.activeElement?.dataset?.spot ? beside(first, event.key) : first;
  if (!next) return;
  event.preventDefault();
  state.focus = next;
  seen.reveal(state.layout.places.get(next));
  picture.element(next)?.focus({ preventScroll: true });
}

const KEYS = {
  '/': () => by('find').focus(), h: () => by('highlight').focus(), f: () => tab('flows', true), c: () => tab('captures', true),
  '+': () => seen.zoom(true), '=': () => seen.zoom(true), '-': () => seen.zoom(false), 0: () => { seen.fit(); redraw(); }, '?': () => by('help').showModal(),
};

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('dialog')) return;
  if (event.key === 'Escape' && !event.defaultPrevented) { if (event.target.closest('input, textarea')) event.target.blur(); else close(); return; }
  if (event.target.closest('input, select, textarea')) return;
  if (event.key.startsWith('Arrow') && event.target.closest('#graph, body') && !event.target.closest('#lists, #side, #grip')) { arrow(event); return; }
  if ((event.key === 'Enter' || event.key === ' ') && event.target.dataset?.spot) { event.preventDefault(); choose(event.target.dataset.spot); by('side').focus(); return; }
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

// ---- begin

function listeners() {
  by('controls').addEventListener('submit', (event) => { event.preventDefault(); highlight(by('highlight').value.trim()); });
  by('clear').addEventListener('click', () => highlight(''));
  by('only').addEventListener('change', () => { seen.fit(false); redraw(); remember(); });
  by('nearer').addEventListener('click', KEYS['+']);
  by('farther').addEventListener('click', KEYS['-']);
  by('whole').addEventListener('click', KEYS[0]);
  by('keys').addEventListener('click', KEYS['?']);
  for (const name of ['flows', 'captures']) by(`tab-${name}`).addEventListener('click', () => tab(name));
  by('lists').querySelector('[role="tablist"]').addEventListener('keydown', (event) => { if (/Arrow(Left|Right)/.test(event.key)) { event.preventDefault(); tab(by('captures').hidden ? 'captures' : 'flows', true); } });
  themes();
  gripped();
}

function themes() {
  by('theme').value = document.documentElement.dataset.theme ?? 'system';
  by('theme').addEventListener('change', () => {
    const theme = by('theme').value;
    if (theme === 'system') delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
    try { localStorage.setItem('theme', theme); } catch { /* a page that may keep nothing */ }
  });
}

// The line between picture and lists: dragged, or moved by the arrows.
function gripped() {
  const [grip, main] = [by('grip'), by('main')];
  const put = (height) => { main.style.setProperty('--lists', `${Math.max(80, Math.min(innerHeight - 260, height))}px`); };
  const height = () => by('lists').offsetHeight;
  grip.addEventListener('pointerdown', (event) => { grip.setPointerCapture(event.pointerId); });
  grip.addEventListener('pointermove', (event) => { if (grip.hasPointerCapture(event.pointerId)) put(by('lists').getBoundingClientRect().bottom - event.clientY); });
  grip.addEventListener('keydown', (event) => { const step = { ArrowUp: 24, ArrowDown: -24 }[event.key]; if (step) { event.preventDefault(); put(height() + step); } });
}

function alive(well) {
  by('pulse').classList.toggle('alive', well);
  if (!well) by('counts').textContent = 'The analyzer does not answer; this page goes on as soon as it does.';
}

started(() => {
  listeners();
  tab('flows');
  follow({ graph: taken, captures: list.show, alive });
  const query = wish.get('filter') ?? wish.get('highlight');
  by('only').checked = wish.has('filter');
  if (query) highlight(query);
  if (wish.has('path')) path(wish.get('path'));
});
