// Values of the tracer in the words of people.

import { quoted } from './topology_ask.js';

// A field by its dotted name.
export const field = (flow, key) => key.split('.').reduce((one, name) => one?.[name], flow);

// Whether a path is that of an answer.
export const reverse = (path) => path.direction === 'reverse' || Boolean(path.back);

export const ofFlow = (flow) => `G.Flows().Has('UUID', ${quoted(flow.UUID)})`;

// What a packet was carried in, the outermost first: [{Type: "mpls", Label, TTL}, {Type: "nsh", SPI, SI, TTL}, {Type: "vlan", ID}, ...].
const told = ({ Type: kind, TTL: _, ...numbers }) => `${kind.toUpperCase()} ${Object.values(numbers).join('/')}`;

export const carried = (encap) => (encap ?? []).map(told).join(', ');
