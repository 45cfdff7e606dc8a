// Texts of conditions that the picture has no text for. The conditions are in view/condition.ts.

import type { Finding } from "../event.ts";
import type { JobView } from "../view/view.ts";
import { counted, formatDuration } from "./phrases.ts";

/** Jobs of one kind have waited for long, `first` the longest. */
export function longWait(
  first: JobView,
  count: number,
  atMs: number,
): { readonly text: string; readonly hint: string } {
  const waited = formatDuration(atMs - first.firstSeenMs);
  const who = count === 1
    ? `${first.locator} has waited for ${waited}`
    : `${counted(count, "job")} like ${first.locator} wait, the first for ${waited}`;
  return { text: `${who}: ${first.reason}`, hint: first.nextAct ?? "" };
}

/** One of several instances leads; reported by that instance. */
export function leaderText(frameworkName: string): string {
  return `this instance leads, and runs framework ${frameworkName}`;
}

/** Messages to a webhook cannot be delivered. */
export function webhookFailing(webhook: string, what: string, hint: string): Finding {
  return { code: "webhook-failing", message: webhookFailingText(webhook, what), hint, subject: webhook };
}

/** The same as one sentence. */
export function webhookFailingText(webhook: string, what: string): string {
  return `messages to webhook ${webhook} cannot be delivered: ${what}`;
}

/** A reported condition has ended. */
export function overText(text: string, lastedMs: number): string {
  return `over after ${formatDuration(lastedMs)}: ${text}`;
}
