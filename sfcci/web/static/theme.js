// Dark, light, or as the system is: what was chosen last holds for all pages; `?theme=dark` in an address holds for that page.
// A plain script, so that it runs before anything is drawn.
(() => {
  const asked = new URLSearchParams(location.search).get('theme');
  let kept = null;
  try { kept = localStorage.getItem('theme'); } catch { /* a page that may keep nothing follows the system */ }
  const theme = asked ?? kept;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  // A page whose script does not come says so: `started` of page.js leaves its mark.
  addEventListener('load', () => {
    if (document.body.dataset.state !== 'loading' || document.documentElement.dataset.started !== undefined) return;
    document.getElementById('title').textContent = 'The scripts of this page did not come';
    const said = document.createElement('p');
    said.className = 'trouble';
    said.setAttribute('role', 'alert');
    said.textContent = 'Is the command that shows these pages still running? Load the page again; a proxy or an extension of the browser may keep scripts away, too.';
    document.getElementById('main').prepend(said);
  });
})();
