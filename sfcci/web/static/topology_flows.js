// The table of flows: any expression that gives flows, columns as one wants them, the newest first, followed while it is looked at.

import { element } from './element.js';
import { format } from './format.js';
import { by, wish } from './page.js';
import { gremlin } from './topology_ask.js';
import { flowPanel } from './topology_flow.js';
import { carried, field } from './topology_words.js';

const DEFAULT = 'G.Flows().Sort()';
const MOST = 500;
const EVERY_MS = 2000;
const STORED = 'flow columns';
const FIRST = ['Last', 'Application', 'From', 'To', 'Packets', 'Bytes', 'Metric.RTT', 'Encap', 'Node', 'L3TrackingID'];
const TITLES = { 'Metric.RTT': 'RTT', 'L3TrackingID': 'L3 tracking id', NodeTID: 'Node TID', Node: 'Seen at' };
const LIMITED = /\.(?:limit|range|count|values|valuemap|keys|sum|metrics|rawpackets|group|v|e|nodes?|hops|capturenode|in|out|both)\s*\(.*$/i;

const end = (flow, side) => { const [address, port] = [flow.Network?.[side] ?? flow.Link?.[side] ?? '–', flow.Transport?.[side]]; return port === undefined ? address : address.includes(':') && flow.Network ? `[${address}]:${port}` : `${address}:${port}`; };
const both = (flow, what) => `${format(flow.Metric?.[`AB${what}`] ?? 0, 'none')} → ${format(flow.Metric?.[`BA${what}`] ?? 0, 'none')} ←`;
const clock = (ms) => { const time = new Date(ms); return `${time.toLocaleTimeString('sv')}.${String(ms % 1000).padStart(3, '0')}`; };

// Column → [text, what it is sorted by, whether it is a number].
const MADE = {
  Last: (flow) => [clock(flow.Last), flow.Last, true],
  Start: (flow) => [clock(flow.Start), flow.Start, true],
  From: (flow) => [end(flow, 'A'), end(flow, 'A')],
  To: (flow) => [end(flow, 'B'), end(flow, 'B')],
  Packets: (flow) => [both(flow, 'Packets'), (flow.Metric?.ABPackets ?? 0) + (flow.Metric?.BAPackets ?? 0), true],
  Bytes: (flow) => [both(flow, 'Bytes'), (flow.Metric?.ABBytes ?? 0) + (flow.Metric?.BABytes ?? 0), true],
  'Metric.RTT': (flow) => [flow.Metric?.RTT ? format(flow.Metric.RTT, 'ns') : '', flow.Metric?.RTT ?? 0, true],
  Encap: (flow) => [carried(flow.Encap), carried(flow.Encap)],
};

export function flows(root, world) {
  let shown = []; let columns = stored(); let sort = null; let timer = 0; let looked = false; let turn = 0; let named = false; let filled = ''; let asked = wish.get('flows') ?? DEFAULT;
  const head = element('tr');
  const rows = element('tbody');
  const table = element('table', { class: 'list' }, element('caption', { class: 'hidden' }, 'Flows'), element('thead', {}, head), rows);
  const said = element('p', { class: 'said', role: 'status' });
  const plain = element('pre', { class: 'plain', hidden: '', tabindex: '0' });
  const chooser = element('div', { class: 'checks' });
  const detail = flowPanel(world);

  root.append(form(), said, element('div', { class: 'cells', tabindex: '0', role: 'region', 'aria-label': 'Flows' }, table, plain));

  function form() {
    const query = element('input', { id: 'flow-query', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', maxlength: '4000', 'aria-label': 'Expression that gives flows' });
    query.value = asked;
    const live = element('input', { type: 'checkbox', id: 'flow-live' });
    live.checked = true;
    live.addEventListener('change', () => plan());
    const made = element('form', { id: 'flow-form', 'aria-label': 'Which flows' },
      element('label', { class: 'wide' }, query), element('label', { class: 'check' }, live, ' follow'),
      element('details', { class: 'several' }, element('summary', {}, 'Columns'), chooser), element('button', { type: 'submit' }, 'Show'));
    made.addEventListener('submit', (event) => { event.preventDefault(); asked = query.value.trim() || DEFAULT; query.value = asked; world.remember(); ask(); });
    return made;
  }

  // A table of half a million flows helps nobody: an expression that names no limit is asked for as many as are shown.
  async function limited(query) {
    if (!/\.flows\s*\(/i.test(query) || LIMITED.test(query.slice(query.toLowerCase().lastIndexOf('flows')))) return { answer: await gremlin(query), all: 0 };
    const all = Number(await gremlin(`${query}.Count()`));
    if (!/\.sort\(\s*\)$/i.test(query)) return { answer: await gremlin(`${query}.Limit(${MOST})`), all };
    const answer = await gremlin(all > MOST ? `${query}.Range(${all - MOST}, ${all})` : query);
    return { answer: Array.isArray(answer) ? answer.reverse() : answer, all }; // ascending: the newest came last
  }

  async function ask() {
    const mine = ++turn;
    clearTimeout(timer);
    try {
      const { answer, all } = await limited(asked);
      if (mine === turn) answered(answer, all);
    } catch (error) {
      if (mine === turn) { said.replaceChildren(element('span', { class: 'wrong', role: 'alert' }, error.message)); by('flow-query').setAttribute('aria-invalid', 'true'); }
    }
    if (mine === turn) plan();
  }

  function answered(answer, all) {
    by('flow-query').removeAttribute('aria-invalid');
    const isFlows = Array.isArray(answer) && answer.every((one) => one?.UUID && 'NodeTID' in one);
    table.hidden = !isFlows;
    plain.hidden = isFlows;
    if (!isFlows) { plain.textContent = JSON.stringify(answer, null, 2); said.textContent = 'These are no flows; this is the answer as it came.'; return; }
    shown = answer;
    const text = all > shown.length ? `${shown.length} of ${all} flows` : `${shown.length} flow${shown.length === 1 ? '' : 's'}`;
    by('flow-count').textContent = all || shown.length || '';
    said.textContent = shown.length ? `${text}. Point at one to see where it was; Enter opens it.` : 'No flows yet: they come when something is captured and packets pass.';
    choice();
    fill();
  }

  function choice() {
    const known = [...new Set([...Object.keys(MADE), 'Node', 'L3TrackingID', 'TrackingID', ...shown.slice(0, 50).flatMap((flow) => keys(flow))])];
    if (chooser.dataset.known === known.join()) return;
    chooser.dataset.known = known.join();
    chooser.replaceChildren(...known.map((key) => {
      const box = element('input', { type: 'checkbox' });
      box.checked = columns.includes(key);
      box.addEventListener('change', () => { columns = box.checked ? [...columns, key] : columns.filter((one) => one !== key); keep(); fill(); });
      return element('label', { class: 'check' }, box, TITLES[key] ?? key);
    }));
  }

  const cell = (flow, key) => (key === 'Node' ? [world.spotName(flow.NodeTID) ?? flow.NodeTID, world.spotName(flow.NodeTID) ?? ''] : MADE[key]?.(flow) ?? plainCell(field(flow, key)));

  function fill() {
    head.replaceChildren(...columns.map(headOf), element('th', {}, element('span', { class: 'hidden' }, 'Path')));
    const made = sort ? [...shown].sort((a, b) => compare(cell(a, sort.key)[1], cell(b, sort.key)[1]) * (sort.down ? -1 : 1)) : shown;
    const key = JSON.stringify([columns, sort, made.map((flow) => [flow.UUID, ...columns.map((name) => cell(flow, name)[0])])]);
    if (key === filled) return; // nothing moves under somebody's hand for nothing
    filled = key;
    const at = document.activeElement?.closest?.('#flows tbody tr')?.dataset.flow;
    const button = document.activeElement?.matches?.('#flows tbody button');
    rows.replaceChildren(...made.map(row));
    if (at) { const back = rows.querySelector(`[data-flow="${CSS.escape(at)}"]`); (button ? back?.querySelector('button') : back)?.focus({ preventScroll: true }); }
  }

  function headOf(key) {
    const button = element('button', { type: 'button' }, TITLES[key] ?? key);
    const th = element('th', { scope: 'col', class: shown[0] && cell(shown[0], key)[2] ? 'number' : '' }, button);
    if (sort?.key === key) th.setAttribute('aria-sort', sort.down ? 'descending' : 'ascending');
    button.addEventListener('click', () => { sort = sort?.key === key && sort.down ? { key, down: false } : { key, down: true }; fill(); });
    return th;
  }

  function row(flow) {
    const path = element('button', { type: 'button', class: 'small', title: 'Draw the path of this request' }, 'Path');
    path.addEventListener('click', (event) => { event.stopPropagation(); world.path(flow.L3TrackingID); });
    const made = element('tr', { 'data-flow': flow.UUID, tabindex: '0' }, ...columns.map((key) => { const [text, , number] = cell(flow, key); return element('td', { class: number ? 'number' : '' }, key === 'L3TrackingID' ? element('code', {}, text) : text); }), element('td', {}, path));
    made.addEventListener('click', () => detail.show(flow));
    made.addEventListener('keydown', (event) => { if (event.target === made) keyed(event, made, flow); });
    const point = () => world.point(where(flow));
    made.addEventListener('pointerenter', point);
    made.addEventListener('focus', point);
    made.addEventListener('pointerleave', () => world.point([]));
    made.addEventListener('blur', () => world.point([]));
    return made;
  }

  function keyed(event, made, flow) {
    if (event.key === 'Enter') { event.preventDefault(); detail.show(flow); by('side').focus(); }
    if (event.key === 'p') { event.preventDefault(); world.path(flow.L3TrackingID); }
    const next = { ArrowDown: made.nextElementSibling, ArrowUp: made.previousElementSibling }[event.key];
    if (next) { event.preventDefault(); next.focus(); }
  }

  // All places where this request was seen: those flows that the table has, of the same L3 tracking id.
  const where = (flow) => shown.filter((one) => one.L3TrackingID && one.L3TrackingID === flow.L3TrackingID).concat(flow).map((one) => world.nodeOf(one.NodeTID)).filter(Boolean);

  function plan() {
    clearTimeout(timer);
    if (looked && by('flow-live').checked) timer = setTimeout(() => (document.hidden || rows.matches(':active') ? plan() : ask()), EVERY_MS);
  }

  const keep = () => { try { localStorage.setItem(STORED, JSON.stringify(columns)); } catch { /* a page that may keep nothing */ } };
  return { DEFAULT, query: () => asked, named() { if (shown.some((flow) => !world.spotName(flow.NodeTID)) || !named) { named = true; fill(); } }, visible(now) { looked = now; if (now) ask(); else clearTimeout(timer); } };
}

function stored() {
  try { const found = JSON.parse(localStorage.getItem(STORED)); if (Array.isArray(found) && found.length && found.every((one) => typeof one === 'string')) return found; } catch { /* as at first */ }
  return FIRST;
}

const plainCell = (value) => (value === undefined || value === null ? ['', ''] : typeof value === 'object' ? [JSON.stringify(value), JSON.stringify(value)] : [String(value), value, typeof value === 'number']);
const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true }));

// The dotted names of all that a flow holds.
function keys(flow, before = '') {
  return Object.entries(flow).flatMap(([name, value]) => (value && typeof value === 'object' && !Array.isArray(value) ? keys(value, `${before}${name}.`) : [before + name]));
}
