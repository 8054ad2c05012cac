// The way from a point of a graph to the runs behind it: a click on a point opens a list of links, one for each series there.

// `rows`: [[series, values]...] as drawn; `context.runs(targets, at, step)` gives the address; `element` makes elements.
const step = (one) => (one.times.length > 1 ? one.times[1] - one.times[0] : 0);

export function behind(rows, context, element) {
  let menu = null;
  const close = () => { const old = menu; menu = null; old?.remove(); }; // first forgotten: what is removed loses the focus, which closes it

  function open(u) {
    const { left, top, idx } = u.cursor;
    close();
    const there = idx === null || idx === undefined || left < 0 ? [] : rows.filter(([, values]) => values[idx] !== null && values[idx] !== undefined);
    if (!there.length || u.select.width > 8) return;
    const at = u.data[0][idx];
    const links = there.slice(0, 16).map(([one]) => element('li', {}, element('a', { href: context.runs([one.target], at, step(one)) }, `Runs behind ${one.name}`)));
    const when = new Date(at * 1e3);
    const text = context.utc ? `${when.toISOString().slice(0, 19).replace('T', ' ')} UTC` : when.toLocaleString('sv');
    menu = element('div', { class: 'menu', role: 'dialog', 'aria-label': `Runs at ${text}`, tabindex: '-1' }, element('strong', {}, text), element('ul', {}, ...links));
    u.root.append(menu);
    const width = u.root.clientWidth;
    menu.style.left = `${Math.max(0, Math.min(left, width - menu.offsetWidth - 4))}px`;
    menu.style.top = `${Math.max(0, Math.min(top, u.root.clientHeight - menu.offsetHeight))}px`;
    menu.querySelector('a').focus();
    menu.addEventListener('keydown', (event) => { if (event.key === 'Escape') { event.stopPropagation(); close(); } });
    menu.addEventListener('focusout', (event) => { if (!menu?.contains(event.relatedTarget)) close(); });
  }

  return { hooks: { init: (u) => { if (context.runs) u.over.addEventListener('click', () => open(u)); }, destroy: close } };
}
