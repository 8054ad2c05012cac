// Live reload: the server's stream of changes. A hidden page closes it (a browser has six connections for all its pages of one server),
// and catches up when it is seen again.

export function follow(seen, changed) {
  let source = null;
  let last = seen;

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(`/api/changes?${new URLSearchParams({ since: last })}`);
    source.addEventListener('dashboards', (event) => { last = event.lastEventId || last; changed(JSON.parse(event.data)); });
  }

  function close() {
    source?.close();
    source = null;
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  open();
}
