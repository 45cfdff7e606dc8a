// The picture as JSON for programs.

import { healthOf } from "../core/view/health.ts";
import type { Health, NoteView, StatusView } from "../core/view/view.ts";

/** The response of `/api/status`. */
interface StatusDocument extends StatusView {
  readonly health: Health;
  /** Recent decisions, oldest first. */
  readonly notes: readonly NoteView[];
}

/** The picture, its health and the recent decisions as one JSON text. */
export function statusJson(view: StatusView, notes: readonly NoteView[]): string {
  const document: StatusDocument = { ...view, health: healthOf(view), notes };
  return JSON.stringify(document);
}
