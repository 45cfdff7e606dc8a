// Reads the schedules of a profile.

import type { AgentProfile, Schedule } from "../core/settings.ts";
import type { Conf, ConfObject } from "./hocon_values.ts";
import { isTimeZone, parseCron } from "./cron.ts";
import { checkIdle, headroomIn, minIdleIn } from "./upkeep_values.ts";
import { addProblem, addUnknownKey, find, type Found, type Reader, textOf, wrongType } from "./reader.ts";
import { type Parsed, parseDuration, quote } from "./values.ts";

const valueNames = ["min-idle", "headroom", "idle-timeout"];
const names = ["from", "to", "time-zone", ...valueNames];
/** More are a mistake. */
const schedulesMax = 100;
const defaultZone = "UTC";

/** The schedules at this key; `undefined`: none. */
export function schedulesAt(
  reader: Reader,
  key: string,
  profile: Pick<AgentProfile, "maxAgents" | "environments">,
): readonly Schedule[] | undefined {
  const found = find(reader, key);
  if (found === undefined) return undefined;
  const items = found.conf.kind === "list" ? found.conf.items : [found.conf];
  if (items.length > schedulesMax) {
    const message = `it has more than ${schedulesMax} items`;
    addProblem(reader, found, { code: "config-bad-value", message, hint: "write fewer of them" });
  }
  const schedules = items.slice(0, schedulesMax).flatMap((conf) => {
    const at = { key: found.key, conf };
    if (conf.kind !== "object") {
      wrongType(reader, at, "an object { from, to, … }");
      return [];
    }
    const schedule = scheduleIn(reader, { key: found.key, conf });
    if (schedule === undefined) return [];
    checkIdle(reader, at, { ...profile, minIdle: 0, ...schedule });
    return [schedule];
  });
  return schedules.length === 0 ? undefined : schedules;
}

interface Item {
  readonly key: string;
  readonly conf: ConfObject;
}

function scheduleIn(reader: Reader, item: Item): Schedule | undefined {
  checkNames(reader, item);
  const zone = fieldIn(reader, item, "time-zone", parseZone);
  const timeZone = zone ?? defaultZone;
  const from = timeIn(reader, item, "from", timeZone);
  const to = timeIn(reader, item, "to", timeZone);
  const values = valuesIn(reader, item);
  if (from === undefined || to === undefined) return undefined;
  if (!valueNames.some((name) => item.conf.fields.has(name))) {
    const hint = "write min-idle, headroom or idle-timeout in it";
    addProblem(reader, item, { code: "config-conflict", message: "the schedule changes nothing", hint });
  }
  return { from, to, timeZone, ...values };
}

function valuesIn(reader: Reader, item: Item): Omit<Schedule, "from" | "to" | "timeZone"> {
  const floors = item.conf.fields.get("min-idle");
  const headroom = fieldOf(item, "headroom");
  const room = headroom === undefined ? undefined : headroomIn(reader, headroom);
  const idleTimeoutMs = fieldIn(reader, item, "idle-timeout", parseDuration);
  return {
    ...(floors === undefined ? {} : minIdleIn(reader, { key: `${item.key}.min-idle`, conf: floors })),
    ...(room === undefined ? {} : { headroom: room }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  };
}

function checkNames(reader: Reader, { key, conf }: Item): void {
  for (const [name, each] of conf.fields) {
    if (!names.includes(name)) addUnknownKey(reader, { key: `${key}.${name}`, conf: each }, name, names);
  }
}

function timeIn(reader: Reader, item: Item, name: "from" | "to", timeZone: string): string | undefined {
  if (item.conf.fields.has(name)) return fieldIn(reader, item, name, (text) => parseCron(text, timeZone));
  const hint = `write ${name} = ${name === "from" ? '"0 7 * * mon-fri"' : '"0 19 * * mon-fri"'}`;
  addProblem(reader, item, { code: "config-missing-key", message: `the schedule has no ${name}`, hint });
  return undefined;
}

function fieldIn<T>(reader: Reader, item: Item, name: string, parse: (text: string) => Parsed<T>): T | undefined {
  const found = fieldOf(item, name);
  const text = found === undefined ? undefined : textOf(reader, found);
  if (found === undefined || text === undefined) return undefined;
  const parsed = parse(text.trim());
  if (parsed.ok) return parsed.value;
  addProblem(reader, found, { code: "config-bad-value", message: parsed.message, hint: parsed.hint });
  return undefined;
}

function fieldOf({ key, conf }: Item, name: string): Found | undefined {
  const field: Conf | undefined = conf.fields.get(name);
  return field === undefined ? undefined : { key: `${key}.${name}`, conf: field };
}

function parseZone(text: string): Parsed<string> {
  if (isTimeZone(text)) return { ok: true, value: text };
  const hint = 'write a name of the IANA time zone database, such as "Europe/Berlin" or "UTC"';
  return { ok: false, message: `${quote(text)} is not a time zone`, hint };
}
