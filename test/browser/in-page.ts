/** Expressions that are evaluated in a page; each gives what is wrong, as texts. */

/**
 * Texts whose contrast to their ground is below 4.5 to 1, or 3 to 1 when they are large: WCAG 2.2, 1.4.3, with the
 * relative luminance defined there. The ground is that of the nearest ancestors that have one, one over the other.
 */
export const CONTRASTS = `(() => {
  const parse = color => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a),
    g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a),
    a: 1,
  });
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ({ r, g, b }) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const groundOf = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const known = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("title,desc,style") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    const ground = groundOf(element);
    const [light, dark] = [luminance(over(ink, ground)), luminance(ground)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < (isLarge ? 3 : 4.5)) known.set(element.className + " " + style.color, node.data.trim().slice(0, 30) + ": " + contrast);
  }
  return [...known].map(one => one.join(" "));
})()`;

/** What makes a page hard to find one's way in without seeing it: WCAG 2.2, 1.3.1, 2.4.1, 2.4.4 and 4.1.2. */
export const TABLES = `(() => {
  const wrong = [];
  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.querySelectorAll("thead th[scope=col]")];
    if (heads.length === 0 || heads.some(th => !th.textContent.trim())) wrong.push("a table without headers");
    for (const row of table.tBodies[0].rows) {
      if (row.cells.length !== heads.length) wrong.push("a row with " + row.cells.length + " cells, not " + heads.length);
    }
  }
  const count = (selector, is) => {
    const { length } = document.querySelectorAll(selector);
    if (length !== is) wrong.push(length + " " + selector);
  };
  for (const selector of ["main", "h1", "nav[aria-label]", "html[lang]", "title"]) if (selector !== "title") count(selector, 1);
  if (!document.title) wrong.push("no title");
  let level = 1;
  for (const heading of document.querySelectorAll("h1,h2,h3,h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) wrong.push("a heading of level " + own + " behind one of " + level);
    level = own;
  }
  for (const link of document.querySelectorAll("a")) {
    if (!link.textContent.trim()) wrong.push("a link without text");
    const { hash } = link;
    if (link.getAttribute("href").startsWith("#") && !document.getElementById(decodeURIComponent(hash.slice(1)))) wrong.push("nothing at " + hash);
  }
  for (const svg of document.querySelectorAll("svg")) {
    const labels = (svg.getAttribute("aria-labelledby") ?? "").split(" ").filter(id => document.getElementById(id)?.textContent);
    if (labels.length === 0 && svg.ariaHidden !== "true") wrong.push("a picture without a name");
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) wrong.push("an id twice");
  for (const box of document.querySelectorAll(".scroll,.file,pre")) {
    if (box.scrollWidth > box.clientWidth + 1 && !box.hasAttribute("tabindex")) wrong.push("only a mouse can scroll " + box.className);
  }
  return [...new Set(wrong)];
})()`;
