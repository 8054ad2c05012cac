// Sending from an interface: an echo request, the begin of a connection, a datagram; what becomes of it is seen in the flows.

import { element } from './element.js';
import { inject, quoted } from './topology_ask.js';
import { addresses } from './topology_model.js';

const KINDS = [['tcp', 'TCP (SYN)'], ['udp', 'UDP'], ['icmp', 'ICMP echo']];
const SECOND_MS = 1000;
let turn = 0;

export function sender(node, { state }) {
  const list = `to-${turn += 1}`;
  const others = [...state.nodes.values()].filter((one) => one.ID !== node.ID && one.Metadata.Name !== 'lo').flatMap((one) => addresses(one).map((address) => [address, one]));
  const to = element('input', { list, required: '', autocomplete: 'off', spellcheck: 'false', placeholder: others[0]?.[0] ?? '' });
  const kind = element('select', {}, ...KINDS.map(([value, text]) => element('option', { value }, text)));
  const port = element('input', { type: 'number', min: '1', max: '65535', value: '80' });
  const count = element('input', { type: 'number', min: '1', max: '1000', value: '1' });
  const said = element('p', { role: 'status' });
  const made = element('form', { 'aria-label': 'Send from here' },
    element('label', {}, 'To', to, element('datalist', { id: list }, ...others.map(([value, one]) => element('option', { value }, one.Metadata.Name)))),
    element('label', {}, 'What', kind), element('label', { class: 'port' }, 'Port', port), element('label', {}, 'How many', count), element('button', { type: 'submit' }, 'Send'), said);
  kind.addEventListener('change', () => { made.querySelector('.port').hidden = kind.value === 'icmp'; });
  made.addEventListener('submit', async (event) => {
    event.preventDefault();
    made.classList.add('sent');
    const [address, version] = [to.value.trim(), to.value.includes(':') ? '6' : '4'];
    const target = others.find(([one]) => one === address)?.[1];
    try {
      await inject({
        Src: `G.V().Has('TID', ${quoted(node.Metadata.TID)})`, ...(target ? { Dst: `G.V().Has('TID', ${quoted(target.Metadata.TID)})` } : {}), DstIP: address,
        Type: kind.value + version, Count: Number(count.value), Interval: count.value > 1 ? SECOND_MS / 5 : 0, ...(kind.value === 'icmp' ? {} : { DstPort: Number(port.value) }),
      });
      said.className = 'quiet';
      said.textContent = 'Sent: where something is captured, its flow is below.';
    } catch (error) { said.className = 'wrong'; said.textContent = error.message; }
  });
  return element('details', { class: 'send' }, element('summary', {}, 'Send from here'), made);
}
