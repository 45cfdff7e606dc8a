// From the first byte of the stream to the last acknowledgement at the master: our whole program compared with a minimal
// client over node:http, on the same events of the same master, with the losses of each. Run: deno bench -A
// tests/bench/mesos_rate_bench.ts. Our program requests protobuf, as always, and stores each update before it acknowledges
// it; the minimal client uses JSON and only acknowledges, so the difference is the cost of everything else.
//
// The rate of a run is that of the acknowledged updates until the last of them: events that a client loses do not reduce
// its rate. A client that has lost the stream is restarted. The best of several alternating rounds is shown, because
// others use the machine, too; the CPU time of the client's process is less affected by them.

import { read } from "npm:@dcos/recordio@0.1.8";
import { encodeRecord, RecordDecoder } from "../../src/mesos/recordio.ts";
import type { Layout } from "./mesos_rate_master.ts";
import { type Bout, type ClientName, type RunOutcome, type RunPlan, startBout } from "./mesos_rate_run.ts";

const sizes = [1_000, 5_000, 20_000] as const;
/** Of each size; short ones are disturbed more. */
const rounds: Readonly<Record<(typeof sizes)[number], number>> = { 1_000: 25, 5_000: 9, 20_000: 5 };
const names: readonly ClientName[] = ["ours", "plain"];
/** The same for both, until the engine of JavaScript has compiled what runs often. */
const warmUp: RunPlan = { updates: 4_000, waitMs: 1_000 };
const warmUpRuns = 8;
/** Not in ASCII, as texts of real containers: a character is not a byte. */
const umlauts = "Container läuft – prüfe ‚größe‘: 42 €";

const encoder = new TextEncoder();

function print(...lines: readonly string[]): void {
  Deno.stdout.writeSync(encoder.encode(lines.map((line) => `    ${line}\n`).join("")));
}

/** A client that is started anew when it does not answer any more. */
function lasting(name: ClientName): { run(plan: RunPlan): Promise<RunOutcome>; close(): Promise<void> } {
  let bout: Bout | undefined;
  const close = async (): Promise<void> => {
    await bout?.close();
    bout = undefined;
  };
  const once = async (on: Bout, plan: RunPlan): Promise<RunOutcome> => {
    await on.prepare(plan);
    return await on.go(plan);
  };
  return {
    close,
    async run(plan): Promise<RunOutcome> {
      if (bout === undefined) {
        bout = await startBout(name);
        for (let run = 0; run < warmUpRuns; run++) await once(bout, warmUp);
      }
      const outcome = await once(bout, plan);
      if (outcome.acknowledged < plan.updates / 2) await close();
      return outcome;
    },
  };
}

interface Best {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly acknowledged: number;
}

function betterOf(before: Best | undefined, { ms, acknowledged, cpuMs }: RunOutcome): Best {
  const perSecond = acknowledged === 0 ? 0 : acknowledged / ms * 1_000;
  const cpuUs = acknowledged === 0 || cpuMs === undefined ? Infinity : cpuMs / acknowledged * 1_000;
  return {
    perSecond: Math.max(perSecond, before?.perSecond ?? 0),
    cpuUs: Math.min(cpuUs, before?.cpuUs ?? Infinity),
    acknowledged: Math.max(acknowledged, before?.acknowledged ?? 0),
  };
}

async function compareRates(): Promise<void> {
  const clients = { ours: lasting("ours"), plain: lasting("plain") };
  const microseconds = (value: number): string => Number.isFinite(value) ? value.toFixed(0) : "?";
  print("", "updates  client            acknowledged   events/s   µs/event   CPU µs/event   ours to this (CPU)");
  try {
    for (const updates of sizes) {
      const best: Partial<Record<ClientName, Best>> = {};
      for (let round = 0; round < rounds[updates]; round++) {
        for (const name of names) {
          const outcome = await clients[name].run({ updates, waitMs: 1_000 });
          best[name] = betterOf(best[name], outcome);
          if (name === "ours" && outcome.acknowledged < updates) {
            throw new Error(`ours acknowledged ${outcome.acknowledged} of ${updates}`);
          }
        }
      }
      const { ours, plain } = best;
      for (const [label, each] of [["ours, protobuf", ours], ["plain, JSON", plain]] as const) {
        if (each === undefined || ours === undefined) continue;
        const ratio = each === ours
          ? ""
          : `${(ours.perSecond / each.perSecond).toFixed(2)} (${(each.cpuUs / ours.cpuUs).toFixed(2)})`;
        print([
          String(updates).padStart(7),
          label.padEnd(16),
          String(each.acknowledged).padStart(13),
          each.perSecond.toFixed(0).padStart(10),
          microseconds(1e6 / each.perSecond).padStart(10),
          microseconds(each.cpuUs).padStart(14),
          ` ${ratio}`,
        ].join("  "));
      }
    }
  } finally {
    await Promise.all([clients.ours.close(), clients.plain.close()]);
  }
}

const hardCases: readonly { readonly what: string; readonly layout: Layout; readonly message?: string }[] = [
  { what: "a record in each chunk, ASCII", layout: "one each" },
  { what: "a record in each chunk, not ASCII", layout: "one each", message: umlauts },
  { what: "two records in a chunk", layout: "two in one" },
  { what: "a record cut in its middle", layout: "cut in the middle" },
  { what: "a record cut within a character of UTF-8", layout: "cut in a character", message: umlauts },
  { what: "a record cut within its length", layout: "cut in a length" },
];

async function compareCorrectness(): Promise<void> {
  const updates = 20;
  print("", `of ${updates} updates acknowledged                     ours   plain`);
  for (const { what, layout, message } of hardCases) {
    const plan: RunPlan = { updates, layout, waitMs: 700, ...(message === undefined ? {} : { message }) };
    const got: number[] = [];
    for (const name of names) {
      const bout = await startBout(name);
      try {
        await bout.prepare(plan);
        got.push((await bout.go(plan)).acknowledged);
      } finally {
        await bout.close();
      }
    }
    const [ours = 0, plain = 0] = got;
    if (ours !== updates) throw new Error(`${what}: ours acknowledged ${ours} of ${updates}`);
    print(`${what.padEnd(44)} ${String(ours).padStart(4)}   ${String(plain).padStart(5)}`);
  }
}

/** What a decoder makes of bytes: its records, or that it refuses them. */
function outcomeOf(decode: () => number): string {
  try {
    return `${decode()} records`;
  } catch (error) {
    return error instanceof Error ? "an error" : String(error);
  }
}

function compareDecoders(): void {
  const record = encodeRecord(encoder.encode(`{"text":"${umlauts}"}`));
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["a record in UTF-8 after another", new Uint8Array([...record, ...record])],
    ["garbage where a length is due, then a record", new Uint8Array([...encoder.encode("HTTP/1.1 502\n"), ...record])],
    ["a record that begins with a line feed", encodeRecord(encoder.encode("\n{}"))],
    ["a length beyond every limit", encoder.encode("99999999999999\n{}")],
  ];
  const published = read as unknown as (text: string) => [string[], string];
  print("", "decoding                                        ours         @dcos/recordio, given text");
  for (const [what, bytes] of cases) {
    const ours = outcomeOf(() => new RecordDecoder().push(bytes).length);
    const theirs = outcomeOf(() => published(new TextDecoder().decode(bytes))[0].length);
    print(`${what.padEnd(46)}  ${ours.padEnd(11)}  ${theirs}`);
  }
  print("(0 records from @dcos/recordio: it waits for more, for ever)", "");
}

/** Deno repeats a bench as it likes; these measure by themselves, once. The tables count, not the times of Deno. */
function onceOnly(work: () => void | Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  // Deno awaits the functions only that are written as async.
  return async () => await (done ??= Promise.resolve().then(work));
}

Deno.bench("end to end: updates read and acknowledged (see the table)", onceOnly(compareRates));
Deno.bench("end to end: a stream laid out in unlucky ways (see the table)", onceOnly(compareCorrectness));
Deno.bench("decoding: bytes that are no stream (see the table)", onceOnly(compareDecoders));
