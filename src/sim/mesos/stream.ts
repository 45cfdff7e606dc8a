// Event streams to frameworks: what is sent, when it is delivered, how a stream ends.

import { type Plain, textAt } from "./json.ts";
import {
  happens,
  newUuid,
  type SimFramework,
  type SimSubscription,
  type SimWorld,
  subscriptionsKeptMax,
} from "./state.ts";

/** Due events of one subscription; `ended` is set once, with the last ones. */
export interface SimDelivery {
  /** The stream. */
  readonly subscriptionId: number;
  /** In order. */
  readonly events: readonly Plain[];
  /** Whether the stream has ended after these events. */
  readonly ended: boolean;
  /** Whether the end is a broken connection rather than a clean end by the master. */
  readonly isCut: boolean;
}

/** Opens a stream without a framework. */
export function openSubscription(world: SimWorld): SimSubscription {
  const subscription: SimSubscription = {
    id: world.sequence.subscription++,
    streamId: newUuid(world),
    frameworkId: "",
    outbox: [],
    end: "open",
    isEndTold: false,
    stalledUntilMs: 0,
    heartbeat: undefined,
  };
  world.subscriptions.set(subscription.id, subscription);
  for (const [id, old] of world.subscriptions) {
    if (world.subscriptions.size <= subscriptionsKeptMax) break;
    if (old.isEndTold) world.subscriptions.delete(id);
  }
  return subscription;
}

/** Sends one event on the stream; faults may delay UPDATEs, so that others overtake them. */
export function sendEvent(world: SimWorld, subscription: SimSubscription, event: Plain): void {
  if (subscription.end !== "open") return;
  const isDelayed = textAt(event, "type") === "UPDATE" && happens(world, "updateDelayed");
  const delayMs = isDelayed ? Math.ceil(world.random() * world.faults.eventDelayMsMax) : 0;
  subscription.outbox.push({ dueMs: world.nowMs + delayMs, order: world.sequence.event++, event });
}

/** Sends an event to the framework if it is subscribed; otherwise it is dropped, as by the real master. */
export function sendTo(world: SimWorld, framework: SimFramework, event: Plain): void {
  if (framework.subscription !== undefined) sendEvent(world, framework.subscription, event);
}

/** Starts the heartbeats, the first one immediately. */
export function startHeartbeat(world: SimWorld, subscription: SimSubscription): void {
  if (subscription.end !== "open") return;
  sendEvent(world, subscription, { type: "HEARTBEAT" });
  subscription.heartbeat = world.timers.plan(
    world.nowMs + world.timing.heartbeatMs,
    () => startHeartbeat(world, subscription),
  );
}

/** Ends a stream: `closing` after pending events, `cut` immediately. */
export function endSubscription(subscription: SimSubscription, how: "closing" | "cut"): void {
  if (subscription.end === "cut") return;
  subscription.heartbeat?.cancel();
  subscription.end = how;
  if (how === "cut") subscription.outbox.length = 0;
}

/** An ERROR event, then the end. */
export function endWithError(world: SimWorld, subscription: SimSubscription, message: string): void {
  sendEvent(world, subscription, { type: "ERROR", error: { message } });
  endSubscription(subscription, "closing");
}

/** When the next event or end of a stream is due. */
export function nextDeliveryMs(world: SimWorld): number | undefined {
  let next: number | undefined;
  for (const subscription of world.subscriptions.values()) {
    const { outbox, end, isEndTold, stalledUntilMs } = subscription;
    const isEndDue = end !== "open" && !isEndTold && outbox.length === 0;
    let dueMs = isEndDue ? world.nowMs : Infinity;
    for (const entry of outbox) dueMs = Math.min(dueMs, entry.dueMs);
    if (dueMs === Infinity) continue;
    next = Math.min(next ?? Infinity, end === "cut" ? world.nowMs : Math.max(dueMs, stalledUntilMs));
  }
  return next;
}

/** Takes everything that is due, in the order of due time. */
export function takeDeliveries(world: SimWorld): readonly SimDelivery[] {
  const deliveries: SimDelivery[] = [];
  for (const subscription of world.subscriptions.values()) {
    if (subscription.isEndTold) continue;
    const isStalled = subscription.end !== "cut" && subscription.stalledUntilMs > world.nowMs;
    const due = isStalled ? [] : subscription.outbox.filter((entry) => entry.dueMs <= world.nowMs);
    if (due.length > 0) {
      const rest = subscription.outbox.filter((entry) => entry.dueMs > world.nowMs);
      subscription.outbox.splice(0, subscription.outbox.length, ...rest);
    }
    const ended = subscription.end !== "open" && subscription.outbox.length === 0;
    subscription.isEndTold = ended;
    due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    if (due.length > 0 || ended) {
      deliveries.push({
        subscriptionId: subscription.id,
        events: due.map((entry) => entry.event),
        ended,
        isCut: subscription.end === "cut",
      });
    }
  }
  return deliveries;
}
