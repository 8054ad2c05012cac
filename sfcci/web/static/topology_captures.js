// Captures: what is captured by which expression, a new one, and an end to one.

import { element } from './element.js';
import { format } from './format.js';
import { by } from './page.js';
import { create, remove } from './topology_ask.js';

const OFFERED = [['Every tap', "G.V().Has('Name', Regex('^tap'))"], ['The switch br-int', "G.V().Has('Name', 'br-int', 'Type', 'ovsbridge')"]];

export function captures(root, world) {
  const rows = element('tbody');
  const table = element('table', { class: 'list' }, element('caption', { class: 'hidden' }, 'Captures'), element('thead', {}, element('tr', {}, ...['Expression', 'Filter', 'Name', 'Interfaces', 'Packets', 'Lost', ''].map((text, index) => element('th', { scope: 'col', class: index > 2 && index < 6 ? 'number' : '' }, text)))), rows);
  const none = element('p', { class: 'quiet none' }, 'Nothing is captured yet: flows begin with a capture.');
  let all = {};

  root.append(form(), element('p', { id: 'capture-why', class: 'wrong', role: 'alert' }), element('div', { class: 'cells', tabindex: '0', role: 'region', 'aria-label': 'Captures' }, table, none));

  function form() {
    const field = (id, label, { class: name = '', ...attributes }) => element('label', { class: name }, label, element('input', { id, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...attributes }));
    const offers = OFFERED.map(([text, query]) => { const button = element('button', { type: 'button', class: 'offer' }, text); button.addEventListener('click', () => { by('capture-query').value = query; by('capture-query').focus(); }); return button; });
    const made = element('form', { id: 'capture-form', 'aria-label': 'A new capture' },
      field('capture-query', 'Gremlin expression', { class: 'wide', required: '', placeholder: OFFERED[1][1] }),
      field('capture-bpf', 'Filter (BPF)', { placeholder: 'tcp port 80' }), field('capture-name', 'Name', {}),
      field('capture-raw', 'Raw packets kept per flow', { type: 'number', min: '-1', value: '10', title: '-1 keeps all' }),
      element('button', { type: 'submit' }, 'Capture'), element('span', { class: 'offers' }, ...offers));
    made.addEventListener('submit', (event) => { event.preventDefault(); begin(); });
    return made;
  }

  async function begin() {
    const words = { GremlinQuery: by('capture-query').value.trim(), BPFFilter: by('capture-bpf').value.trim(), Name: by('capture-name').value.trim(), RawPacketLimit: Number(by('capture-raw').value) || 0 };
    await tried(() => create(Object.fromEntries(Object.entries(words).filter(([, value]) => value !== ''))), () => { by('capture-query').value = ''; by('capture-bpf').value = ''; by('capture-name').value = ''; });
  }

  async function tried(act, then = () => {}) {
    by('capture-why').textContent = '';
    try { await act(); then(); } catch (error) { by('capture-why').textContent = error.message; }
  }

  // The nodes that a capture is at, with its counters.
  const at = (id) => [...world.state.nodes.values()].flatMap((node) => (node.Metadata.Captures ?? []).filter((one) => one.ID === id).map((one) => ({ node, ...one })));

  function row(capture) {
    const places = at(capture.UUID);
    const sum = (name) => places.reduce((total, one) => total + (one[name] ?? 0), 0);
    const end = element('button', { type: 'button', 'aria-label': `Delete the capture ${capture.Name || capture.GremlinQuery}` }, 'Delete');
    end.addEventListener('click', () => tried(() => remove(capture.UUID)));
    const cells = [element('code', {}, capture.GremlinQuery), capture.BPFFilter ? element('code', {}, capture.BPFFilter) : '', capture.Name ?? '', String(capture.Count ?? places.length), format(sum('PacketsReceived'), 'none'), format(sum('PacketsDropped'), 'none'), end];
    const made = element('tr', { 'data-capture': capture.UUID }, ...cells.map((cell, index) => element('td', { class: index > 2 && index < 6 ? 'number' : '' }, cell)));
    if (sum('PacketsDropped')) made.children[5].classList.add('wrong');
    made.addEventListener('pointerenter', () => world.point(at(capture.UUID).map(({ node }) => node.ID)));
    made.addEventListener('pointerleave', () => world.point([]));
    return made;
  }

  function show(found) {
    if (found) all = found;
    const list = Object.values(all);
    by('capture-count').textContent = list.length || '';
    none.hidden = list.length > 0;
    table.hidden = !list.length;
    if (!rows.contains(document.activeElement) || rows.children.length !== list.length) rows.replaceChildren(...list.map(row));
  }

  show();
  return { show };
}
