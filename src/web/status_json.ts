// The picture as JSON for programs.

import type { NoteView, StatusView } from "../core/view/view.ts";
import type { Health } from "./health.ts";

/** The response of `/api/status`. */
interface StatusDocument extends StatusView {
  readonly health: Health;
  /** Recent decisions, oldest first. */
  readonly notes: readonly NoteView[];
}

/** The picture, its health and the recent decisions as one JSON text. */
export function statusJson(view: StatusView, health: Health, notes: readonly NoteView[]): string {
  const document: StatusDocument = { ...view, health, notes };
  return JSON.stringify(document);
}
