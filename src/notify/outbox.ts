// The messages of one target: in order, each until it is delivered, within limits of number and age.

import type { MessageLoss } from "../core/note.ts";
import type { Message } from "./message.ts";
import type { SendResult } from "./send.ts";

/** Maximum number of waiting messages; beyond that, the oldest that is not being sent is dropped. */
export const waitingMax = 200;
/** A message that could not be delivered for this long is dropped. */
export const ageMsMax = 24 * 3_600_000;
/** Number of attempts for a message that the receiver rejects. */
const unwantedTriesMax = 3;
const pauseFirstMs = 1_000;
const pauseMsMax = 300_000;

/** The options of an outbox. */
export interface OutboxOptions {
  /** Sends one message once; never throws. */
  readonly send: (
    what: { readonly message: Message; readonly lost: number },
    signal: AbortSignal,
  ) => Promise<SendResult>;
  readonly nowMs: () => number;
  /** Resolves after `ms`, or immediately when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Called once when messages start to fail, once when they are delivered again, and for each dropped message. */
  readonly tell: (news: OutboxNews) => void;
}

/** An event of an outbox. */
export type OutboxNews =
  | { readonly kind: "failed"; readonly what: string; readonly hint: string }
  | { readonly kind: "works"; readonly failedForMs: number }
  | { readonly kind: "lost"; readonly why: MessageLoss };

/** The state of an outbox. */
export interface OutboxState {
  readonly waiting: number;
  /** Delivered messages, failed attempts, and dropped messages, since the start. */
  readonly delivered: number;
  readonly failed: number;
  readonly lost: number;
  /** Why messages cannot be delivered; absent: the last attempt succeeded, or there was none. */
  readonly failing?: { readonly sinceMs: number; readonly what: string; readonly hint: string };
}

/** The messages of one target. */
export interface Outbox {
  add(message: Message): void;
  state(): OutboxState;
  /** Undelivered messages, oldest first. */
  waiting(): readonly Message[];
  /** Delivers until the signal is aborted. Never throws. Call it once. */
  run(signal: AbortSignal): Promise<void>;
  /** Retries waiting messages immediately. */
  hurry(): void;
  /** Resolves once no message is waiting, or the waiting ones fail. */
  settled(): Promise<void>;
}

/** Creates an outbox without messages. */
export function createOutbox(options: OutboxOptions): Outbox {
  return new Queue(options);
}

/** A class, because its parts share what waits. */
class Queue implements Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: Message[] = [];
  #delivered = 0;
  #failed = 0;
  #lost = 0;
  /** Messages dropped since the last delivered one, which the next one reports. */
  #untold = 0;
  #failing: OutboxState["failing"];
  #isSending = false;
  #pause = new AbortController();
  #wake = Promise.withResolvers<void>();
  #settled = Promise.withResolvers<void>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(message: Message): void {
    if (this.#queue.length >= waitingMax) this.#lose(this.#isSending ? 1 : 0, "too-many");
    this.#queue.push(message);
    this.#wake.resolve();
  }

  state(): OutboxState {
    return {
      waiting: this.#queue.length,
      delivered: this.#delivered,
      failed: this.#failed,
      lost: this.#lost,
      ...(this.#failing === undefined ? {} : { failing: this.#failing }),
    };
  }

  waiting(): readonly Message[] {
    return [...this.#queue];
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake.resolve();
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted) {
      const [first] = this.#queue;
      if (first === undefined) {
        this.#settled.resolve();
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      } else {
        this.#isSending = true;
        await this.#deliver(first, signal);
        this.#isSending = false;
      }
    }
    signal.removeEventListener("abort", stop);
    this.#settled.resolve();
  }

  hurry(): void {
    this.#pause.abort();
  }

  settled(): Promise<void> {
    if (this.#queue.length === 0 || this.#failing !== undefined) return Promise.resolve();
    this.#settled = Promise.withResolvers();
    return this.#settled.promise;
  }

  /** Delivers one message, until it is delivered or dropped. */
  async #deliver(message: Message, signal: AbortSignal): Promise<void> {
    const { send, sleep, nowMs, random } = this.#options;
    for (let tries = 1; !signal.aborted; tries++) {
      const lost = this.#untold;
      const result = await send({ message, lost }, signal);
      if (result.kind === "delivered") return this.#arrived(lost);
      if (signal.aborted) return;
      this.#missed(result);
      if (result.isUnwanted && tries >= unwantedTriesMax) return this.#lose(0, "unwanted");
      this.#pause = new AbortController();
      await sleep(pauseMs(tries, result.retryAfterMs ?? 0, random()), AbortSignal.any([signal, this.#pause.signal]));
      if (nowMs() - Date.parse(message.time) > ageMsMax) return this.#lose(0, "too-old");
    }
  }

  #arrived(lost: number): void {
    this.#queue.shift();
    this.#delivered++;
    this.#untold -= lost;
    if (this.#failing === undefined) return;
    const failedForMs = this.#options.nowMs() - this.#failing.sinceMs;
    this.#failing = undefined;
    this.#options.tell({ kind: "works", failedForMs });
  }

  #missed({ what, hint }: SendResult & { readonly kind: "failed" }): void {
    this.#failed++;
    const isNews = this.#failing === undefined;
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? this.#options.nowMs(), what, hint };
    if (isNews) this.#options.tell({ kind: "failed", what, hint });
    this.#settled.resolve();
  }

  #lose(index: number, why: MessageLoss): void {
    this.#queue.splice(index, 1);
    this.#lost++;
    this.#untold++;
    this.#options.tell({ kind: "lost", why });
  }
}

/** Growing, with jitter so that targets of one receiver are not synchronized. */
function pauseMs(tries: number, retryAfterMs: number, random: number): number {
  const exponentialMs = Math.min(pauseFirstMs * 2 ** Math.min(tries - 1, 20), pauseMsMax);
  return Math.max(retryAfterMs, Math.round(exponentialMs * (0.75 + 0.25 * random)));
}
