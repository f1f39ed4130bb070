/**
 * A program for a page: its texts with less than 4.5 : 1 between them and their ground, by WCAG 2
 * (success criterion 1.4.3), as `[ratio, text]`.
 */
export const FAINT = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const parts = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, ground) => [0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim();
    const element = texts.currentNode.parentElement;
    if (!text || element.closest(".unseen, :disabled") || !element.checkVisibility()) continue;
    const above = [];
    for (let one = element; one; one = one.parentElement) above.unshift(getComputedStyle(one));
    const opacity = above.reduce((whole, style) => whole * style.opacity, 1);
    const ground = above.reduce((under, style) => over(parts(style.backgroundColor), under), [255, 255, 255]);
    const colour = parts(getComputedStyle(element).color);
    colour[3] *= opacity;
    const [dark, light] = [luminance(over(colour, ground)), luminance(ground)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) found.push([ratio.toFixed(2), text]);
  }
  return found;
})()`;
