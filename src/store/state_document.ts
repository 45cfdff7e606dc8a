// The durable state as one JSON document for people, backups and moves between stores.

import { messageOf } from "../errors.ts";
import type { StateRecord, StoredState } from "../core/record.ts";
import { shortened } from "../core/text.ts";
import {
  completeState,
  controlsKey,
  cpuUseKey,
  decodeRecords,
  frameworkKey,
  instanceKeyPrefix,
  recordsOf,
  type StoredText,
  suspicionKey,
} from "./record_codec.ts";
import type { Store } from "./store.ts";
import { StoreError } from "./store_error.ts";

const format = "gocd-mesos-state";
const formatVersion = 1;
/** Maximum size of an export: 100,000 instances take about half of it. */
const documentCharactersMax = 128 * 1024 * 1024;

/** What an import may do to a store that is already in use. */
export type ImportMode = "only-into-empty" | "replace";

/** A state as indented JSON with a trailing newline; {@linkcode parseStateDocument} reads it back. */
export function exportState(state: StoredState): string {
  return `${JSON.stringify({ format, version: formatVersion, ...state }, null, 2)}\n`;
}

/** Reads an export. Throws {@linkcode StoreError} `state-document-invalid` that says why it is invalid. */
export function parseStateDocument(text: string, source: string): StoredState {
  const document = objectOf(text, source);
  if (document.format !== format) {
    throw invalid(source, `field format is ${shown(document.format)}, not ${JSON.stringify(format)}`);
  }
  if (document.version !== formatVersion) {
    throw invalid(source, `version ${shown(document.version)} is not known, only ${formatVersion} is`);
  }
  if (!Array.isArray(document.instances)) throw invalid(source, "field instances is not a list");
  const texts = textsOf(document, document.instances, source);
  const repeated = firstRepeated(texts.map(({ key }) => key));
  if (repeated !== undefined) throw invalid(source, `${shown(repeated)} is there twice`);
  const decoded = decodeRecords(texts);
  const unreadable = decoded.unreadable[0];
  if (unreadable !== undefined) throw invalid(source, `${unreadable.key}: ${unreadable.reason}`);
  const state = completeState(decoded, source);
  if (state === undefined) throw invalid(source, "it is empty");
  return state;
}

/**
 * Replaces the content of a store with an exported state, in one transaction. If both have the same lineage, task
 * numbers do not go back. Numbers used since the export, by any copy of this state, are found on the servers and
 * skipped before the next run launches anything (core/identity/lineage.ts), so that no task id is ever reused. Throws
 * {@linkcode StoreError} `state-not-empty` for `only-into-empty` if the store has a framework id or instances.
 */
export async function importState(store: Store, wanted: StoredState, mode: ImportMode): Promise<void> {
  const held = await store.load();
  const inUse = held.framework.frameworkId !== undefined || held.instances.length > 0;
  if (inUse && mode === "only-into-empty") {
    throw new StoreError("state-not-empty", {
      message: `the state already contains framework ${held.framework.frameworkId ?? "(not registered yet)"} and ` +
        `${held.instances.length} instance(s)`,
      hint: "export it first, then import with --replace",
    });
  }
  const kept = new Set(wanted.instances.map(({ taskId }) => taskId));
  const removals = held.instances
    .filter(({ taskId }) => !kept.has(taskId))
    .map(({ taskId }): StateRecord => ({ kind: "instance-removed", taskId }));
  const nextTaskNumber = wanted.framework.lineage === held.framework.lineage
    ? Math.max(wanted.framework.nextTaskNumber, held.framework.nextTaskNumber)
    : wanted.framework.nextTaskNumber;
  const framework = { ...wanted.framework, nextTaskNumber };
  await store.commit([...removals, ...recordsOf({ ...wanted, framework })]);
}

function objectOf(text: string, source: string): Record<string, unknown> {
  if (text.length > documentCharactersMax) {
    throw invalid(source, `it has more than ${documentCharactersMax} characters`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(source, messageOf(cause));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(source, "it is not an object");
  return { ...value };
}

function textsOf(
  { framework, controls, cpuUse, suspicion }: Record<string, unknown>,
  instances: readonly unknown[],
  source: string,
): readonly StoredText[] {
  try {
    return [
      { key: frameworkKey, json: JSON.stringify(framework ?? null) },
      { key: controlsKey, json: JSON.stringify(controls ?? null) },
      ...cpuUse === undefined ? [] : [{ key: cpuUseKey, json: JSON.stringify(cpuUse) }],
      ...suspicion === undefined ? [] : [{ key: suspicionKey, json: JSON.stringify(suspicion) }],
      ...instances.map((instance) => ({ key: instanceKeyPrefix + taskIdOf(instance), json: JSON.stringify(instance) })),
    ];
  } catch (cause) {
    // Thousands of nested brackets can be read, but not written.
    if (!(cause instanceof RangeError)) throw cause;
    throw invalid(source, "it is nested too deeply");
  }
}

function taskIdOf(instance: unknown): string {
  const taskId = typeof instance === "object" && instance !== null && "taskId" in instance
    ? instance.taskId
    : undefined;
  return typeof taskId === "string" ? taskId : "?";
}

/** A value of an external document, for the error message. */
function shown(value: unknown): string {
  const charactersMax = 60;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? "absent";
  return shortened(text, charactersMax);
}

function firstRepeated(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => seen.size === seen.add(key).size);
}

function invalid(source: string, reason: string): StoreError {
  return new StoreError("state-document-invalid", {
    message: `${source} is not a state that can be imported: ${reason}`,
    hint: "use a file that 'gocd-mesos state export' wrote",
  });
}
