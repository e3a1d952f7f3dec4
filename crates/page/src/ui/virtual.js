// Where each card stands, reckoned from what is known before anything is drawn: so a list of ten thousand has no more
// elements than a screen shows. Pure; knows nothing of the page.

/** Pixels. */
export const CAPTION = 74;
const HEADING = 60;
const TITLE = 44;
const BELOW = 28;
/** No picture of a list is taller than this, in its widths. */
const TALLEST = 4 / 3;

/** What fits so many pixels: margin at the sides, gap between cards, columns and their width. */
export function measure(width) {
  const isPhone = width < 620;
  const margin = isPhone ? 16 : Math.min(40, Math.max(24, Math.round(width * 0.028)));
  const gap = isPhone ? 12 : 20;
  const room = Math.max(240, width - 2 * margin);
  const columns = isPhone ? 2 : Math.max(2, Math.floor((room + gap) / (208 + gap)));
  const card = Math.floor((room - gap * (columns - 1)) / columns);
  return { margin, gap, columns, card, slide: isPhone ? Math.round(room * 0.62) : card };
}

/** The height of all pictures of a group: that of its tallest, which is bounded. */
function stageOf(rows, card) {
  let tallest = 0.4;
  for (const row of rows) tallest = Math.max(tallest, row.height / row.width);
  return Math.round(card * Math.min(TALLEST, tallest));
}

/** The lines of `sections` (`{name, singles, carousels}`) with `top` and `height`, and how high they are together. */
export function layOut(sections, width) {
  const { margin, gap, columns, card, slide } = measure(width);
  const lines = [];
  let top = 0;
  const add = (height, line) => {
    lines.push({ ...line, top, height });
    top += height;
  };
  for (const { name, singles, carousels } of sections) {
    add(HEADING, { key: `heading ${name}`, kind: 'heading', name });
    const stage = stageOf(singles, card);
    for (let n = 0; n < singles.length; n += columns) {
      const ids = singles.slice(n, n + columns).map(row => row.id);
      add(stage + CAPTION + gap, { key: `grid ${name} ${n}`, kind: 'grid', ids, stage });
    }
    for (const [carousel, rows] of carousels) {
      const high = stageOf(rows, slide);
      const ids = rows.map(row => row.id);
      add(TITLE + high + CAPTION + 16, { key: `strip ${name} ${carousel}`, kind: 'strip', name: carousel, ids, stage: high });
    }
    top += BELOW;
  }
  return { lines, height: top, margin, gap, columns, card, slide };
}

/** The first line that ends below `at`. */
export function lineAt(lines, at) {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].top + lines[middle].height <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The lines that are to be seen between two heights. */
export function between(lines, from, to) {
  const first = lineAt(lines, from);
  let last = first;
  while (last < lines.length && lines[last].top < to) last += 1;
  return lines.slice(first, last);
}
