// Messages to webhooks while the leader, the webhooks and their receivers change; on virtual time, with pictures of a
// program.

import { assert, assertEquals } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import type { Finding } from "../../src/core/event.ts";
import type { Note } from "../../src/core/note.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import type { LeadershipView, StatusView } from "../../src/core/view/view.ts";
import { type Notifier, startNotifier } from "../../src/runtime/notifier.ts";
import { loadKeys } from "../config/support.ts";
import { drive, minute, second } from "../support/core.ts";
import { pictureOf } from "../support/picture.ts";
import { virtualTime } from "../support/test_time.ts";

const limit: Finding = { code: "held-limit", message: "3 jobs are held back", hint: "raise it" };

interface Bench {
  /** `began breaker/linux`, by the path of the webhook. */
  readonly told: Readonly<Record<string, readonly string[]>>;
  readonly notes: readonly Note[];
  readonly notifier: Notifier;
  readonly view: () => StatusView;
  /** What the picture shows from now on. */
  show(problems: readonly Finding[], leadership?: Omit<LeadershipView, "sinceMs">): void;
  /** What a receiver answers from now on; 0: it never does. */
  answer(status: number): void;
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

function bench(config: Config): Bench {
  const time = virtualTime();
  const told: Record<string, string[]> = {};
  const notes: Note[] = [];
  const base = statusView(drive().state, time.clock.nowMs());
  let shown: Partial<StatusView> = {};
  let status = 200;
  const view = (): StatusView => ({ ...base, ...shown, atMs: time.clock.nowMs() });
  const fetching: typeof fetch = async (url, init) => {
    if (status === 0) {
      await new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
    }
    const { pathname } = new URL(String(url));
    const { state, key } = JSON.parse(String(init?.body));
    if (status === 200) (told[pathname.slice(1)] ??= []).push(`${state} ${key}`);
    return new Response(null, { status });
  };
  const notifier = startNotifier(config, {
    machine: { ...time.clock, fetch: fetching, deadline: time.deadline },
    random: () => 0.5,
    view,
    tell: (note) => void notes.push(note),
  });
  return {
    told,
    notes,
    notifier,
    view,
    show: (problems, leadership) => {
      const part = leadership === undefined ? {} : { leadership: { ...leadership, sinceMs: time.clock.nowMs() } };
      shown = { problems, ...part };
    },
    answer: (next) => void (status = next),
    pass: time.pass,
    close: () => time.during(notifier.close()),
  };
}

const one = 'notify.webhooks.a.url = "http://h/a"';

Deno.test("an instance that loses the lead reports only that, and one that gains it reports lasting problems", async () => {
  const { told, show, pass, close, notifier } = bench(loadKeys(one));
  show([limit], { role: "leader" });
  notifier.sink({ kind: "leading" }, 0);
  await pass(second);
  assertEquals(told["a"], ["began leader"], "at once");
  await pass(3 * minute);
  show([], { role: "standby", leader: "b:1" });
  await pass(10 * minute);
  assertEquals(told["a"], ["began leader", "began limit-reached", "ended leader"]);
  show([limit], { role: "leader" });
  await pass(10 * minute);
  assertEquals(told["a"]?.slice(3), ["began leader", "began limit-reached"]);
  await close();
});

Deno.test("a condition that ends before the next check is reported with its end", async () => {
  const { told, pass, close, notifier } = bench(loadKeys(one));
  notifier.sink({ kind: "framework-replaced", message: "removed" }, 0);
  notifier.sink({ kind: "subscribed", master: "m", frameworkId: "f", instances: 0 }, 0);
  await pass(second);
  assertEquals(told["a"], ["began framework-removed", "ended framework-removed"]);
  await close();
});

Deno.test("a failing webhook is shown as a problem and measured until it works", async () => {
  const { show, pass, close, notifier, answer, view, notes } = bench(loadKeys(one));
  const shown = () => notifier.shown(pictureOf(view()));
  answer(503);
  show([limit]);
  await pass(10 * minute);
  const failing = shown();
  assertEquals(failing.view.problems.map(({ code, subject }) => [code, subject]), [
    ["held-limit", undefined],
    ["webhook-failing", "a"],
  ]);
  const { failed, ...figures } = failing.measured.webhooks?.["a"] ?? { failed: 0 };
  assertEquals(figures, { waiting: 1, delivered: 0, lost: 0, isFailing: true });
  assert(failed > 3);
  answer(200);
  await pass(10 * minute);
  assertEquals(shown().view.problems.map(({ code }) => code), ["held-limit"]);
  assertEquals(notes.map(({ kind }) => kind), ["webhook-failed", "webhook-works"]);
  await close();
});

Deno.test("a new URL is tried immediately, and the end of an event that is no longer selected is not reported", async () => {
  const { told, show, pass, close, notifier, answer } = bench(loadKeys(one));
  answer(404);
  show([limit]);
  await pass(60 * minute);
  answer(200);
  notifier.use(loadKeys('notify.webhooks.a.url = "http://h/new"'));
  await pass(second);
  assertEquals(told, { new: ["began limit-reached"] });
  notifier.use(loadKeys('notify.webhooks.a { url = "http://h/new", events = [leader] }'));
  await pass(10 * minute);
  assertEquals(told, { new: ["began limit-reached"] });
  await close();
});

Deno.test("a receiver that never responds delays close() by at most two seconds", async () => {
  const { show, pass, close, answer, view } = bench(loadKeys(one));
  answer(0);
  show([limit]);
  await pass(2 * minute + 5 * second);
  const startMs = view().atMs;
  await close();
  assert(view().atMs - startMs <= 2 * second, `closed after ${view().atMs - startMs} ms`);
});

Deno.test("without webhooks nothing is checked, and the picture is unchanged", async () => {
  const { close, notifier, view, pass, notes } = bench(loadKeys(""));
  await pass(10 * minute);
  const picture = pictureOf(view());
  assertEquals(notifier.shown(picture) === picture, true);
  assertEquals(notes, []);
  await close();
});
