// What is wrong with how the page is laid out, as a list of sentences.
(() => {
  const problems = [];
  for (const details of document.querySelectorAll("details")) details.open = true;
  const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 50);

  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth) problems.push(`is ${wide} pixels wide where ${innerWidth} are there`);

  const cut = (rect, element) => {
    let { left, top, right, bottom } = rect;
    for (let box = element; box; box = box.parentElement) {
      const style = getComputedStyle(box);
      // A drawing cuts off what leaves it, which is looked for below.
      if (box.closest("svg")) continue;
      if (style.overflowX === "visible" || box === document.documentElement) continue;
      const frame = box.getBoundingClientRect();
      left = Math.max(left, frame.left);
      right = Math.min(right, frame.right);
      top = Math.max(top, frame.top);
      bottom = Math.min(bottom, frame.bottom);
    }
    return { left, top, right, bottom };
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("title, desc") || !element.checkVisibility()) continue;
    // For readers of screens alone.
    if (element.closest("thead") && getComputedStyle(element.closest("thead")).position === "absolute") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const whole of range.getClientRects()) {
      const rect = cut(whole, element);
      // The box of a line is higher than its letters.
      const slack = (whole.bottom - whole.top) * 0.17;
      rect.top += slack;
      rect.bottom -= slack;
      if (rect.right - rect.left < 1 || rect.bottom - rect.top < 1) continue;
      texts.push({ ...rect, node, element, words: short(node.data) });
      if (rect.left < -0.5 || rect.right > innerWidth + 0.5) problems.push(`"${short(node.data)}" leaves the page`);
      const drawing = element.closest("svg");
      if (drawing) {
        const frame = drawing.getBoundingClientRect();
        if (rect.left < frame.left - 1 || rect.right > frame.right + 1) {
          problems.push(`"${short(node.data)}" leaves its drawing`);
        }
      }
    }
  }
  texts.sort((a, b) => a.top - b.top);
  const overlap = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  for (let i = 0; i < texts.length; i++) {
    for (let j = i + 1; j < texts.length && texts[j].top < texts[i].bottom; j++) {
      if (texts[i].node !== texts[j].node && overlap(texts[i], texts[j])) {
        problems.push(`"${texts[i].words}" and "${texts[j].words}" overlap`);
      }
    }
  }
  const pictures = [...document.querySelectorAll("img, svg")].filter((picture) => picture.checkVisibility());
  const frames = pictures.map((picture) => ({ ...cut(picture.getBoundingClientRect(), picture), picture }));
  for (const [index, frame] of frames.entries()) {
    for (const text of texts) {
      if (!frame.picture.contains(text.element) && overlap(frame, text)) problems.push(`a picture lies over "${text.words}"`);
    }
    for (const other of frames.slice(index + 1)) if (overlap(frame, other)) problems.push("two pictures overlap");
    if (frame.picture.tagName === "IMG" && !frame.picture.naturalWidth) problems.push("a picture has no pixels");
  }

  // WCAG 2.2, relative luminance and contrast ratio.
  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const behind = (element) => {
    for (let box = element; box; box = box.parentElement) {
      const colour = getComputedStyle(box).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const seen = new Set();
  const demand = (element, colour, least, what) => {
    const ground = behind(element);
    const key = colour + ground + least;
    if (seen.has(key)) return;
    seen.add(key);
    const ratio = contrast(colour, ground);
    if (ratio < least) problems.push(`${what}: ${colour} on ${ground} has a contrast of ${ratio.toFixed(2)}, not ${least}`);
  };
  for (const { element, words } of texts) {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    demand(element, element.closest("svg") ? style.fill : style.color, isLarge ? 3 : 4.5, `"${words}"`);
  }
  for (const element of document.querySelectorAll("path, rect, .dot")) {
    const style = getComputedStyle(element);
    const colour = style.stroke !== "none" ? style.stroke : style.fill;
    if (colour !== "none") demand(element, colour, 3, "a line or bar");
  }
  return [...new Set(problems)];
})();
