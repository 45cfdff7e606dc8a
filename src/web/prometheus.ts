// The Prometheus text format (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4).

import type { HistogramSnapshot } from "../core/view/picture.ts";

/** Label names and values; values may be any text. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a gauge or counter. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** One metric with all its series. Counters end in `_total`. */
export type MetricFamily =
  | {
    readonly kind: "gauge" | "counter";
    readonly name: string;
    readonly help: string;
    readonly samples: readonly Sample[];
  }
  | {
    readonly kind: "histogram";
    readonly name: string;
    readonly help: string;
    readonly series: readonly { readonly labels: Labels; readonly snapshot: HistogramSnapshot }[];
  };

/** `Content-Type` of the text. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics as text, each family with its HELP and TYPE. */
export function metricsText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join("");
}

function familyText(family: MetricFamily): string {
  const help = family.help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
  const head = `# HELP ${family.name} ${help}\n# TYPE ${family.name} ${family.kind}\n`;
  switch (family.kind) {
    case "gauge":
    case "counter":
      return head + family.samples.map(({ labels, value }) => sampleLine(family.name, labels, value)).join("");
    case "histogram":
      return head +
        family.series.map(({ labels, snapshot }) => histogramLines(family.name, labels, snapshot)).join("");
    default:
      return family satisfies never;
  }
}

function histogramLines(name: string, labels: Labels, snapshot: HistogramSnapshot): string {
  let total = 0;
  const buckets = [...snapshot.boundsSeconds, Infinity].map((bound, index) => {
    total += snapshot.counts[index] ?? 0;
    return sampleLine(`${name}_bucket`, { ...labels, le: numberText(bound) }, total);
  });
  return buckets.join("") + sampleLine(`${name}_sum`, labels, snapshot.sumSeconds) +
    sampleLine(`${name}_count`, labels, total);
}

function sampleLine(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}\n`;
}

function escapeLabel(text: string): string {
  return text.toWellFormed().replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
