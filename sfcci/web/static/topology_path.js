// A request's path in words: the verdict, where it was and when, what carried it, against what was meant. The picture shows the same.

import { element } from './element.js';
import { format } from './format.js';
import { carried, reverse } from './topology_words.js';

const GOOD = 'OK';
const PROTOCOLS = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' };

export function pathPanel(world) {
  function show(id, all) {
    if (!all.length) { world.side(element('h2', {}, 'Path'), element('p', { class: 'quiet' }, 'Of this request nothing was seen that makes a path.')); return; }
    one(id, all, 0);
  }

  function one(id, all, number) {
    const path = all[number];
    const others = all.length > 1 ? element('div', { class: 'paths', role: 'group', 'aria-label': 'Paths' }, ...all.map((other, index) => other_(id, all, other, index, index === number))) : '';
    world.side(title(path), others, about(path), passes(path), meant(path), ...notes(path));
    world.drawPath({ id, path });
  }

  function other_(id, all, path, index, current) {
    const button = element('button', { type: 'button', 'aria-pressed': String(current) }, element('span', { class: `dot ${path.verdict === GOOD ? 'good' : 'bad'}` }), reverse(path) ? 'reverse' : 'forward', all.filter((one) => reverse(one) === reverse(path)).length > 1 ? ` ${index + 1}` : '');
    button.addEventListener('click', () => one(id, all, index));
    return button;
  }

  const title = (path) => element('h2', {}, element('span', { class: `verdict ${path.verdict === GOOD ? 'good' : 'bad'}` }, path.verdict), path.chain ? ` ${path.chain}` : '');

  function about({ flow, says, back, packets, l3_tracking_id: id }) {
    const end = (address, port) => `${address}${port === null || port === undefined || port === 0 ? '' : `:${port}`}`;
    const made = element('div', {}, element('p', {}, element('strong', {}, `${end(flow.src, flow.sport)} → ${end(flow.dst, flow.dport)}`), ` ${PROTOCOLS[flow.protocol] ?? `protocol ${flow.protocol}`}${back ? ', on the way back' : ''}`));
    if (says) made.append(element('p', { class: 'says' }, says));
    made.append(element('p', { class: 'quiet' }, element('code', {}, id ?? ''), packets > 1 ? ` · ${packets} packets went this way` : ''));
    return made;
  }

  function passes(path) {
    const list = element('ol', { class: `passes ${reverse(path) ? 'back' : ''}` });
    (path.passes ?? []).forEach((pass, index) => {
      const item = element('li', { tabindex: '0' },
        element('span', { class: 'when' }, index ? `+${format(pass.delta_ns, 'ns')}` : '0'),
        element('span', { class: 'where' }, element('strong', {}, pass.node || pass.tap), ` ${pass.direction === 'in' ? 'gave it to the switch' : pass.copy ? 'got a copy' : 'got it'}`,
          element('span', { class: 'quiet' }, ` ${pass.tap}`)),
        ...chosen(path, pass),
        pass.encap?.length ? element('span', { class: 'carried' }, `in ${carried(pass.encap)}`) : '',
        pass.inside_ns ? element('span', { class: 'inside' }, `${format(pass.inside_ns, 'ns')} inside`) : '');
      const at = () => world.wayAt(index + 1);
      item.addEventListener('pointerenter', at);
      item.addEventListener('focus', at);
      item.addEventListener('pointerleave', () => world.wayAt(0));
      item.addEventListener('blur', () => world.wayAt(0));
      list.append(item);
    });
    return list;
  }

  // Group by group: the pair that it went through, or those one of which it should have.
  function meant({ meant: groups = [] }) {
    if (!groups.length) return '';
    return element('section', {}, element('h3', {}, 'The chain that was meant'), element('ol', { class: 'meant' }, ...groups.map((group) => element('li', { class: group.visited ? 'good' : group.tap ? '' : 'bad' },
      element('strong', {}, group.group), ` ${group.visited ? `through ${group.visited}` : group.tap ? 'a tap, which gets a copy' : `not visited: ${(group.pairs ?? []).join(' or ')}`}`))));
  }

  // Which pair the switch chose before it gave the packet to this port, and the mark that it bore until then.
  function chosen({ hops = [] }, pass) {
    const hop = pass.direction === 'out' && hops.find((one) => one.pair && one.port_in?.tap === pass.tap);
    if (!hop) return [];
    const told = [`${hop.group}: ${hop.pair}${hop.choices > 1 ? `, one of ${hop.choices}` : ''}`];
    if (hop.spi !== null) told.push(`path ${hop.spi}, index ${hop.si}`);
    if (hop.label !== null) told.push(`label ${hop.label}${hop.on_wire ? '' : ' within the switch'}`);
    return [element('span', { class: 'chosen-pair' }, told.join(' · ')), ...(hop.fault ? [element('span', { class: 'wrong' }, hop.fault)] : [])];
  }

  // What the switch itself says of such a packet.
  const notes = ({ told }) => (told ? [element('details', {}, element('summary', {}, 'What the switch says of it'), element('pre', { class: 'plain', tabindex: '0' }, told))] : []);

  return { show };
}
