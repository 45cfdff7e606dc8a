// Runs in the page, not in the test: finds texts that are hard to read. Read as text by status_page_test.ts.

/** Texts whose contrast with what lies behind them is below 4.5 (WCAG 2.2, 1.4.3). */
export function faintTexts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (canvas === null) return ["no canvas"];
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [red = 0, green = 0, blue = 0] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const back = rgb(getComputedStyle(at).backgroundColor);
      if ((back[3] ?? 0) > 250) return back;
    }
    return [255, 255, 255, 255];
  };
  const faint = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.nodeValue).join("");
    if (text.trim() === "" || element.tagName === "NOSCRIPT") continue;
    const [light = 0, dark = 0] = [luminance(rgb(getComputedStyle(element).color)), luminance(backOf(element))]
      .toSorted((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) {
      faint.add(`${element.tagName}.${element.className} ${text.slice(0, 20)} ${contrast.toFixed(2)}`);
    }
  }
  return [...faint];
}
