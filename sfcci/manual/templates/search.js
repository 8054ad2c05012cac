// Titles of all pages, looked through as one types; the list of them comes when it is first asked for.
"use strict";
{
  const field = document.getElementById("search");
  const found = document.getElementById("found");
  let titles = null;
  const link = (one) => {
    const item = document.createElement("li");
    const anchor = document.createElement("a");
    anchor.href = field.dataset.root + one.address;
    anchor.textContent = one.title;
    item.append(anchor);
    return item;
  };
  const look = async () => {
    titles ??= window.sfcciTitles;
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = words.length ? titles.filter((one) => words.every((word) => one.title.toLowerCase().includes(word))) : [];
    found.replaceChildren(...fits.slice(0, 20).map(link));
  };
  const script = document.createElement("script"); // a script, not fetch: pages opened from a folder may not fetch
  script.src = field.dataset.root + "titles.js";
  script.onload = () => { field.hidden = false; };
  document.head.append(script);
  field.addEventListener("input", look);
}
