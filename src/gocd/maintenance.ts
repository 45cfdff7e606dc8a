// Parses whether the server is in maintenance mode (19.1 on) or drain mode (18.12): GoCD
// MaintenanceModeInfoRepresenter.

import { at, parseJson } from "./json.ts";
import { contentError } from "./content_problems.ts";
import { type MaintenanceForm, mediaType } from "./versions.ts";

/** The path to request, and its `Accept`. */
export const maintenanceRequests: Readonly<
  Record<Exclude<MaintenanceForm, "none">, { readonly path: string; readonly accept: string }>
> = {
  "maintenance-mode": { path: "/api/admin/maintenance_mode/info", accept: mediaType(1) },
  "drain-mode": { path: "/api/admin/drain_mode/info", accept: mediaType(1) },
};

/**
 * Whether the mode is on. The flag is at the top level or, as in 18.12 and in the documentation, in `_embedded`.
 * Throws {@linkcode GocdError} (`unreadable`) if there is none.
 */
export function readMaintenance(text: string, source: string): "on" | "off" {
  const body = parseJson(text, source);
  for (const part of [body, at(body, "_embedded")]) {
    const flag = at(part, "is_maintenance_mode") ?? at(part, "is_drain_mode");
    if (typeof flag === "boolean") return flag ? "on" : "off";
  }
  throw contentError(source, { kind: "other-shape", expected: "the state of the maintenance mode" });
}
