// Parts of sentences that many texts share.

import { shortened } from "../text.ts";
import type { JobView } from "../view/view.ts";

/** An age, a wait or a rest in full seconds: of all texts of spans, so that page and terminal have the same. */
export function fullSeconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

/** `1 h 5 min`, `2 min`, `45 s`: at most two units. */
export function formatDuration(ms: number): string {
  const seconds = fullSeconds(ms);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** The last moment that a Date can represent, ms since the epoch. */
const calendarMsMax = 8.64e15;

/** A time in UTC, to the second: `2026-11-28T12:00:00Z`; an impossible one is `unknown`. */
export function timeText(atMs: number): string {
  if (!(Math.abs(atMs) <= calendarMsMax)) return "unknown";
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * When something is tried again. It states the time instead of the remaining duration, so that the text stays true
 * wherever it was sent; the status page counts down to that time.
 */
export function nextTryText(atMs: number): string {
  return `next try at ${timeText(atMs)}`;
}

/**
 * Memory or disk: `256 MB`, and `8 GB` or `1.5 GB` if exact; rounded from 10 GB on. 1 GB is
 * 1,024 MB, as in the configuration.
 */
export function memoryText(mb: number): string {
  if (mb >= 10_240) return `${Math.round(mb / 102.4) / 10} GB`;
  return mb >= 1_024 && mb % 512 === 0 ? `${mb / 1_024} GB` : `${mb} MB`;
}

/** The needs of a job: `linux, docker in environment prod`, with `of pipeline group mobile` if groups are used. */
export function describeNeed(
  gocdResources: readonly string[],
  environment: string | undefined,
  pipelineGroup?: string,
): string {
  const what = gocdResources.length === 0 ? "no resources" : gocdResources.join(", ");
  const where = environment === undefined ? what : `${what} in environment ${environment}`;
  return pipelineGroup === undefined ? where : `${where}, of ${groupName(pipelineGroup)}`;
}

/** `pipeline group mobile`. */
export function groupName(pipelineGroup: string): string {
  return pipelineGroup === ""
    ? "an unknown pipeline group"
    : `pipeline group ${shortened(pipelineGroup, nameCharactersMax)}`;
}

const nameCharactersMax = 60;

/** The same for one job, as far as known. */
export function describeJobNeed(
  { gocdResources, environment, pipelineGroup, reasonCode }: Pick<
    JobView,
    "gocdResources" | "environment" | "pipelineGroup" | "reasonCode"
  >,
): string {
  if (reasonCode !== "needs-unknown") return describeNeed(gocdResources, environment, pipelineGroup);
  return describeNeed(["unknown resources"], environment);
}

/** `1 agent`, `2 agents`, `10,000 agents`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** `999`, `10,000`. */
export function numberText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** The first three names, and the number of others. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** The place of a profile in the configuration; absent: the unnamed one. */
export function profileKey(profile = "default"): string {
  return profile === "default" ? "go-agent" : `profiles.${profile}`;
}

/** An external name, quoted and truncated. */
export function quotedName(name: string): string {
  return JSON.stringify(shortened(name, nameCharactersMax));
}

/** Whether a hint names an action; some say that there is nothing to do, and why. */
export function isAct(hint: string): boolean {
  return !hint.startsWith("nothing to do");
}
