// Dark, light, or as the system is: what was chosen last holds for all pages; `?theme=dark` in an address holds for that page.
// A plain script, so that it runs before anything is drawn.
(() => {
  const asked = new URLSearchParams(location.search).get('theme');
  let kept = null;
  try { kept = localStorage.getItem('theme'); } catch { /* a page that may keep nothing follows the system */ }
  const theme = asked ?? kept;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
