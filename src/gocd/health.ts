// Turns those of the server's health messages (18.2 on) that matter to agents into findings. Most polls cost a 304
// (ETag); `detail` is HTML and becomes plain text.

import { oneLine } from "../core/text.ts";
import { duplicateGuidCode } from "../core/identity/shared_guid.ts";
import type { Finding } from "../core/event.ts";
import { isRecord, parseJson } from "./json.ts";
import { GocdError } from "./api.ts";
import { contentError } from "./content_problems.ts";
import type { Requester } from "./request.ts";
import { decodeLocator } from "./scheduled_jobs.ts";
import { mediaType } from "./versions.ts";

/** Maximum number of messages; a server usually has a few. */
export const healthMessagesMax = 50;

/** Remembers a server's health messages. */
export interface HealthMemory {
  /** The current messages; if they cannot be read, that is a finding, never a failed poll. Throws only for `signal`. */
  read(signal: AbortSignal): Promise<readonly Finding[]>;
}

/** Creates a cache; sends no request before the first read. */
export function createHealthMemory(requester: Requester): HealthMemory {
  let known: { readonly etag: string; readonly findings: readonly Finding[] } | undefined;
  const request = { method: "GET", path: "/api/server_health_messages", accept: mediaType(1) } as const;
  return {
    async read(signal): Promise<readonly Finding[]> {
      const before = known;
      try {
        return await requester.exchange(
          before === undefined ? request : { ...request, etag: before.etag },
          signal,
          async (answer) => {
            if (answer.isSame && before !== undefined) return before.findings;
            const findings = readHealthMessages(await answer.text(), answer.source);
            known = answer.etag === undefined ? undefined : { etag: answer.etag, findings };
            return findings;
          },
        );
      } catch (error) {
        if (!(error instanceof GocdError) || signal.aborted) throw error;
        const { message, hint } = error.problem;
        return [{ code: "gocd-health-unread", message: `the health messages were not read: ${message}`, hint }];
      }
    },
  };
}

/**
 * One finding for each message about agents, or about what keeps jobs from them: `gocd-job-unassigned` and
 * `gocd-job-silent` (20.9 on) name the job's locator, `gocd-duplicate-guid` names two agents with one guid,
 * `gocd-disk-full` stops scheduling, `gocd-disk-low` is about to. Others, such as failed triggers, materials and
 * plugins, are for administrators of GoCD. Throws {@linkcode GocdError} (`unreadable`) if the body is not a list.
 */
export function readHealthMessages(text: string, source: string): readonly Finding[] {
  const body = parseJson(text, source);
  if (!Array.isArray(body)) throw contentError(source, { kind: "other-shape", expected: "a list of health messages" });
  const entries: readonly unknown[] = body;
  return entries.filter(isRecord).flatMap((entry): readonly Finding[] => {
    const message = textOf(entry["message"]);
    const detail = textOf(entry["detail"]);
    const code = codeOf(message, detail);
    if (code === undefined) return [];
    const locators = locatorsOf(entry["detail"]);
    const minutes = code === "gocd-job-unassigned" ? /last (\d+) minute/.exec(detail)?.[1] : undefined;
    return [{
      code,
      message: `GoCD reports: ${message === "" ? "a health message without a text" : message}`,
      hint: detail === "" ? "see the health messages of the GoCD server" : detail,
      ...(locators.length === 0 ? {} : { locators }),
      ...(code === duplicateGuidCode ? { hostnames: message.split(/[[\],\s]+/).filter((word) => word !== "") } : {}),
      ...(minutes === undefined ? {} : { forMin: Number(minutes) }),
    }];
  }).slice(0, healthMessagesMax);
}

function codeOf(message: string, detail: string): string | undefined {
  if (/has not been assigned an agent/i.test(detail)) return "gocd-job-unassigned";
  if (/console activity/i.test(detail)) return "gocd-job-silent";
  if (/duplicate unique identifier/i.test(message)) return duplicateGuidCode;
  if (/run out of .*disk space/i.test(message)) return "gocd-disk-full";
  return /low on .*disk space/i.test(message) ? "gocd-disk-low" : undefined;
}

/** Maximum length of a message in a finding. */
const messageLengthMax = 200;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'" };
const htmlLengthMax = 4_000;

function textOf(html: unknown): string {
  if (typeof html !== "string") return "";
  const plain = html.slice(0, htmlLengthMax).replace(/<[^<>]*>/g, "");
  return oneLine(plain.replace(/&(\w+|#39);/g, (whole, name: string) => entities[name] ?? whole), messageLengthMax);
}

function locatorsOf(html: unknown): readonly string[] {
  if (typeof html !== "string") return [];
  const links = html.slice(0, htmlLengthMax).matchAll(/tab\/build\/detail\/([^'"?#\s<>]+)/g);
  return [...new Set([...links].map((link) => decodeLocator(link[1] ?? "")))];
}
