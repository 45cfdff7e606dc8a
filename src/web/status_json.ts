// The picture as JSON for programs.

import { healthOf } from "../core/view/health.ts";
import type { Health, NoteView, StatusView } from "../core/view/view.ts";

/** The content of `/api/status`. */
export interface StatusInput {
  readonly view: StatusView;
  /** Recent decisions, oldest first. */
  readonly notes: readonly NoteView[];
  /** How far the rights of the program are limited. */
  readonly sandbox: "on" | "partial" | "off";
}

/** The response of `/api/status`. */
interface StatusDocument extends StatusView, Omit<StatusInput, "view"> {
  readonly health: Health;
}

/** The picture, its health and the recent decisions as one JSON text. */
export function statusJson({ view, ...more }: StatusInput): string {
  const document: StatusDocument = { ...view, health: healthOf(view), ...more };
  return JSON.stringify(document);
}
