// Where things stand: each switch is a bar, the namespaces on its wires stand in rows over and under it, as many columns as let all of it
// be seen largest; hosts stand side by side for the same end. Wires of the rows behind run between the columns, each in a lane of its own, so that none crosses a card.

import { byName } from './topology_model.js';

const SLOT = { w: 92, h: 36 };
const CARD = { head: 26, pad: 7, gap: 6 };
const CARD_H = CARD.head + SLOT.h + CARD.pad + 4;
const BAR_H = 64;
const CHIP = { w: 104, h: 22 };
const ROW_GAP = 26;
const FRONT = 46; // between a bar and its cards: wires are seen here
const LANE = 9;
const GUTTER = 20;
const BAND_GAP = 54;
const FRAME = 26;
const MOST_BAR = 1000; // of a switch that has ports and no namespaces
const MOST_ACROSS = 8; // hosts side by side
const MOST_SLOTS = 8; // in one row of a card
export const JACK = { w: 14, h: 10 };

// `picture` is that of the model; `room` the {w, h} that it is shown in. Gives {places: spot id → {x, y, w, h, side}, wires: id → points,
// w, h}.
export function laid(picture, room) {
  const plan = planned(picture);
  const most = Math.max(1, ...plan.flatMap((host) => host.bands.map((band) => band.cards.length)));
  let best = null;
  for (const columns of tried(most, room)) {
    const blocks = plan.map((one) => stood(one, columns));
    for (let across = 1; across <= Math.max(1, Math.min(plan.length, MOST_ACROSS)); across += 1) {
      const found = side(blocks, across);
      const scale = Math.min(room.w / found.w, room.h / found.h, 1.15);
      if (!best || scale > best.scale * 1.02) best = { scale, blocks, across };
    }
  }
  const found = settled(side(best.blocks, best.across));
  for (const wire of picture.wires) if (!found.wires.has(wire.id)) found.wires.set(wire.id, straight(found.places.get(wire.a), found.places.get(wire.b)));
  return found;
}

// All numbers of columns where there are few; else those around the one that the room's shape suggests.
function* tried(most, room) {
  const ideal = Math.sqrt((most * room.w * (CARD_H + ROW_GAP)) / (room.h * 1.6 * SLOT.w));
  const [low, high] = most <= 24 ? [1, most] : [Math.max(1, Math.floor(ideal * 0.55)), Math.min(most, Math.ceil(ideal * 1.7))];
  for (let columns = high; columns >= low; columns = Math.min(columns - 1, Math.floor(columns * 0.93))) yield columns;
}

const NONE = [];
const put = (map, key, value) => { if (map.has(key)) map.get(key).push(value); else map.set(key, [value]); };

// Hosts, their switches, and the cards of each switch: those that have most of their wires there.
function planned({ spots, wires }) {
  const within = new Map();
  for (const spot of spots.values()) put(within, spot.in, spot);
  const inside = (id, kind) => (within.get(id) ?? NONE).filter((spot) => spot.kind === kind).sort(kind === 'jack' ? (a, b) => a.number - b.number || byName(a, b) : byName);
  const cabled = new Map();
  for (const wire of wires) for (const [near, far] of [[wire.a, wire.b], [wire.b, wire.a]]) put(cabled, near, { wire, far: spots.get(far) });
  const hosts = [...spots.values()].filter((spot) => spot.kind === 'host').sort(byName);
  const groups = [...hosts.map((host) => ({ host, id: host.id })), { host: null, id: '' }];
  const plan = groups.map(({ host, id }) => hostPlan(host, id, { inside, cabled, spots })).filter((one) => one.bands.length || one.host);
  return [...plan.filter(filled), ...plan.filter((one) => !filled(one))]; // what only joins others stands under them
}

const filled = ({ bands }) => bands.some((band) => band.cards.length);

function hostPlan(host, id, { inside, cabled, spots }) {
  const home = new Map();
  const cards = inside(id, 'card').map((card) => {
    const slots = inside(card.id, 'slot');
    const count = new Map();
    for (const slot of slots) for (const { far } of cabled.get(slot.id) ?? []) if (far.kind === 'jack') count.set(far.in, (count.get(far.in) ?? 0) + 1);
    const [at] = [...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [''];
    home.set(card.id, at);
    const number = Math.min(Infinity, ...slots.flatMap((slot) => (cabled.get(slot.id) ?? []).map(({ far }) => far.number || Infinity)));
    return { card, slots, at, number, w: Math.max(SLOT.w, Math.min(slots.length, MOST_SLOTS) * (SLOT.w + CARD.gap) - CARD.gap) + 2 * CARD.pad, rows: Math.max(1, Math.ceil(slots.length / MOST_SLOTS)) };
  });
  cards.sort((a, b) => (a.number === b.number ? 0 : a.number - b.number) || byName(a.card, b.card)); // what comes last stands last: little moves
  const bands = inside(id, 'switch').map((bar) => ({ bar, jacks: inside(bar.id, 'jack'), cards: cards.filter((one) => one.at === bar.id), cabled, home, spots }));
  const mine = new Set(bands.map(({ bar }) => bar.id));
  for (const band of bands) band.loose = band.jacks.filter((jack) => !reaches(band, jack, mine));
  bands.sort((a, b) => b.cards.length - a.cards.length || byName(a.bar, b.bar));
  const free = cards.filter((one) => !bands.some((band) => band.bar.id === one.at));
  if (free.length) bands.push({ bar: null, jacks: [], cards: free, cabled, home, spots });
  return { host, bands };
}

// One host, at the origin: {places, wires, w, h, filled}.
function stood(one, columns) {
  const { host, bands } = one;
  const all = { places: new Map(), wires: new Map(), w: 0, h: 0, filled: filled(one) };
  const frame = host ? FRAME : 0;
  const lanes = patches(bands);
  const left = frame + (lanes.size ? 12 + lanes.size * 16 : 0);
  let y = frame + (host ? 8 : 0);
  let w = host ? 240 : 0;
  for (const band of bands) {
    const rows = Math.ceil(band.cards.length / columns) || 1;
    const made = banded(band, Math.max(1, Math.ceil(band.cards.length / rows)), { x: left, y, from: frame });
    for (const [id, place] of made.places) all.places.set(id, place);
    for (const [id, points] of made.wires) all.wires.set(id, points);
    w = Math.max(w, left + made.w + frame);
    y += made.h + BAND_GAP;
  }
  y += frame - (bands.length ? BAND_GAP : 0);
  // Bars of one host are as long as the longest.
  for (const { bar } of bands) if (bar) { const place = all.places.get(bar.id); place.w = w - frame - place.x; }
  patched(bands, lanes, frame, all);
  if (host) all.places.set(host.id, { x: 0, y: 0, w, h: y, side: 'none' });
  return { ...all, w, h: y };
}

// Hosts in rows, so many in each; those that have no namespaces begin a row of their own. Gives {at: [block, x, y], w, h}.
function side(blocks, across) {
  const found = { at: [], w: 1, h: 1 };
  let [x, y, deep, before, count] = [0, 0, 0, true, 0];
  for (const block of blocks) {
    if (count === across || (count && before !== block.filled)) [x, y, deep, count] = [0, y + deep + BAND_GAP, 0, 0];
    found.at.push([block, x, y]);
    [found.w, found.h] = [Math.max(found.w, x + block.w), Math.max(found.h, y + block.h)];
    [x, deep, before, count] = [x + block.w + BAND_GAP, Math.max(deep, block.h), block.filled, count + 1];
  }
  return found;
}

function settled({ at, w, h }) {
  const all = { places: new Map(), wires: new Map(), w, h };
  for (const [block, dx, dy] of at) {
    for (const [id, place] of block.places) all.places.set(id, { ...place, x: place.x + dx, y: place.y + dy });
    for (const [id, points] of block.wires) all.wires.set(id, points.map(([x, y]) => [x + dx, y + dy]));
  }
  return all;
}

function banded(band, columns, { x, y, from }) {
  const rows = Math.ceil(band.cards.length / columns) || 0;
  const above = band.bar ? Math.ceil(rows / 2) : rows;
  const grid = Array.from({ length: rows }, (_none, row) => band.cards.slice(row * columns, (row + 1) * columns));
  const made = { places: new Map(), wires: new Map(), w: 0, h: 0 };
  const column = spaced(grid, columns, above, band, x);
  const heights = grid.map((row) => Math.max(...row.map((one) => CARD_H + (one.rows - 1) * (SLOT.h + CARD.gap))));
  let at = y;
  const tops = heights.map((height, row) => {
    if (band.bar && row === above) at += FRONT - ROW_GAP + barHeight(band, column.w) + FRONT;
    const top = at;
    at += height + ROW_GAP;
    return top;
  });
  const barTop = above ? tops[above - 1] + heights[above - 1] + FRONT : y;
  const bar = band.bar && { x: from, y: barTop, w: x + column.w - from, h: barHeight(band, column.w), side: 'none' };
  if (bar) made.places.set(band.bar.id, bar);
  grid.forEach((row, number) => row.forEach((one, index) => card(one, { x: column.at[index], w: column.width[index], y: tops[number], h: heights[number], up: !band.bar || number < above }, made)));
  if (bar) { wired(band, grid, above, column, bar, made); chips(band, bar, made, x + column.w); }
  made.w = column.w;
  made.h = (rows && (rows > above || !band.bar) ? at - ROW_GAP : bar ? bar.y + bar.h : at) - y;
  return made;
}

const barHeight = (band, w) => BAR_H + Math.max(0, chipRows(band, w) - 1) * (CHIP.h + 4);
const reaches = (band, jack, mine) => (band.cabled.get(jack.id) ?? []).some(({ wire, far }) => far.kind === 'slot' ? band.home.get(far.in) === band.bar.id : far.kind === 'jack' ? mine.has(far.in) : wire.kind === 'patch');
const nameWidth = (band) => 24 + 8.5 * Math.max(band.bar.name.length, 6);
const perRow = (band, w) => Math.max(1, Math.floor((w - nameWidth(band)) / (CHIP.w + 6)));
const chipRows = (band, w) => Math.ceil(band.loose.length / perRow(band, w));

// Columns are as wide as their widest card; in front of each is room for the lanes of the rows behind.
function spaced(grid, columns, above, band, x) {
  const made = { at: [], width: [], lanes: [], w: 0 };
  let at = x;
  for (let index = 0; index < columns; index += 1) {
    const cards = grid.map((row, number) => ({ one: row[index], number })).filter(({ one }) => one);
    const behind = (front, part) => part.filter(({ number }) => number !== front).reduce((sum, { one }) => sum + one.slots.length, 0);
    const lanes = band.bar ? Math.max(behind(above - 1, cards.filter(({ number }) => number < above)), behind(above, cards.filter(({ number }) => number >= above))) : 0;
    const gutter = (index ? GUTTER : 4) + lanes * LANE;
    made.lanes.push(at + gutter - 6);
    made.at.push(at + gutter);
    made.width.push(Math.max(0, ...cards.map(({ one }) => one.w)));
    at += gutter + made.width[index];
  }
  const alone = band.bar && !band.cards.length ? Math.min(MOST_BAR, nameWidth(band) + band.loose.length * (CHIP.w + 6) + 96) : 0;
  made.w = Math.max(at - x + 8, band.bar ? 340 : 0, alone);
  return made;
}

function card({ card: spot, slots, w, rows }, { x, w: width, y, h, up }, made) {
  const left = x + (width - w) / 2;
  made.places.set(spot.id, { x: left, y, w, h, side: up ? 'up' : 'down' });
  slots.forEach((slot, number) => {
    const [row, at] = [Math.floor(number / MOST_SLOTS), number % MOST_SLOTS];
    const inRow = Math.min(slots.length - row * MOST_SLOTS, MOST_SLOTS);
    const begin = left + (w - inRow * (SLOT.w + CARD.gap) + CARD.gap) / 2;
    const deep = (rows - 1 - row) * (SLOT.h + CARD.gap);
    made.places.set(slot.id, { x: begin + at * (SLOT.w + CARD.gap), y: up ? y + h - CARD.pad - SLOT.h - deep : y + CARD.pad + deep, w: SLOT.w, h: SLOT.h, side: up ? 'up' : 'down' });
  });
}

// The jack of each slot: under it, or at the end of its lane. Rows far from the bar take the outer lanes, so no wire crosses another.
function wired(band, grid, above, column, bar, made) {
  const taken = new Map();
  const total = new Map(); // how many lanes a column has on a side
  grid.forEach((row, at) => row.forEach((one, index) => { const up = at < above; if (at !== (up ? above - 1 : above)) total.set(`${index} ${up}`, (total.get(`${index} ${up}`) ?? 0) + one.slots.length); }));
  grid.forEach((_none, order) => {
    const number = order < above ? order : grid.length - 1 - (order - above); // from the outside to the bar, on either side
    const up = number < above;
    const front = number === (up ? above - 1 : above);
    grid[number].forEach((one, index) => {
      const key = `${index} ${up}`;
      one.slots.forEach((slot, turn) => {
        const place = made.places.get(slot.id);
        const jack = (band.cabled.get(slot.id) ?? []).find(({ far }) => far.kind === 'jack' && far.in === band.bar.id && !made.places.has(far.id));
        const lane = taken.get(key) ?? 0;
        if (!front) taken.set(key, lane + 1);
        if (!jack) return;
        const edge = up ? bar.y : bar.y + bar.h;
        const [from, middle] = [up ? place.y + place.h : place.y, place.x + place.w / 2];
        const x = front ? middle : column.lanes[index] - ((total.get(key) ?? 0) - 1 - lane) * LANE;
        const card = made.places.get(one.card.id);
        const run = up ? card.y + card.h + 6 + turn * 4 : card.y - 6 - turn * 4;
        made.places.set(jack.far.id, { x: x - JACK.w / 2, y: up ? edge - JACK.h / 2 : edge - JACK.h / 2, w: JACK.w, h: JACK.h, side: up ? 'up' : 'down', bare: !front });
        made.wires.set(jack.wire.id, front ? [[x, from], [x, edge]] : [[middle, from], [middle, run], [x, run], [x, edge]]);
      });
    });
  });
}

// Ports with no wire to be seen stand in the bar itself.
function chips(band, bar, made, right) {
  const left = bar.x + nameWidth(band);
  const each = perRow(band, right - bar.x);
  band.loose.forEach((jack, number) => {
    const y = bar.y + (BAR_H - CHIP.h) / 2 + Math.floor(number / each) * (CHIP.h + 4);
    made.places.set(jack.id, { x: left + (number % each) * (CHIP.w + 6), y, w: CHIP.w, h: CHIP.h, side: 'chip' });
  });
}

// Wires from switch to switch have lanes of their own, left of everything.
function patches(bands) {
  const lanes = new Map();
  const mine = new Set(bands.filter(({ bar }) => bar).map(({ bar }) => bar.id));
  for (const band of bands) for (const jack of band.jacks) for (const { wire, far } of band.cabled.get(jack.id) ?? []) if (far.kind === 'jack' && mine.has(far.in) && !lanes.has(wire.id)) lanes.set(wire.id, { number: lanes.size, wire });
  return lanes;
}

function patched(bands, lanes, left, all) {
  const home = new Map(bands.flatMap(({ bar, jacks }) => jacks.map((jack) => [jack.id, bar.id])));
  const barOf = (id) => all.places.get(home.get(id));
  for (const { number, wire } of lanes.values()) {
    const [one, other] = [wire.a, wire.b].map((id) => ({ id, bar: barOf(id) })).sort((a, b) => a.bar.y - b.bar.y);
    const x = left + 14 + number * 16;
    const [from, to] = [one.bar.y + one.bar.h, other.bar.y];
    all.places.set(one.id, { x: x - JACK.w / 2, y: from - JACK.h / 2, w: JACK.w, h: JACK.h, side: 'down', bare: true });
    all.places.set(other.id, { x: x - JACK.w / 2, y: to - JACK.h / 2, w: JACK.w, h: JACK.h, side: 'up', bare: true });
    all.wires.set(wire.id, [[x, from], [x, to]]);
  }
}

// Any other wire: out of one, halfway, into the other.
function straight(one, other) {
  if (!one || !other) return [];
  if (one.side === 'chip' && other.side === 'chip') { // from the upper one's underside into the lower one's top
    const [upper, lower] = one.y <= other.y ? [one, other] : [other, one];
    const [x, x2, half] = [upper.x + upper.w / 2, lower.x + lower.w / 2, (upper.y + upper.h + lower.y) / 2];
    return [[x, upper.y + upper.h], [x, half], [x2, half], [x2, lower.y]];
  }
  const [a, b] = [one, other].map((place) => [place.x + place.w / 2, place.y + (place.side === 'down' ? 0 : place.h)]);
  const middle = one.side === other.side ? (one.side === 'down' ? Math.min(a[1], b[1]) - 14 : Math.max(a[1], b[1]) + 14) : (a[1] + b[1]) / 2;
  return [a, [a[0], middle], [b[0], middle], b];
}
