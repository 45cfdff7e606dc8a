// A hash of everything that a container is started from. Must be the same in every version of this program, or an
// upgrade would replace all agents.

import type { AgentProfile } from "../core/settings.ts";

/**
 * 8 hex digits over image, resources, environment and everything else that a container is started with (FNV-1a, 32 bit,
 * over JSON with sorted keys). Limits, timeouts, placement and role are not included: they do not change a container.
 */
export function profileHash(
  profile: Pick<AgentProfile, "gocdResources" | "mesosResources" | "container">,
): string {
  const { gocdResources, mesosResources } = profile;
  const { killGraceMs: _killGraceMs, ...container } = profile.container;
  const resources = gocdResources === "*" ? "*" : [...gocdResources].sort();
  return fnv1a(canonical({ gocdResources: resources, mesosResources, container }));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    entries.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
