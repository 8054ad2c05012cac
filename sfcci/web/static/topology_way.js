// The path of one request over the picture: from the sender's interface over each port that it was seen at, through switches and
// functions, with a number at each pass; where it ended before its time is crossed out, what it should have visited is dashed.

import { rounded, svg } from './topology_draw.js';
import { reverse } from './topology_words.js';

const TUNNELS = new Set(['vxlan', 'geneve']);
const APART = 7; // between two ways along one wire, or in one bar
const BADGE = { away: 21, r: 8.5 };

export function ways({ layers, mark }) {
  let badges = [];

  function clear() {
    layers.ways.replaceChildren();
    layers.marks.replaceChildren();
    badges = [];
    for (const name of ['on-way', 'missed', 'broken']) mark(name, new Set());
  }

  function show({ path }, picture, layout) {
    clear();
    const found = way(path, picture, layout);
    const tone = reverse(path) ? 'back' : 'forth';
    const d = rounded(found.points, 5);
    for (const points of found.branches) layers.ways.append(svg('path', { class: `way copy ${tone}`, d: rounded(points, 5) }));
    if (d) layers.ways.append(svg('path', { class: 'way-ground', d }), svg('path', { class: `way ${tone}`, d }), svg('path', { class: `way-flow ${tone}`, d }));
    badges = found.marks.map(({ x, y, number }) => {
      const made = svg('g', { class: `badge ${tone}`, 'data-number': number }, svg('circle', { r: BADGE.r }), svg('text', { y: 3.6 }, String(number)));
      made.style.transform = `translate(${x}px, ${y}px)`;
      layers.marks.append(made);
      return made;
    });
    mark('on-way', new Set(found.spots.flatMap((id) => [id, picture.spots.get(id)?.in])));
    mark('missed', new Set(missed(path).flatMap((name) => cards(picture, name))));
    broken(path, found, picture, layout);
  }

  function broken(path, found, picture, layout) {
    if (path.verdict === 'OK') return;
    const at = /switch/.test(path.where ?? '') || /classifier/.test(path.where ?? '') ? found.bar : cards(picture, path.node)[0] ?? found.bar;
    if (at) mark('broken', new Set([at]));
    const place = layout.places.get(at);
    if (!place || !path.verdict.startsWith('DROPPED')) return;
    const inside = picture.spots.get(at).kind === 'switch' && found.points.length;
    const [x, y] = inside ? found.points.at(-1) : [place.x + place.w, place.y];
    const cross = svg('g', { class: 'cross' }, svg('circle', { r: 11 }), svg('path', { d: 'M-4.5 -4.5L4.5 4.5M-4.5 4.5L4.5 -4.5' }));
    cross.style.transform = `translate(${x}px, ${y}px)`;
    layers.marks.append(cross);
  }

  // One pass stands out; none with 0.
  const at = (number) => badges.forEach((made) => made.classList.toggle('current', Number(made.dataset.number) === number));
  return { show, clear, at };
}

const cards = (picture, name) => [...picture.spots.values()].filter((spot) => spot.kind === 'card' && spot.name === name).map((spot) => spot.id);
const missed = (path) => (path.meant ?? []).filter((one) => !one.visited && !one.tap).flatMap((one) => one.nodes ?? []);

// Gives {points, branches, marks, spots, bar}: the line, those to where copies went, the places of the numbers, all that is touched, the
// switch that had it last.
function way(path, picture, layout) {
  const made = { points: [], branches: [], marks: [], spots: [], bar: '' };
  const tour = { picture, layout, used: new Map(), near: neighbours(picture), made };
  const all = seenAt(path, picture);
  const stops = all.filter((stop) => !stop.copy);
  stops.forEach((stop, number) => {
    const before = stops[number - 1];
    if (!before && stop.in) go(tour, [outside(tour, stop.spot), stop.spot].filter(Boolean));
    if (before) go(tour, between(tour, before, stop));
    const spot = picture.spots.get(stop.spot);
    made.bar = spot?.in || made.bar;
    badge(tour, stop);
  });
  const last = stops.at(-1);
  if (last && !last.in) go(tour, [last.spot, outside(tour, last.spot)].filter(Boolean));
  if (last?.in && /switch|classifier/.test(path.where ?? '')) go(tour, [last.spot, picture.spots.get(last.spot).in]);
  all.forEach((stop, index) => { if (stop.copy) branch(tour, all.slice(0, index).findLast((one) => one.in && !one.copy), stop); });
  return made;
}

// A copy for a tap: from where the switch had the packet to the tap's interface.
function branch(tour, from, stop) {
  const made = { points: [], marks: tour.made.marks, spots: tour.made.spots };
  const bar = tour.picture.spots.get(stop.spot).in;
  go({ ...tour, made }, [from?.spot, bar, stop.spot, outside(tour, stop.spot)].filter(Boolean));
  badge(tour, stop);
  if (from) tour.made.branches.push(made.points);
}

// The ports that it was seen at, in order: {spot, in: into the switch, number, copy}.
function seenAt(path, picture) {
  const byName = new Map([...picture.spots.values()].filter((spot) => spot.kind === 'jack' || spot.kind === 'slot').map((spot) => [spot.name, spot.id]));
  const found = (path.passes ?? []).map((pass, index) => ({ spot: byName.get(pass.tap) ?? picture.spotOf.get(pass.tid), in: pass.direction === 'in', number: index + 1, copy: Boolean(pass.copy) }));
  return found.filter((stop) => stop.spot);
}

function neighbours({ spots, wires }) {
  const near = new Map();
  const put = (a, b, wire) => { if (!near.has(a)) near.set(a, new Map()); near.get(a).set(b, wire); };
  for (const spot of spots.values()) if (spot.in && spots.has(spot.in) && (spot.kind === 'jack' || spot.kind === 'slot')) { put(spot.id, spot.in, null); put(spot.in, spot.id, null); }
  for (const wire of wires) { put(wire.a, wire.b, wire); put(wire.b, wire.a, wire); }
  // Between the nodes of a lab a frame is carried from one switch's tunnel port to another's.
  const ends = [...spots.values()].filter((spot) => spot.kind === 'jack' && TUNNELS.has(spot.sub));
  for (const one of ends) for (const other of ends) if (one.in !== other.in) put(one.id, other.id, null);
  return near;
}

const outside = ({ near, picture }, spot) => [...(near.get(spot)?.keys() ?? [])].find((id) => id !== picture.spots.get(spot).in);

// From one pass to the next: a frame that left the switch goes on by the wire, one that came in by the switch.
function between(tour, one, other) {
  const { near, picture } = tour;
  const barOf = (id) => picture.spots.get(id).in;
  if (one.spot === other.spot) {
    const end = outside(tour, one.spot);
    const inside = one.in ? barOf(one.spot) : picture.spots.get(end)?.in;
    return one.in ? [one.spot, inside, one.spot] : [one.spot, end, inside, end, one.spot].filter(Boolean);
  }
  const closed = (from, to) => (from === one.spot && (one.in ? to !== barOf(from) : to === barOf(from))) || (to === other.spot && (other.in ? from === barOf(to) : from !== barOf(to)));
  const came = new Map([[one.spot, '']]);
  const line = [one.spot];
  while (line.length && !came.has(other.spot)) {
    const at = line.shift();
    for (const next of near.get(at)?.keys() ?? []) if (!came.has(next) && !closed(at, next)) { came.set(next, at); line.push(next); }
  }
  if (!came.has(other.spot)) return [one.spot, other.spot];
  const back = [];
  for (let at = other.spot; at; at = came.get(at)) back.unshift(at);
  return back;
}

const times = (tour, key) => { const count = tour.used.get(key) ?? 0; tour.used.set(key, count + 1); return count; };
const shifted = (count) => Math.ceil(count / 2) * (count % 2 ? APART : -APART);
const centre = (place) => [place.x + place.w / 2, place.y + place.h / 2];

// Adds the line along these spots.
function go(tour, spots) {
  const { made, layout, picture } = tour;
  for (let index = 1; index < spots.length; index += 1) {
    const [a, b] = [spots[index - 1], spots[index]];
    made.spots.push(a, b);
    const wire = tour.near.get(a)?.get(b);
    const [from, to] = [layout.places.get(a), layout.places.get(b)];
    if (!from || !to) continue;
    if (wire) along(tour, wire, a);
    else if (picture.spots.get(a).kind === 'jack' && picture.spots.get(b).kind === 'jack') made.points.push(centre(from), centre(to));
    else if (picture.spots.get(b).kind === 'switch' || picture.spots.get(b).kind === 'card') { if (index + 1 < spots.length) through(tour, b, from, layout.places.get(spots[index + 1])); else into(tour, b, from); } else if (!tour.near.get(a)?.has(b)) made.points.push(centre(from), centre(to));
  }
}

function along({ layout, made, used }, wire, from) {
  const points = layout.wires.get(wire.id) ?? [];
  const count = used.get(wire.id) ?? 0;
  used.set(wire.id, count + 1);
  const shift = shifted(count);
  const moved = points.map(([x, y]) => [x + shift, y + (points.length > 2 ? shift * 0.4 : 0)]);
  const forward = layout.places.get(from) && Math.hypot(points[0][0] - centre(layout.places.get(from))[0], points[0][1] - centre(layout.places.get(from))[1]) < Math.hypot(points.at(-1)[0] - centre(layout.places.get(from))[0], points.at(-1)[1] - centre(layout.places.get(from))[1]);
  made.points.push(...(forward ? moved : moved.reverse()));
}

// Through a bar along its middle, through a card behind its slots.
function through(tour, id, from, to) {
  const place = tour.layout.places.get(id);
  const isSwitch = tour.picture.spots.get(id).kind === 'switch';
  const [x, y] = tour.made.points.at(-1) ?? centre(from);
  const shift = shifted(times(tour, id));
  const middle = isSwitch ? place.y + place.h / 2 + shift : from.side === 'down' ? from.y + from.h + 5 : from.y - 5;
  const x2 = from === to ? x + APART : centre(to)[0];
  tour.made.points.push([x, y], [x, middle], [x2 + (isSwitch ? shifted(tour.used.get(wireOf(tour, to)) ?? 0) : 0), middle]);
}

const wireOf = ({ layout, picture }, place) => { const [id] = [...layout.places].find(([, one]) => one === place) ?? []; return picture.wires.find((wire) => wire.a === id || wire.b === id)?.id; };

function into(tour, id, from) {
  const place = tour.layout.places.get(id);
  const [x, y] = tour.made.points.at(-1) ?? centre(from);
  tour.made.points.push([x, y], [x, place.y + place.h / 2]);
}

// The number of a pass: beside the wire, on the side that the port has to the outside.
function badge({ layout, made, used }, { spot, number }) {
  const place = layout.places.get(spot);
  if (!place) return;
  const [x, y] = centre(place);
  const count = used.get(`badge ${spot}`) ?? 0;
  used.set(`badge ${spot}`, count + 1);
  const mark = { number, x: x + count * 19, y: y + (place.side === 'down' ? 1 : -1) * BADGE.away };
  while (made.marks.some((one) => Math.hypot(one.x - mark.x, one.y - mark.y) < 2 * BADGE.r)) mark.y += (place.side === 'down' ? 1 : -1) * 2 * BADGE.r;
  made.marks.push(mark);
}
