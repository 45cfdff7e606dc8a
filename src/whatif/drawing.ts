// Draws the outcomes of replays as one SVG: the trend of agents, jobs and waits for each, all on the same scale.

import { ticksWidth, trendShapes } from "../web/charts.ts";
import { type Html, html } from "../web/html.ts";
import type { Trend } from "../web/trend.ts";
import type { Outcome } from "./replay.ts";
import type { Trace } from "./trace.ts";

const [width, margin, headHeight, legendHeight] = [1_000, 20, 30, 26] as const;

/** The colours of the light theme of the page (web/assets/history.css); a separate file must contain its own. */
const style = `
  svg { font: 12px system-ui, sans-serif; } text { fill: #4b5563; }
  .head { font-size: 15px; font-weight: 600; fill: #111827; } .title { font-weight: 600; fill: #111827; }
  .grid { stroke: #e5e7eb; } .axis { stroke: #9ca3af; } .odd text { fill: #6b7280; }
  .building { fill: #7b5cc9; } .idle { fill: #58b583; } .starting { fill: #6fb1e0; } .draining { fill: #e0a33a; }
  .line { fill: none; stroke-width: 1.5; } .line.jobs { stroke: #1c5a8c; } .line.wait { stroke: #80500a; }
  .area.jobs { fill: #1c5a8c; fill-opacity: .18; } .area.wait { fill: #80500a; fill-opacity: .18; }
  .legend .jobs { fill: #1c5a8c; } .legend .wait { fill: #80500a; }`;

const legend = [
  ["building", "agents building"],
  ["idle", "idle"],
  ["starting", "starting"],
  ["jobs", "waiting jobs"],
  ["wait", "oldest wait"],
] as const;

/** The text of an SVG file. */
export function drawing(trace: Trace, outcomes: readonly Outcome[]): string {
  const lastMs = Math.max(trace.lengthMs, ...outcomes.map(({ lastedMs }) => lastedMs));
  const scaledBy = outcomes.flatMap(({ samples }) => samples);
  let top = margin;
  const drawn = outcomes.map((outcome) => {
    const trend: Trend = {
      fromMs: trace.startMs,
      toMs: trace.startMs + lastMs,
      stepMs: outcome.sampleMs,
      samples: outcome.samples,
      marks: [],
      hrefAt: () => "",
      scaledBy,
    };
    const { shapes, height } = trendShapes(trend);
    const y = top;
    top += headHeight + height + margin;
    return html`
      <text class="head" x="${margin}" y="${y + 16}">${trace.name}: ${outcome.name}</text>
      <svg x="${margin}" y="${y + headHeight}" width="${width - 2 * margin -
        ticksWidth}" height="${height}" overflow="visible">${shapes}</svg>
    `;
  });
  const height = top + legendHeight;
  const { markup } = html`
    <svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"
      viewBox="0 0 ${width} ${height}"><style>${style}</style><rect width="100%" height="100%" fill="#fff" />
    ${drawn}
    ${legendOf(top)}
    </svg>
  `;
  return `${markup}\n`;
}

function legendOf(y: number): Html {
  const entries = legend.map(([className, text], index) =>
    html`
      <rect class="${className}" x="${margin + index * 140}" y="${y}" width="10" height="10" />
      <text x="${margin + index * 140 + 16}" y="${y + 9}">${text}</text>
    `
  );
  return html`
    <g class="legend">${entries}</g>
  `;
}
