// One flow: its facts, its raw packets octet by octet, and the ways on from it.

import { element } from './element.js';
import { format } from './format.js';
import { gremlin, packetsFile, quoted } from './topology_ask.js';
import { tree } from './topology_node.js';
import { carried, field, ofFlow } from './topology_words.js';

const LINE = 8;
const MOST_PACKETS = 50;
const hex = (octet) => octet.toString(16).padStart(2, '0');

export function flowPanel(world) {
  function show(flow) {
    const packets = element('div', { class: 'packets' });
    world.side(element('h2', {}, [flow.Application, 'flow'].filter(Boolean).join(' ')), facts(flow), acts(flow, packets), packets, element('details', {}, element('summary', {}, 'All that is known'), tree(flow)));
    if (flow.RawPacketsCaptured) raw(flow, packets);
  }

  function facts(flow) {
    const ends = (what) => (flow[what] ? `${flow[what].A} → ${flow[what].B}` : '');
    const rows = [
      ['Layers', flow.LayersPath], ['Network', ends('Network')], ['Transport', flow.Transport && `${flow.Transport.Protocol} ${ends('Transport')}`], ['Link', ends('Link')], ['Carried in', carried(flow.Encap)],
      ['There', `${format(flow.Metric?.ABPackets ?? 0, 'none')} packets, ${format(flow.Metric?.ABBytes ?? 0, 'bytes')}`], ['Back', `${format(flow.Metric?.BAPackets ?? 0, 'none')} packets, ${format(flow.Metric?.BABytes ?? 0, 'bytes')}`],
      ['Round trip', flow.Metric?.RTT ? format(flow.Metric.RTT, 'ns') : ''], ['Seen at', world.spotName(flow.NodeTID) ?? flow.NodeTID], ['Ended', flow.FinishType && flow.FinishType !== 'NOT_FINISHED' ? flow.FinishType : ''],
      ['Retransmitted', field(flow, 'TCPMetric.ABSegmentOutOfOrder')], ['L3 tracking id', flow.L3TrackingID],
    ];
    const made = element('dl', { class: 'facts' });
    for (const [name, value] of rows) if (value) made.append(element('dt', {}, name), element('dd', {}, String(value)));
    return made;
  }

  function acts(flow, packets) {
    const act = (text, done) => { const button = element('button', { type: 'button' }, text); button.addEventListener('click', done); return button; };
    return element('p', { class: 'acts' },
      act('Its path', () => world.path(flow.L3TrackingID)),
      act('Highlight where it was', () => world.highlight(`G.Flows().Has('L3TrackingID', ${quoted(flow.L3TrackingID)}).Hops()`)),
      act('Raw packets', () => raw(flow, packets)));
  }

  async function raw(flow, root) {
    const query = `${ofFlow(flow)}.RawPackets()`;
    root.replaceChildren(element('p', { class: 'quiet' }, 'Reading…'));
    try {
      const found = (await gremlin(query)).flatMap((one) => Object.values(one).flat());
      root.replaceChildren(element('h3', {}, `${found.length || 'No'} raw packet${found.length === 1 ? '' : 's'}`));
      if (!found.length) { root.append(element('p', { class: 'quiet' }, 'The capture keeps none: set “Raw packets kept” when it begins.')); return; }
      const save = element('button', { type: 'button', class: 'small' }, 'Save as pcap');
      save.addEventListener('click', () => saved(query, flow.UUID).catch((error) => save.after(element('span', { class: 'wrong', role: 'alert' }, error.message))));
      root.append(save, ...found.slice(0, MOST_PACKETS).map((packet, index) => dump(packet, found[0].Timestamp, index)));
    } catch (error) { root.replaceChildren(element('p', { class: 'wrong', role: 'alert' }, error.message)); }
  }

  return { show };
}

async function saved(query, name) {
  const address = URL.createObjectURL(await packetsFile(query));
  const link = element('a', { href: address, download: `${name}.pcap` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function dump(packet, begin, index) {
  const octets = Uint8Array.from(atob(packet.Data), (letter) => letter.charCodeAt(0));
  const lines = [];
  for (let at = 0; at < octets.length; at += LINE) {
    const part = [...octets.slice(at, at + LINE)];
    lines.push(`${at.toString(16).padStart(4, '0')}  ${part.map(hex).join(' ').padEnd(LINE * 3 - 1)}  ${part.map((octet) => (octet > 31 && octet < 127 ? String.fromCharCode(octet) : '·')).join('')}`);
  }
  const title = `${index + 1}. ${index ? `+${packet.Timestamp - begin} ms` : new Date(packet.Timestamp).toLocaleTimeString('sv')} · ${octets.length} octets`;
  const made = element('details', {}, element('summary', {}, title), element('pre', { tabindex: '0', 'aria-label': title }, lines.join('\n')));
  made.open = index === 0;
  return made;
}
