// What is known of the spot that was chosen: facts first, then all that the graph holds, and what one may do with it.

import { element } from './element.js';
import { by } from './page.js';
import { format } from './format.js';
import { quoted } from './topology_ask.js';
import { addresses } from './topology_model.js';
import { sender } from './topology_send.js';

const NOT_CAPTURED = new Set(['host', 'netns', 'ofrule', 'ofgroup']);
const WORDS = { ovsbridge: 'Open vSwitch bridge', ovsport: 'port of the switch', netns: 'network namespace', ofrule: 'OpenFlow rule', ofgroup: 'OpenFlow group' };
const MOST_BELOW = 200;

export const kindOf = (node) => WORDS[node.Metadata.Type] ?? node.Metadata.Type ?? 'node';

export function nodePanel(world) {
  const { state, side } = world;

  function show(id) {
    const spot = state.picture.spots.get(id);
    const nodes = spot.nodes.map((one) => state.nodes.get(one)).filter(Boolean);
    if (spot.kind === 'jack') nodes.sort((a, b) => ('MAC' in b.Metadata) - ('MAC' in a.Metadata)); // of a port and its interface the one that tells more
    const children = nodes.map((node, index) => section(node, index > 0, spot));
    side(element('h2', {}, spot.name), ...children, below(spot));
  }

  function section(node, more, spot) {
    const made = element('section', { class: 'node' });
    made.append(element('p', { class: 'kind' }, kindOf(node), node.Metadata.State ? element('span', { class: `state ${node.Metadata.State === 'UP' ? 'up' : 'down'}` }, node.Metadata.State) : ''));
    made.append(facts(node));
    if (!NOT_CAPTURED.has(node.Metadata.Type) && !more) made.append(acts(node));
    if (spot.kind === 'slot' && node.Metadata.TID) made.append(sender(node, world));
    const open = element('details', {}, element('summary', {}, 'All that is known'), tree({ ID: node.ID, ...node.Metadata }));
    made.append(open);
    return made;
  }

  function acts(node) {
    const what = `G.V().Has('TID', ${quoted(String(node.Metadata.TID))})`;
    const capture = element('button', { type: 'button' }, 'Capture here');
    capture.addEventListener('click', () => { world.tab('captures'); by('capture-query').value = what; by('capture-name').value = String(node.Metadata.Name ?? ''); by('capture-bpf').focus(); });
    const flows = element('button', { type: 'button' }, 'Its flows');
    flows.addEventListener('click', () => { world.tab('flows'); by('flow-query').value = `${what}.Flows()`; by('flow-form').requestSubmit(); });
    return element('p', { class: 'acts' }, capture, flows);
  }

  // What belongs to it and is drawn as something of its own, or as nothing: rules and groups of a switch, for example.
  function below(spot) {
    const inside = [...state.picture.spots.values()].filter((one) => one.in === spot.id);
    const hidden = [...state.picture.spotOf].filter(([id, at]) => at === spot.id && !spot.nodes.includes(id)).map(([id]) => state.nodes.get(id));
    const made = element('section', { class: 'below' });
    if (inside.length) {
      const list = inside.slice(0, MOST_BELOW).map((one) => {
        const button = element('button', { type: 'button', class: 'link' }, one.name);
        button.addEventListener('click', () => world.choose(one.id));
        button.addEventListener('pointerenter', () => world.point(one.nodes));
        button.addEventListener('pointerleave', () => world.point([]));
        return element('li', {}, button, one.sub ? element('span', { class: 'quiet' }, ` ${one.sub}`) : '');
      });
      made.append(element('h3', {}, spot.kind === 'host' ? 'On it' : spot.kind === 'switch' ? 'Ports' : 'Interfaces'), element('ul', {}, ...list));
    }
    if (hidden.length) made.append(element('h3', {}, 'Beside'), ...hidden.slice(0, MOST_BELOW).map((node) => element('details', {}, element('summary', {}, `${kindOf(node)} ${brief(node)}`), tree(node.Metadata))));
    return made;
  }

  function refresh() {
    if (!by('side').hidden && !by('side').contains(document.activeElement) && !by('side').querySelector('details[open], .sent')) show(state.chosen);
  }

  return { show, refresh };
}

const brief = ({ Metadata: one }) => (one.Actions ? `table ${one.Table ?? 0}, priority ${one.Priority ?? 0}` : String(one.GroupId ?? one.Name ?? ''));

function facts(node) {
  const one = node.Metadata;
  const metric = one.Metric;
  const rows = [
    ['Address', addresses(node).join(', ')], ['MAC', one.MAC], ['Peer’s MAC', one.PeerIntfMAC], ['Driver', one.Driver], ['MTU', one.MTU], ['VLAN', one.Vlan ?? one.Vlans],
    ['OpenFlow port', one.OfPort], ['Neutron port', one.ExtID?.['iface-id'] ?? one.Neutron?.PortID], ['Network', one.Neutron?.NetworkName], ['Remote', one.RemoteIP], ['Path', one.Path],
    ['Protocols', one.Ovs?.Protocols?.join?.(', ')],
    ['Received', metric && `${format(metric.RxPackets ?? 0, 'none')} packets, ${format(metric.RxBytes ?? 0, 'bytes')}`], ['Sent', metric && `${format(metric.TxPackets ?? 0, 'none')} packets, ${format(metric.TxBytes ?? 0, 'bytes')}`],
    ['Dropped', metric && (metric.RxDropped || metric.TxDropped) ? `${metric.RxDropped ?? 0} received, ${metric.TxDropped ?? 0} sent` : ''],
  ];
  const made = element('dl', { class: 'facts' });
  for (const [name, value] of rows) if (value !== undefined && value !== null && value !== '') made.append(element('dt', {}, name), element('dd', {}, String(value)));
  for (const capture of one.Captures ?? []) made.append(element('dt', {}, 'Captured'), element('dd', {}, `${capture.Name || capture.ID}: ${format(capture.PacketsReceived ?? 0, 'none')} packets${capture.PacketsDropped ? `, ${capture.PacketsDropped} lost` : ''}${capture.BPFFilter ? `, ${capture.BPFFilter}` : ''}`));
  return made;
}

// Nested values as nested lists.
export function tree(value) {
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return element('span', {}, value.join(', ') || '–');
  if (value === null || typeof value !== 'object') return element('span', {}, String(value));
  const made = element('dl', { class: 'tree' });
  for (const [name, inner] of Object.entries(value)) made.append(element('dt', {}, name), element('dd', {}, tree(inner)));
  return made;
}
