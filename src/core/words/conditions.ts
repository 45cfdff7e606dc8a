// What people outside are told, where no other text of the picture says it. Not here: what is told of (view/condition.ts).

import type { Finding } from "../event.ts";
import type { JobView } from "../view/view.ts";
import { counted, formatDuration } from "./phrases.ts";

/** So many jobs of one kind wait for long; `first` has waited longest. */
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

/** One of several instances leads; told by itself. */
export function leaderText(frameworkName: string): string {
  return `this instance leads, and runs framework ${frameworkName}`;
}

/** Messages to a webhook do not arrive. */
export function webhookFailing(webhook: string, what: string, hint: string): Finding {
  return { code: "webhook-failing", message: webhookFailingText(webhook, what), hint, subject: webhook };
}

/** The same as one sentence. */
export function webhookFailingText(webhook: string, what: string): string {
  return `messages to webhook ${webhook} do not arrive: ${what}`;
}

/** Something that was told of is over. */
export function overText(text: string, lastedMs: number): string {
  return `over after ${formatDuration(lastedMs)}: ${text}`;
}
