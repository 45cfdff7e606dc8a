// The messages: the JSON document of docs/webhooks.md, and the text for Slack and similar services.

import type { ConditionEvent, Severity } from "../core/view/condition_event.ts";
import { formatDuration } from "../core/words/phrases.ts";
import { shortened } from "../core/text.ts";
import type { Notice } from "./book.ts";

/** The sender. */
export interface Sender {
  /** Version of the program. */
  readonly version: string;
  readonly frameworkName: string;
  /** Absent: not registered yet. */
  readonly frameworkId?: string;
  /** URL of the status page for others; absent: not known. */
  readonly url?: string;
}

/** One message, identical for each retry. Fields are only added, never changed. */
export interface Message {
  /** Version of this schema. */
  readonly schema: 1;
  /** Unique per message, the same for each attempt. */
  readonly id: string;
  /** When it was created, ISO 8601 in UTC. */
  readonly time: string;
  readonly event: ConditionEvent | "test";
  readonly state: "began" | "ended";
  /** The same for the beginning and the end of a condition, and when it recurs. */
  readonly key: string;
  /** Code of the problem as in log, page and metrics. */
  readonly code: string;
  readonly severity: Severity;
  readonly text: string;
  /** The next step; empty: none. */
  readonly hint: string;
  /** The full error, or the last lines of a failed container's stderr; absent: `text` is complete, or it has ended. */
  readonly detail?: string;
  /** When it began. */
  readonly since: string;
  readonly framework: { readonly name: string; readonly id?: string };
  readonly instance: { readonly version: string; readonly url?: string };
}

/** Maximum length of texts: receivers truncate or reject longer ones. */
const textLengthMax = 1_000;

/** Maximum length of details, which may have many lines. */
const detailLengthMax = 3_000;

/** The message of a notice. */
export function messageOf({ state, condition, sinceMs, atMs, text }: Notice, sender: Sender, id: string): Message {
  const { event, key, code, severity, hint, detail } = condition;
  return {
    schema: 1,
    id,
    time: isoOf(atMs),
    event,
    state,
    key,
    code,
    severity,
    text: shortened(text, textLengthMax),
    hint: shortened(hint, textLengthMax),
    ...(detail === undefined || state === "ended" ? {} : { detail: shortened(detail, detailLengthMax) }),
    since: isoOf(sinceMs),
    ...fromOf(sender),
  };
}

/** A test message; its state is `ended`, so that nothing stays open at the receiver. */
export function testMessage(sender: Sender, atMs: number, id: string): Message {
  return {
    schema: 1,
    id,
    time: isoOf(atMs),
    event: "test",
    state: "ended",
    key: "test",
    code: "test",
    severity: "info",
    text: "a test of `gocd-mesos notify-test`: messages arrive here",
    hint: "nothing to do",
    since: isoOf(atMs),
    ...fromOf(sender),
  };
}

function fromOf({ version, frameworkName, frameworkId, url }: Sender): Pick<Message, "framework" | "instance"> {
  return {
    framework: { name: frameworkName, ...(frameworkId === undefined ? {} : { id: frameworkId }) },
    instance: { version, ...(url === undefined ? {} : { url }) },
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** The message format of a target. */
export type MessageFormat = "json" | "slack";

/**
 * The encoded message. `lost`: the number of earlier messages that were dropped because there were too many, or they
 * were too old.
 */
export function bodyOf(message: Message, format: MessageFormat, lost: number): string {
  return JSON.stringify(documents[format](message, lost));
}

const documents: Readonly<Record<MessageFormat, (message: Message, lost: number) => object>> = {
  json: (message, lost) => lost === 0 ? message : { ...message, lost },
  slack: (message, lost) => ({ text: slackText(message, lost) }),
};

const marks: Readonly<Record<Message["state"] | "test", string>> = { began: "Began", ended: "Ended", test: "Test" };

/** The text for Slack, Mattermost and Rocket.Chat: one bold line, the next step, the link. */
function slackText(
  { event, state, severity, text, hint, detail, time, since, framework, instance }: Message,
  lost: number,
): string {
  const mark = marks[event === "test" ? event : state];
  const asOfMs = Date.parse(time) - Date.parse(since);
  const isLate = state === "began" && asOfMs > 0;
  const head = `*${mark}* (${severity}, ${escaped(framework.name)}): ${escaped(text)}`;
  return [
    isLate ? `${head} (for ${formatDuration(asOfMs)})` : head,
    ...(hint === "" || state === "ended" ? [] : [`To do: ${escaped(hint)}`]),
    ...(detail === undefined ? [] : [fenced(detail)]),
    ...(lost === 0 ? [] : [`${lost} earlier messages could not be delivered`]),
    ...(instance.url === undefined ? [] : [`<${instance.url}>`]),
  ].join("\n");
}

/** Several lines as they are, which must not end the block that contains them. */
function fenced(text: string): string {
  const fence = "`".repeat(3);
  return [fence, escaped(text).replaceAll("`", "'"), fence].join("\n");
}

/**
 * Slack reads &, < and > as its own signs (api.slack.com/reference/surfaces/formatting#escaping); Mattermost pages
 * people by an @ with a name, which the invisible space behind it prevents.
 */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("@", "@\u200b");
}
