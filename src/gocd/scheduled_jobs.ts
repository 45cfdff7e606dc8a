// Parses the feed of scheduled jobs, old and new, as a stream (GoCD JobPlanXmlViewModel, JobPlanXmlRepresenter). Ids
// and links are ignored; values of variables are never kept.

import { SaxesParser } from "saxes";
import type { Finding } from "../core/event.ts";
import type { ScheduledJob } from "../core/gocd_records.ts";
import { bodyBytesMax, contentError } from "./content_problems.ts";
import { loginPageError } from "./problems.ts";
import { createXmlCleaner } from "./xml_cleaner.ts";

/** The jobs of a feed in its order (oldest first), and findings about it. */
export interface ScheduledJobsReading {
  /** Oldest first. */
  readonly jobs: readonly ScheduledJob[];
  /** Jobs that were skipped. */
  readonly findings: readonly Finding[];
}

/**
 * Maximum number of jobs, ten times that of large installations; the oldest are kept, which the server assigns first.
 */
export const jobsMax = 50_000;
/** Maximum number of bytes read of a feed. What is kept is bounded by {@linkcode jobsMax}. */
const feedBytesMax = 256 * 1024 * 1024;
/**
 * Maximum length of one name, locator or resource: five names of 255 characters, each three times as long when encoded.
 */
export const textLengthMax = 4_096;
/** Maximum number of resources of one job; more make it unreadable. */
export const resourcesMax = 200;
const depthMax = 32;
/** Characters of the document that are kept; a document without jobs is shorter. */
const headLength = 2_048;
/** The format of an empty queue: with anything else in the root, "no jobs" would be a guess. */
const emptyFeed = /^\uFEFF?\s*(?:<\?xml[^<>]*\?>\s*)?<scheduledJobs\s*(?:\/>|>\s*<\/scheduledJobs\s*>)\s*$/;
const expected = "a feed of scheduled jobs";

/**
 * Reads a feed that comes in pieces (bytes of UTF-8) or as one text. Throws {@linkcode GocdError} (`unreadable`) for
 * everything but a complete document with the root `scheduledJobs`: a cut feed or a login page is never an empty one.
 * From a feed with more than {@linkcode jobsMax} jobs or `bytesMax` bytes the oldest jobs are read, and a finding
 * reports what was omitted: with such a large backlog, launching must continue. `source` is the request, for the
 * message.
 */
export async function readScheduledJobs(
  chunks: AsyncIterable<Uint8Array> | string,
  source = "the feed of scheduled jobs",
  bytesMax = feedBytesMax,
): Promise<ScheduledJobsReading> {
  if (typeof chunks === "string") return readScheduledJobsText(chunks, source);
  const feed = createFeedReader(source);
  const decoder = new TextDecoder();
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax && !feed.hasJobs()) {
      throw contentError(source, { kind: "too-large", limit: `${bodyBytesMax} bytes` });
    }
    if (bytes > bytesMax) return feed.cut();
    feed.write(decoder.decode(chunk, { stream: true }));
  }
  feed.write(decoder.decode());
  return feed.close();
}

/** {@linkcode readScheduledJobs} for a whole text, without waiting. */
export function readScheduledJobsText(text: string, source = "the feed of scheduled jobs"): ScheduledJobsReading {
  const feed = createFeedReader(source);
  feed.write(text);
  return feed.close();
}

/** What has been parsed so far. */
interface FeedState {
  depth: number;
  /** The target of the current text; `undefined` if it is ignored. */
  wanted: "locator" | "environment" | "resource" | undefined;
  text: string;
  name: string;
  locator: string;
  environment: string;
  resources: string[];
  isTooLong: boolean;
  isInResources: boolean;
  rootIsClosed: boolean;
  unreadable: number;
  /** Beyond {@linkcode jobsMax}. */
  leftOut: number;
  duplicates: number;
  readonly duplicated: Set<string>;
  readonly jobs: Map<string, ScheduledJob>;
}

interface FeedReader {
  write(text: string): void;
  /** Whether a job has been read: then it is a feed. */
  hasJobs(): boolean;
  /** The result if the rest is not read. */
  cut(): ScheduledJobsReading;
  close(): ScheduledJobsReading;
}

function createFeedReader(source: string): FeedReader {
  const state: FeedState = {
    depth: 0,
    wanted: undefined,
    text: "",
    name: "",
    locator: "",
    environment: "",
    resources: [],
    isTooLong: false,
    isInResources: false,
    rootIsClosed: false,
    unreadable: 0,
    leftOut: 0,
    duplicates: 0,
    duplicated: new Set(),
    jobs: new Map(),
  };
  const parser = createParser(state);
  const cleaner = createXmlCleaner();
  let head = "";
  let length = 0;
  const parse = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      throw error instanceof FeedFault && looksLikeHtml(head) ? loginPageError(source) : faultError(error, source);
    }
  };
  return {
    write(text: string): void {
      head = head.length < headLength ? (head + text.slice(0, headLength)).slice(0, headLength) : head;
      length += text.length;
      parse(() => parser.write(cleaner.push(text)));
    },
    hasJobs: () => state.jobs.size > 0,
    cut: () => readingOf(state, true),
    close(): ScheduledJobsReading {
      if (head.trim() === "") throw contentError(source, { kind: "empty" });
      parse(() => {
        parser.write(cleaner.end());
        if (!state.rootIsClosed) throw new FeedFault({ kind: "truncated" });
        parser.close();
        const isEmpty = state.jobs.size === 0;
        if (/<!doctype/i.test(head) || (isEmpty && (length > headLength || !emptyFeed.test(head)))) {
          throw new FeedFault({ kind: "other-root" });
        }
      });
      return readingOf(state, false);
    },
  };
}

type Fault =
  | { readonly kind: "truncated" }
  | { readonly kind: "html" }
  | { readonly kind: "other-root" }
  | { readonly kind: "not-xml"; readonly line: number; readonly column: number };

/** Thrown to leave the parser's callbacks. */
class FeedFault extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.kind);
    this.fault = fault;
  }
}

function faultError(error: unknown, source: string): unknown {
  if (!(error instanceof FeedFault)) return error;
  switch (error.fault.kind) {
    case "html":
      return loginPageError(source);
    case "other-root":
      return contentError(source, { kind: "other-shape", expected });
    case "truncated":
      return contentError(source, { kind: "truncated" });
    case "not-xml":
      return contentError(source, error.fault);
    default:
      return error.fault satisfies never;
  }
}

function looksLikeHtml(head: string): boolean {
  return /<!doctype\s+html|<html[\s>]/i.test(head);
}

/** Five handlers and no more: with eight, V8 runs saxes four times slower (170 instead of 45 ms for 10,000 jobs). */
function createParser(state: FeedState): SaxesParser {
  const parser = new SaxesParser({ position: false });
  parser.on("error", () => {
    throw new FeedFault({ kind: "not-xml", line: parser.line, column: parser.column });
  });
  parser.on("opentag", (tag) => {
    const name = tag.attributes["name"];
    open(state, tag.name, typeof name === "string" ? name : undefined);
  });
  parser.on("closetag", () => close(state));
  parser.on("text", (text) => addText(state, text));
  parser.on("cdata", (text) => addText(state, text));
  return parser;
}

function open(state: FeedState, name: string, nameAttribute: string | undefined): void {
  state.depth++;
  if (state.depth > depthMax) throw new FeedFault({ kind: "other-root" });
  state.wanted = undefined;
  state.text = "";
  switch (state.depth) {
    case 1:
      if (name !== "scheduledJobs") {
        throw new FeedFault({ kind: name.toLowerCase() === "html" ? "html" : "other-root" });
      }
      break;
    case 2:
      if (name === "job") {
        beginJob(state, nameAttribute ?? "");
      } else {
        state.name = notInJob;
      }
      break;
    case 3:
      state.isInResources = name === "resources";
      state.wanted = name === "buildLocator" ? "locator" : name === "environment" ? "environment" : undefined;
      break;
    case 4:
      state.wanted = state.isInResources && name === "resource" ? "resource" : undefined;
      break;
    default:
  }
}

/** The name while an element other than `job` is open; no job can have this name. */
const notInJob = "\u0000";

function beginJob(state: FeedState, name: string): void {
  state.name = name;
  state.locator = "";
  state.environment = "";
  state.resources = [];
  state.isTooLong = name.length > textLengthMax;
}

function addText(state: FeedState, text: string): void {
  if (state.wanted !== undefined) {
    state.text += text;
    if (state.text.length > textLengthMax) {
      state.isTooLong = true;
      state.text = "";
      state.wanted = undefined;
    }
  }
}

function close(state: FeedState): void {
  if (state.wanted !== undefined) {
    const text = state.text.trim();
    switch (state.wanted) {
      case "locator":
        state.locator = text;
        break;
      case "environment":
        state.environment = text;
        break;
      case "resource":
        if (text !== "") state.resources.push(text);
        break;
      default:
        state.wanted satisfies never;
    }
    state.wanted = undefined;
  } else if (state.depth === 2) {
    endJob(state);
  } else if (state.depth === 1) {
    state.rootIsClosed = true;
  }
  state.depth--;
}

function endJob(state: FeedState): void {
  if (state.name === notInJob) return;
  if (state.locator === "" || state.isTooLong || state.resources.length > resourcesMax) {
    state.unreadable++;
    return;
  }
  const locator = decodeLocator(state.locator);
  if (state.jobs.has(locator)) {
    state.duplicates++;
    if (state.duplicated.size < shownMax) state.duplicated.add(locator);
    return;
  }
  if (state.jobs.size >= jobsMax) {
    state.leftOut++;
    return;
  }
  state.jobs.set(locator, {
    locator,
    name: state.name === "" ? locator.slice(locator.lastIndexOf("/") + 1) : state.name,
    ...(state.environment === "" ? {} : { environment: state.environment }),
    gocdResources: state.resources,
  });
}

/** The locator as people write it: each segment is form- or percent-encoded on the wire. */
export function decodeLocator(locator: string): string {
  if (!locator.includes("%") && !locator.includes("+")) return locator;
  return locator.split("/").map((segment) => {
    try {
      return decodeURIComponent(segment.replaceAll("+", " "));
    } catch {
      return segment;
    }
  }).join("/");
}

const shownMax = 20;

function readingOf(state: FeedState, isCut: boolean): ScheduledJobsReading {
  const findings: Finding[] = [];
  if (isCut || state.leftOut > 0) {
    const many = isCut ? `more than ${state.leftOut}` : String(state.leftOut);
    findings.push({
      code: "gocd-feed-left-out",
      message: `${many} jobs of the feed are left out: only its oldest ${state.jobs.size} are considered`,
      hint: "the others follow as these are built; cancel the stages of jobs that are no longer needed",
    });
  }
  if (state.unreadable > 0) {
    findings.push({
      code: "gocd-job-unreadable",
      message: `${state.unreadable} scheduled jobs of the feed have no locator, or names beyond all limits: left out`,
      hint: "report this with the version of the GoCD server",
    });
  }
  if (state.duplicates > 0) {
    findings.push({
      code: "gocd-job-duplicate",
      message: `${state.duplicates} scheduled jobs appear in the feed more than once: each is counted once`,
      hint: "nothing to do, unless it persists for long",
      locators: [...state.duplicated],
    });
  }
  return { jobs: [...state.jobs.values()], findings };
}
