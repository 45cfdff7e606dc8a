// Encodes records of the durable state as JSON texts under keys, and decodes them with every field checked.

import { messageOf } from "../errors.ts";
import * as v from "valibot";
import { taskNumberMax } from "../core/identity/task_id.ts";
import { type AgentInstance, type InstanceIdentity, type InstanceMarks, phaseFields } from "../core/instance.ts";
import type {
  ControlsRecord,
  CpuUse,
  FrameworkRecord,
  GocdSuspicion,
  StateRecord,
  StoredState,
} from "../core/record.ts";
import { shortened } from "../core/text.ts";
import { StoreError } from "./store_error.ts";

/** Key of the framework record. */
export const frameworkKey = "framework";
/** Key of the controls record. */
export const controlsKey = "controls";
/** Key of the record of used cpus. */
export const cpuUseKey = "cpu-use";
/** Key of the record of a suspicion. */
export const suspicionKey = "suspicion";
/** Prefix of the key of an instance record; the task id follows. */
export const instanceKeyPrefix = "instance/";

/** One stored text. */
export interface StoredText {
  readonly key: string;
  readonly json: string;
}

/** One change of the stored texts. */
export type TextChange =
  | { readonly kind: "put"; readonly key: string; readonly json: string }
  | { readonly kind: "remove"; readonly key: string };

/** An invalid record, by its key. */
export interface UnreadableRecord {
  readonly key: string;
  readonly reason: string;
}

/** The valid records, and the invalid ones. */
export interface DecodedRecords {
  readonly framework?: FrameworkRecord;
  readonly controls?: ControlsRecord;
  readonly cpuUse?: CpuUse;
  readonly suspicion?: GocdSuspicion;
  /** Oldest first. */
  readonly instances: readonly AgentInstance[];
  readonly unreadable: readonly UnreadableRecord[];
}

const text = v.string();
/** The range of Date: a time beyond it could not be shown. */
const calendarMsMax = 8.64e15;
const ms = v.pipe(v.number(), v.minValue(-calendarMsMax), v.maxValue(calendarMsMax));
const maybeText = v.exactOptional(text);
const maybeMs = v.exactOptional(ms);
const maybeTrue = v.exactOptional(v.literal(true));
const lineage = v.pipe(text, v.regex(/^[a-z0-9]{6}$/, "must be six characters of a-z and 0-9"));
const taskId = v.pipe(text, v.regex(/^[a-z0-9-]{1,63}$/, "must be at most 63 characters of a-z, 0-9 and -"));
const retireReason = v.picklist([
  "maintenance",
  "operator",
  "profile-changed",
  "surplus",
  "max-jobs",
  "max-lifetime",
  "fair-share",
  "stop-sent",
]);

/** The fields of an instance in every phase. */
const common = {
  taskId,
  profile: text,
  profileHash: text,
  environment: maybeText,
  gocdResources: v.array(text),
  createdMs: ms,
  launchReason: text,
  adopted: maybeTrue,
  bucketKey: maybeText,
  network: v.exactOptional(v.picklist(["BRIDGE", "HOST", "NONE", "USER"])),
  needsProof: maybeTrue,
  mesosAgentId: text,
  host: text,
  lastKillMs: maybeMs,
  lastReconcileMs: maybeMs,
  strangers: v.exactOptional(v.array(text)),
  addresses: v.exactOptional(v.array(text)),
  dockerName: maybeText,
  sharedUuid: maybeText,
  retire: v.exactOptional(retireReason),
  mayRun: maybeTrue,
  wasPending: maybeTrue,
  mayHoldBuild: maybeTrue,
  isDeleteAsked: maybeTrue,
  isDeleted: maybeTrue,
  formerUuids: v.exactOptional(v.array(text)),
  lossAccepted: maybeTrue,
  built: v.exactOptional(v.looseObject({ jobs: v.number(), locator: maybeText })),
  sinceMs: ms,
} satisfies Record<keyof (InstanceIdentity & InstanceMarks) | "sinceMs", unknown>;

const activitySchema = v.variant("kind", [
  v.looseObject({ kind: v.literal("idle"), sinceMs: ms }),
  v.looseObject({ kind: v.literal("building"), sinceMs: ms }),
  v.looseObject({ kind: v.literal("unsure"), sinceMs: ms, word: text }),
]);

const drainStepSchema = v.variant("kind", [
  v.looseObject({ kind: v.literal("disabling"), askedMs: ms }),
  v.looseObject({ kind: v.literal("finishing") }),
  v.looseObject({ kind: v.literal("confirming"), firstIdleMs: ms }),
  v.looseObject({ kind: v.literal("deleting"), askedMs: ms, sinceMs: maybeMs }),
  v.looseObject({ kind: v.literal("absent"), sinceMs: ms }),
  v.looseObject({ kind: v.literal("enabling"), askedMs: ms }),
]);

const killCause = v.picklist([
  "drained",
  "drain-timeout",
  "register-timeout",
  "launch-timeout",
  "pending-stuck",
  "record-deleted",
  "by-mesos",
  "teardown",
]);

const endCause = v.picklist(["stopped", "dropped", "launch-failed", "exited", "never-registered", "lost"]);

const instanceSchema = v.variant("state", [
  v.looseObject({ ...common, state: v.literal("launching"), held: maybeTrue }),
  v.looseObject({
    ...common,
    state: v.literal("starting"),
    runningSinceMs: maybeMs,
    pendingUuid: maybeText,
    held: maybeTrue,
  }),
  v.looseObject({
    ...common,
    state: v.literal("registered"),
    uuid: text,
    activity: activitySchema,
    gap: v.exactOptional(v.looseObject({ sinceMs: ms, repairMs: maybeMs })),
  }),
  v.looseObject({
    ...common,
    state: v.literal("draining"),
    uuid: text,
    reason: v.union([v.literal("idle"), retireReason]),
    step: drainStepSchema,
  }),
  v.looseObject({ ...common, state: v.literal("killing"), uuid: maybeText, cause: killCause }),
  v.looseObject({
    ...common,
    state: v.literal("unreachable"),
    uuid: maybeText,
    lost: v.exactOptional(v.looseObject({ sinceMs: ms, message: text })),
  }),
  v.looseObject({
    ...common,
    state: v.literal("gone"),
    uuid: maybeText,
    cause: endCause,
    message: text,
    isUnproven: maybeTrue,
  }),
]);

const frameworkSchema = v.looseObject({
  frameworkId: maybeText,
  lineage,
  nextTaskNumber: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(taskNumberMax)),
  ended: maybeText,
  registeredAs: v.exactOptional(v.looseObject({ user: text, principal: maybeText })),
  registersAnew: maybeTrue,
});

const controlsSchema = v.looseObject({
  frozen: v.boolean(),
  frozenProfiles: v.array(text),
  mode: v.picklist(["run", "drain", "teardown"]),
  tearsDownNow: maybeTrue,
  tornDown: maybeTrue,
});

const cpuUseSchema = v.looseObject({
  day: v.pipe(text, v.regex(/^\d{4}-\d{2}-\d{2}$/, "must be a day such as 2026-11-28")),
  cpuMs: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

const suspicionSchema = v.looseObject({
  kind: v.literal("gocd-unlisted"),
  sinceMs: ms,
  missing: v.number(),
  of: v.number(),
  isOlder: v.boolean(),
  vanished: v.exactOptional(v.array(text)),
});

/** Fields of this version at the top of each kind of record; every other stored field belongs to a newer one. */
const knownFields: Readonly<Record<Exclude<StateRecord["kind"], "instance-removed">, ReadonlySet<string>>> = {
  "cpu-use": new Set(Object.keys(cpuUseSchema.entries)),
  framework: new Set(Object.keys(frameworkSchema.entries)),
  controls: new Set(Object.keys(controlsSchema.entries)),
  suspicion: new Set(Object.keys(suspicionSchema.entries)),
  instance: new Set([...Object.keys(common), ...Object.keys(phaseFields)]),
};

/** The state of a store that has never been used. */
export function freshState(newLineage: string): StoredState {
  return {
    framework: { lineage: newLineage, nextTaskNumber: 1 },
    instances: [],
    controls: { frozen: false, frozenProfiles: [], mode: "run" },
  };
}

/** All records of a state, as in a commit. */
export function recordsOf(state: StoredState): readonly StateRecord[] {
  const { suspicion } = state;
  return [
    { kind: "framework", framework: state.framework },
    { kind: "controls", controls: state.controls },
    ...state.cpuUse === undefined ? [] : [{ kind: "cpu-use" as const, cpuUse: state.cpuUse }],
    { kind: "suspicion", ...(suspicion === undefined ? {} : { suspicion }) },
    ...state.instances.map((instance): StateRecord => ({ kind: "instance", instance })),
  ];
}

/**
 * What records change in the stored texts, the last change of each key only. `stored` gives the text under a key:
 * fields unknown to this version are carried over from it, because a newer program may need them.
 */
export function textChanges(
  records: readonly StateRecord[],
  stored: (key: string) => string | undefined,
): readonly TextChange[] {
  const changes = new Map<string, TextChange>();
  for (const record of records) {
    const change = textChange(record, (key) => {
      const before = changes.get(key);
      if (before === undefined) return stored(key);
      return before.kind === "put" ? before.json : undefined;
    });
    changes.set(change.key, change);
  }
  return [...changes.values()];
}

/** Decodes all texts; invalid ones are returned in addition to valid ones, so that nothing is silently lost. */
export function decodeRecords(texts: Iterable<StoredText>): DecodedRecords {
  const unreadable: UnreadableRecord[] = [];
  const instances: AgentInstance[] = [];
  let framework: FrameworkRecord | undefined;
  let controls: ControlsRecord | undefined;
  let cpuUse: CpuUse | undefined;
  let suspicion: GocdSuspicion | undefined;
  for (const { key, json } of texts) {
    try {
      if (key === frameworkKey) framework = parseAs(frameworkSchema, json);
      else if (key === controlsKey) controls = parseAs(controlsSchema, json);
      else if (key === cpuUseKey) cpuUse = parseAs(cpuUseSchema, json);
      else if (key === suspicionKey) suspicion = parseAs(suspicionSchema, json);
      else if (key.startsWith(instanceKeyPrefix)) instances.push(parseInstance(key, json));
      // Any other key is a kind of record of a newer version, and ignored.
    } catch (cause) {
      unreadable.push({
        key: shortened(key, shownCharactersMax),
        reason: shortened(messageOf(cause), shownCharactersMax),
      });
    }
  }
  instances.sort((a, b) => a.createdMs - b.createdMs || (a.taskId < b.taskId ? -1 : 1));
  return {
    ...(framework === undefined ? {} : { framework }),
    ...(controls === undefined ? {} : { controls }),
    ...(cpuUse === undefined ? {} : { cpuUse }),
    ...(suspicion === undefined ? {} : { suspicion }),
    instances,
    unreadable,
  };
}

/**
 * The complete state from decoded records; `undefined` if the store has never been used. Throws {@linkcode StoreError}
 * `state-record-unreadable` that names every record at fault; `place` is the file.
 */
export function completeState(decoded: DecodedRecords, place: string): StoredState | undefined {
  const { framework, controls, instances, unreadable, ...others } = decoded;
  if (unreadable.length > 0) throw unreadableError(unreadable, place);
  if (framework === undefined && controls === undefined && instances.length === 0) return undefined;
  if (framework === undefined || controls === undefined) {
    const key = framework === undefined ? frameworkKey : controlsKey;
    throw unreadableError([{ key, reason: "the record is missing" }], place);
  }
  return { framework, instances, controls, ...others };
}

function unreadableError(unreadable: readonly UnreadableRecord[], place: string): StoreError {
  const namedMax = 5;
  const named = unreadable.slice(0, namedMax).map(({ key, reason }) => `${key} (${reason})`).join("; ");
  const more = unreadable.length > namedMax ? `; and ${unreadable.length - namedMax} more` : "";
  const ofInstance = unreadable.every(({ key }) => key.startsWith(instanceKeyPrefix));
  return new StoreError("state-record-unreadable", {
    message: `the state ${place} contains ${unreadable.length} unreadable record(s): ${named}${more}`,
    hint: ofInstance
      ? "start the version of gocd-mesos that wrote it, or see that the task is gone from Mesos and remove its record " +
        "with 'gocd-mesos state forget ID'"
      : "start the version of gocd-mesos that wrote it, or restore the file from a backup ('gocd-mesos state import')",
  });
}

function textChange(record: StateRecord, stored: (key: string) => string | undefined): TextChange {
  switch (record.kind) {
    case "framework":
      return put(frameworkKey, record.framework, knownFields.framework, stored);
    case "controls":
      return put(controlsKey, record.controls, knownFields.controls, stored);
    case "cpu-use":
      return put(cpuUseKey, record.cpuUse, knownFields["cpu-use"], stored);
    case "suspicion":
      if (record.suspicion === undefined) return { kind: "remove", key: suspicionKey };
      return put(suspicionKey, record.suspicion, knownFields.suspicion, stored);
    case "instance":
      return put(instanceKeyPrefix + record.instance.taskId, record.instance, knownFields.instance, stored);
    case "instance-removed":
      return { kind: "remove", key: instanceKeyPrefix + record.taskId };
    default:
      return record satisfies never;
  }
}

function put(
  key: string,
  value: object,
  known: ReadonlySet<string>,
  stored: (key: string) => string | undefined,
): TextChange {
  const unknown = Object.entries(objectOf(stored(key))).filter(([name]) => !known.has(name));
  // Own properties by definition, not assignment: a field called __proto__ stays a field.
  return { kind: "put", key, json: JSON.stringify({ ...Object.fromEntries(unknown), ...value }) };
}

/** The object in a stored text; an empty one if it is invalid. */
function objectOf(json: string | undefined): object {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/** The error text of a garbled record may be as long as the record. */
const shownCharactersMax = 200;

function parseInstance(key: string, json: string): AgentInstance {
  const instance = parseAs(instanceSchema, json);
  const wanted = key.slice(instanceKeyPrefix.length);
  if (instance.taskId !== wanted) throw new Error(`taskId is ${JSON.stringify(instance.taskId)}`);
  return adoptedBefore(instance) ? { ...instance, adopted: true } : instance;
}

/** Up to 0.1.0 only the text for people showed which instances were adopted. */
function adoptedBefore({ launchReason, profileHash }: AgentInstance): boolean {
  return profileHash === "" || launchReason.startsWith("adopted:");
}

function parseAs<Schema extends v.GenericSchema>(schema: Schema, json: string): v.InferOutput<Schema> {
  const result = v.safeParse(schema, JSON.parse(json));
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw new Error(path === null ? issue.message : `${path}: ${issue.message}`);
}
