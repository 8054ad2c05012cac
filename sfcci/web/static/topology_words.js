// Values of the tracer in the words of people.

import { quoted } from './topology_ask.js';

// A field by its dotted name.
export const field = (flow, key) => key.split('.').reduce((one, name) => one?.[name], flow);

// Whether a path is that of an answer.
export const reverse = (path) => path.direction === 'reverse' || Boolean(path.back);

export const ofFlow = (flow) => `G.Flows().Has('UUID', ${quoted(flow.UUID)})`;

// What a packet was carried in, the outermost first: of a flow [{Type: "mpls", Label, TTL}, {Type: "nsh", SPI, SI}, ...], of a path's pass
// [["mpls", label, ttl], ["nsh", spi, si, ttl], ...].
const parts = (one) => (Array.isArray(one) ? one : [one.Type, ...Object.entries(one).filter(([name]) => name !== 'Type' && name !== 'TTL').map(([, value]) => value)]);
const CARRIED = { mpls: (label) => `MPLS ${label}`, nsh: (spi, si) => `NSH ${spi}/${si}` };

function told(one) {
  const [kind, ...rest] = parts(one);
  return CARRIED[kind]?.(...rest) ?? `${String(kind).toUpperCase()} ${rest[0] ?? ''}`.trim();
}

export const carried = (encap) => (encap ?? []).map(told).join(', ');
