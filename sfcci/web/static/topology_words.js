// Values of the tracer in the words of people.

import { quoted } from './topology_ask.js';

// A field by its dotted name.
export const field = (flow, key) => key.split('.').reduce((one, name) => one?.[name], flow);

// Whether a path is that of an answer.
export const reverse = (path) => path.direction === 'reverse' || Boolean(path.back);

export const ofFlow = (flow) => `G.Flows().Has('UUID', ${quoted(flow.UUID)})`;

// What a packet was carried in, the outermost first: [["mpls", label, ttl], ["nsh", spi, si, ttl], ["vlan", id], ["vxlan", vni]].
const CARRIED = { mpls: (label) => `MPLS ${label}`, nsh: (spi, si) => `NSH ${spi}/${si}`, vlan: (id) => `VLAN ${id}` };
export const carried = (encap) => (encap ?? []).map(([kind, ...rest]) => CARRIED[kind]?.(...rest) ?? `${String(kind).toUpperCase()} ${rest[0] ?? ''}`.trim()).join(', ');
