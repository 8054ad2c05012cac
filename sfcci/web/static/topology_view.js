// What part of the picture is seen: dragged, pinched, wheeled, by keys; all of it as long as nobody has chosen otherwise.

const NEAREST = 3;
const STEP = 1.25;
const NEAR = 0.62; // below this scale only large names can be read
const MARGIN = 18;
const CLICK_PX = 5;

export function view(root, { canvas, world }, { chosen, nothing }) {
  const now = { x: 0, y: 0, scale: 1, own: false, w: 1, h: 1 };
  const fingers = new Map();
  let moved = 0;

  function put(smooth = false) {
    world.classList.toggle('smooth', smooth);
    world.style.transform = `translate(${now.x}px, ${now.y}px) scale(${now.scale})`;
    root.classList.toggle('far-away', now.scale < NEAR);
  }

  const room = () => ({ w: Math.max(60, root.clientWidth - 2 * MARGIN), h: Math.max(60, root.clientHeight - 2 * MARGIN) });
  const fitting = () => Math.min(room().w / now.w, room().h / now.h, 1.15);

  function fit(smooth = true) {
    now.own = false;
    now.scale = fitting();
    now.x = (root.clientWidth - now.w * now.scale) / 2;
    now.y = (root.clientHeight - now.h * now.scale) / 2;
    put(smooth);
  }

  function zoom(factor, x = root.clientWidth / 2, y = root.clientHeight / 2, smooth = false) {
    const scale = Math.max(Math.min(fitting(), 1) * 0.5, Math.min(NEAREST, now.scale * factor));
    now.x = x - ((x - now.x) * scale) / now.scale;
    now.y = y - ((y - now.y) * scale) / now.scale;
    now.scale = scale;
    now.own = true;
    put(smooth);
  }

  const spot = (event) => { const { left, top } = root.getBoundingClientRect(); return [event.clientX - left, event.clientY - top]; };

  canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...spot(event)); }, { passive: false });
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button > 0) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, spot(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const after = spot(event);
    moved += Math.hypot(after[0] - before[0], after[1] - before[1]);
    if (moved > CLICK_PX && !canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
    if (fingers.size === 2) pinched(event.pointerId, before, after);
    else if (moved > CLICK_PX) { now.x += after[0] - before[0]; now.y += after[1] - before[1]; now.own = true; put(); }
    fingers.set(event.pointerId, after);
  });
  const up = (event) => { fingers.delete(event.pointerId); };
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('pointercancel', up);
  canvas.addEventListener('click', (event) => {
    if (moved > CLICK_PX) return;
    const found = event.target.closest('[data-spot]');
    if (found) chosen(found.dataset.spot); else nothing();
  });

  function pinched(id, before, after) {
    const [other] = [...fingers].filter(([one]) => one !== id).map(([, place]) => place);
    const distance = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]) || 1;
    zoom(distance(after) / distance(before), (after[0] + other[0]) / 2, (after[1] + other[1]) / 2);
  }

  new ResizeObserver(() => { if (!now.own) api.resized(); }).observe(root);
  const api = {
    room,
    fit,
    zoom: (near) => zoom(near ? STEP : 1 / STEP, undefined, undefined, true),
    size({ w, h }) { Object.assign(now, { w, h }); if (!now.own) fit(); },
    // Moves a place into sight, and no more than that.
    reveal({ x, y, w, h }) {
      const [left, top] = [x * now.scale + now.x, y * now.scale + now.y];
      const [right, bottom] = [left + w * now.scale, top + h * now.scale];
      const shift = (low, high, most) => (low < MARGIN ? MARGIN - low : high > most - MARGIN ? most - MARGIN - high : 0);
      const [dx, dy] = [shift(left, right, root.clientWidth), shift(top, bottom, root.clientHeight)];
      if (!dx && !dy) return;
      Object.assign(now, { x: now.x + dx, y: now.y + dy, own: true });
      put(true);
    },
    resized: () => {},
  };
  return api;
}
