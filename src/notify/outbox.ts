// The messages of one target: in their order, each until it has arrived, within limits of number and age.

import type { MessageLoss } from "../core/note.ts";
import type { Message } from "./message.ts";
import type { SendResult } from "./send.ts";

/** Messages that wait at once; beyond that, the oldest that is not on its way is lost. */
export const waitingMax = 200;
/** A message that could not be delivered for so long is no news any more. */
export const ageMsMax = 24 * 3_600_000;
/** Tries of a message that the receiver has read and does not want. */
const unwantedTriesMax = 3;
const pauseFirstMs = 1_000;
const pauseMsMax = 300_000;

/** What an outbox needs. */
export interface OutboxOptions {
  /** Sends one message once; never throws. */
  readonly send: (
    what: { readonly message: Message; readonly lost: number },
    signal: AbortSignal,
  ) => Promise<SendResult>;
  readonly nowMs: () => number;
  /** Resolves after `ms`, or at once when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Told once when messages begin to fail, once when they arrive again, and of each that is lost. */
  readonly tell: (news: OutboxNews) => void;
}

/** What is told of an outbox. */
export type OutboxNews =
  | { readonly kind: "failed"; readonly what: string; readonly hint: string }
  | { readonly kind: "works"; readonly failedForMs: number }
  | { readonly kind: "lost"; readonly why: MessageLoss };

/** How an outbox stands. */
export interface OutboxState {
  readonly waiting: number;
  /** Messages delivered, tries that failed, and messages lost, since the start. */
  readonly delivered: number;
  readonly failed: number;
  readonly lost: number;
  /** Why messages do not arrive; absent: the last try was good, or there was none. */
  readonly failing?: { readonly sinceMs: number; readonly what: string; readonly hint: string };
}

/** The messages of one target. */
export interface Outbox {
  add(message: Message): void;
  state(): OutboxState;
  /** Messages that have not arrived, oldest first. */
  waiting(): readonly Message[];
  /** Delivers until the signal is aborted. Never throws. To be called once. */
  run(signal: AbortSignal): Promise<void>;
  /** What waits for its next try is tried now. */
  hurry(): void;
  /** Resolves once nothing waits, or what waits fails. */
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
  /** Lost since the last message that has arrived, which the next one tells. */
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

  /** One message, until it has arrived or is lost. */
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

/** Growing, with a part by chance so that targets of one receiver do not come together. */
function pauseMs(tries: number, retryAfterMs: number, random: number): number {
  const exponentialMs = Math.min(pauseFirstMs * 2 ** Math.min(tries - 1, 20), pauseMsMax);
  return Math.max(retryAfterMs, Math.round(exponentialMs * (0.75 + 0.25 * random)));
}
