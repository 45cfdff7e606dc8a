// Notifies webhooks when conditions begin and end: checks the picture periodically, and passes messages to the outbox
// of each webhook. Nothing waits for it.

import type { Config, WebhookConfig } from "../config/config.ts";
import type { Finding } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import { conditionsOf } from "../core/view/condition.ts";
import { type Noted, withNote } from "../core/view/noted.ts";
import type { Picture, WebhookFigures } from "../core/view/picture.ts";
import type { StatusView } from "../core/view/view.ts";
import { webhookFailing } from "../core/words/conditions.ts";
import { type Book, follow } from "../notify/book.ts";
import { messageOf, type Sender } from "../notify/message.ts";
import { type Memory, memoryOf, memoryText, type Remembered } from "../notify/memory.ts";
import { createOutbox, type Outbox, type OutboxNews } from "../notify/outbox.ts";
import { send } from "../notify/send.ts";
import { version } from "../version.ts";
import { isSame } from "./comparable.ts";
import type { NoteSink } from "./engine.ts";
import type { Framework } from "./framework.ts";
import type { Machine } from "./machine.ts";
import type { ToldFile } from "./told_file.ts";

/** How often the picture is checked; with 10,000 waiting jobs a check takes 50 ms. Urgent conditions come as notes. */
const lookMs = 10_000;
/** How long messages in transit may take when the program stops. */
const settleMs = 2_000;

/** The options of the notifier. */
export interface NotifierOptions {
  readonly machine: Machine;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** The current picture; absent: none yet. */
  readonly view: () => StatusView | undefined;
  /** Reports the state of the webhooks. */
  readonly tell: (note: Note) => void;
  /** Where sent notifications are stored; absent, or nothing: the next run sends them again. */
  readonly memory?: (config: Config) => ToldFile | undefined;
}

/** Notifies webhooks. */
export interface Notifier {
  /** For conditions that no picture shows. */
  readonly sink: NoteSink;
  /** Applies another configuration; a remaining webhook keeps its messages. */
  use(next: Config): void;
  /** The picture, including the state of the webhooks. */
  shown(picture: Picture): Picture;
  /** Checks a last time, and waits briefly for messages. */
  close(): Promise<void>;
}

/** Starts the notifier; does nothing while there are no webhooks. */
export function startNotifier(first: Config, options: NotifierOptions): Notifier {
  const { machine } = options;
  const ending = new AbortController();
  let config = first;
  let noted: Noted = new Map();
  const book = openMemory(first, options);
  let targets: readonly Target[] = openTargets(first, { before: [], memory: book.before }, options);

  const look = (): void => {
    const view = targets.length === 0 ? undefined : options.view();
    if (view === undefined) return;
    const { waitingLongerThanMs: longMs, afterMs } = config.notify;
    const { now, isBlind } = conditionsOf(view, longMs);
    if (isBlind) noted = new Map();
    const sender = senderOf(view, config);
    const conditions = { now: [...now, ...noted.values()], isBlind };
    for (const target of targets) target.look(conditions, { sender, atMs: view.atMs, afterMs });
    book.keep(targets);
  };
  const looking = (async (): Promise<void> => {
    while (!ending.signal.aborted) {
      look();
      await machine.sleep(lookMs, ending.signal);
    }
  })();

  return {
    sink: (note, atMs) => {
      const before = noted;
      noted = withNote(noted, note, atMs);
      // It may have ended before the next check.
      if (before !== noted || note.kind === "leading") look();
    },
    use: (next) => {
      config = next;
      book.use(next);
      targets = openTargets(next, { before: targets, memory: new Map() }, options);
    },
    shown: (picture) => targets.length === 0 ? picture : withTargets(picture, targets),
    close: async () => {
      look();
      ending.abort();
      await looking;
      const limit = new AbortController();
      const settled = Promise.all(targets.map(({ outbox }) => outbox.settled()));
      await Promise.race([settled, machine.sleep(settleMs, limit.signal)]);
      limit.abort();
      book.keep(targets);
      await Promise.all(targets.map((target) => target.close()));
    },
  };
}

/** The notifications of an earlier run, and where those of this run are stored. */
interface KeptMemory {
  readonly before: Memory;
  use(next: Config): void;
  /** Once for each change. */
  keep(targets: readonly Target[]): void;
}

function openMemory(first: Config, { memory, machine, tell }: NotifierOptions): KeptMemory {
  let file = memory?.(first);
  let kept = file?.load() ?? "";
  return {
    before: memoryOf(kept, machine.nowMs()),
    use: (next) => void (file = memory?.(next)),
    keep: (targets) => {
      if (file === undefined) return;
      const text = memoryText(new Map(targets.map((target) => [target.webhook.name, target.remembered()])));
      if (text === kept) return;
      kept = text;
      const problem = file.save(text);
      if (problem !== undefined) tell({ kind: "told-not-kept", problem, onceKey: problem });
    },
  };
}

/** The program with a picture that includes the state of the webhooks. */
export function withNotifier(program: Framework, notifier: Notifier): Framework {
  return {
    picture: () => notifier.shown(program.picture()),
    command: (event) => program.command(event),
    reload: (config) => program.reload(config),
    tell: (note) => program.tell(note),
    run: (signal, commands) => program.run(signal, commands),
  };
}

/** One webhook with its sent notifications. */
interface Target {
  readonly webhook: WebhookConfig;
  readonly outbox: Outbox;
  /** The data for the next run. */
  remembered(): Remembered;
  look(
    conditions: Parameters<typeof follow>[1],
    at: { readonly sender: Sender; readonly atMs: number; readonly afterMs: number },
  ): void;
  /** Its update for another configuration. */
  change(next: WebhookConfig): void;
  close(): Promise<void>;
}

/** The webhooks of a configuration; existing ones that remain are kept. */
function openTargets(
  config: Config,
  { before, memory }: { readonly before: readonly Target[]; readonly memory: Memory },
  options: NotifierOptions,
): readonly Target[] {
  const next = config.notify.webhooks.map((webhook) => {
    const same = before.find((target) => target.webhook.name === webhook.name);
    if (same === undefined) return openTarget(webhook, memory.get(webhook.name), options);
    if (!isSame(same.webhook, webhook)) same.change(webhook);
    return same;
  });
  for (const target of before.filter((each) => !next.includes(each))) void target.close();
  return next;
}

function openTarget(
  first: WebhookConfig,
  remembered: Remembered | undefined,
  { machine, random, tell }: NotifierOptions,
): Target {
  let webhook = first;
  let book: Book = ofEvents(remembered?.book ?? new Map(), first);
  const ending = new AbortController();
  const outbox = createOutbox({
    send: (what, signal) => send(webhook, what, { ...machine, signal }),
    nowMs: () => machine.nowMs(),
    sleep: (ms, signal) => machine.sleep(ms, signal),
    random,
    tell: (news) => tell(noteOf(webhook.name, news)),
  });
  for (const message of remembered?.waiting ?? []) outbox.add(message);
  const running = outbox.run(ending.signal);
  return {
    get webhook() {
      return webhook;
    },
    outbox,
    remembered: () => ({ book, waiting: outbox.waiting() }),
    look: ({ now, isBlind }, { sender, atMs, afterMs }) => {
      const own = now.filter(({ event }) => webhook.events.includes(event));
      const followed = follow(book, { now: own, isBlind }, { atMs, afterMs });
      book = followed.book;
      for (const notice of followed.notices) outbox.add(messageOf(notice, sender, crypto.randomUUID()));
    },
    change: (next) => {
      webhook = next;
      // Conditions that it no longer gets have not ended.
      book = ofEvents(book, next);
      outbox.hurry();
    },
    close: async () => {
      ending.abort();
      await running;
    },
  };
}

function ofEvents(book: Book, { events }: WebhookConfig): Book {
  return new Map([...book].filter(([, { condition }]) => events.includes(condition.event)));
}

function senderOf({ mesos: { frameworkName, frameworkId } }: StatusView, { http: { advertise } }: Config): Sender {
  return {
    version,
    frameworkName,
    ...(frameworkId === undefined ? {} : { frameworkId }),
    ...(advertise === undefined ? {} : { url: advertise }),
  };
}

function noteOf(webhook: string, news: OutboxNews): Note {
  switch (news.kind) {
    case "failed":
      return { kind: "webhook-failed", webhook, what: news.what, hint: news.hint };
    case "works":
      return { kind: "webhook-works", webhook, failedForMs: news.failedForMs };
    case "lost":
      return { kind: "webhook-message-lost", webhook, why: news.why, onceKey: `${webhook} ${news.why}` };
    default:
      return news satisfies never;
  }
}

function withTargets({ view, measured, ...picture }: Picture, targets: readonly Target[]): Picture {
  const problems: Finding[] = [];
  const webhooks: Record<string, WebhookFigures> = {};
  for (const { webhook: { name }, outbox } of targets) {
    const { failing, ...figures } = outbox.state();
    webhooks[name] = { ...figures, isFailing: failing !== undefined };
    if (failing !== undefined) {
      problems.push({ ...webhookFailing(name, failing.what, failing.hint), sinceMs: failing.sinceMs });
    }
  }
  return {
    ...picture,
    view: { ...view, problems: [...view.problems, ...problems] },
    measured: { ...measured, webhooks },
  };
}
