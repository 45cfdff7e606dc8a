// Suppress and revive per role, by comparing what is wanted with what was last sent to the allocator.

import type { Draft } from "../draft.ts";
import { profileOf } from "../profile_of.ts";
import type { RoleOffers, State } from "../state.ts";
import type { WantedWithProfile } from "./placement.ts";

/** Minimum interval between two REVIVEs of a role. */
export const reviveGapMs = 5_000;
/** If there is no offer for this long after a REVIVE, it is repeated once. */
const reviveRepeatMs = 10_000;

/** If something is wanted and no offer has arrived for this long, REVIVE may have been overtaken by SUPPRESS. */
const reviveQuietMs = 600_000;
/** The same if a SUPPRESS got no response this recently before the REVIVE: it may have arrived since. */
const lateSuppressMs = 120_000;

/** If something is wanted and no offer has arrived for this long, that is reported. */
const offerlessMs = 60_000;

/** The initial state of a role: after SUBSCRIBED the allocator sends offers without being asked. */
export const freshRole: RoleOffers = { suppressed: false, repeated: false };

/** All roles used by profiles. */
export function rolesOf(state: State): string[] {
  return [...new Set(state.settings.profiles.map((profile) => profile.role))];
}

/** Sends changes to the allocator; nothing if nothing has changed. */
export function adjustRoles(draft: Draft): void {
  const { state, atMs } = draft;
  if (state.session.kind !== "subscribed" || state.shuttingDown) return;
  const wantedRoles = new Set([
    ...wantedWithProfile(state).map(({ profile }) => profile.role),
    ...rolesOfNamelessHosts(state, atMs),
  ]);
  const suppress: string[] = [];
  const revive: string[] = [];
  const changed = new Map<string, RoleOffers>();
  for (const role of rolesOf(state)) {
    const before = state.offers.roles.get(role) ?? freshRole;
    if (atMs < (before.retryMs ?? -Infinity)) continue;
    if (!wantedRoles.has(role)) {
      if (before.suppressed) continue;
      suppress.push(role);
      const { retryMs: _, ...rest } = before;
      changed.set(role, { ...rest, suppressed: true, repeated: false });
      continue;
    }
    const revived = reviveNow(before, state.session.sinceMs, atMs);
    if (revived === undefined) continue;
    revive.push(role);
    const { longDeclineMs: _, retryMs: __, ...rest } = before;
    changed.set(role, {
      ...rest,
      suppressed: false,
      lastReviveMs: atMs,
      ...revived,
      ...(before.suppressed ? { revivedMs: atMs } : {}),
    });
  }
  if (changed.size === 0) return;
  draft.patch("offers", { roles: new Map([...state.offers.roles, ...changed]) });
  if (suppress.length > 0) draft.effect({ kind: "suppress-offers", roles: suppress });
  if (revive.length > 0) draft.effect({ kind: "revive-offers", roles: revive });
}

/** For adopted agents only the id of their host is known; only an offer shows its name. Maximum time to wait for it. */
const namelessMsMax = 60_000;

function rolesOfNamelessHosts({ instances, settings }: State, atMs: number): readonly (string | undefined)[] {
  const roles: (string | undefined)[] = [];
  for (const { host, mesosAgentId, createdMs, profile } of instances.values()) {
    if (host !== mesosAgentId || atMs - createdMs >= namelessMsMax) continue;
    roles.push(profileOf(settings, profile)?.role ?? settings.profiles[0]?.role);
  }
  return roles;
}

/**
 * Whether Mesos has offered nothing to a role for so long, although offers were requested, that there may be none for
 * it.
 */
export function isOfferless({ session, offers }: State, role: string, atMs: number): boolean {
  const { suppressed, revivedMs, lastOfferMs } = offers.roles.get(role) ?? freshRole;
  return session.kind === "subscribed" && !suppressed &&
    atMs - Math.max(revivedMs ?? session.sinceMs, lastOfferMs ?? 0) >= offerlessMs;
}

/** Reports roles with wanted agents but without offers; each once. */
export function noteOfferless(draft: Draft): void {
  for (const { profile } of wantedWithProfile(draft.state)) {
    if (!isOfferless(draft.state, profile.role, draft.atMs)) continue;
    draft.note({
      kind: "no-offer",
      role: profile.role,
      profile: profile.name,
      onceKey: `${profile.role} ${profile.name}`,
    });
  }
}

/**
 * Reports if the master uses role `*` for us regardless of our roles: multi-role frameworks were introduced in Mesos
 * 1.2, and 1.0 does not report its version (scheduler.proto, Subscribed). The first role that profiles use gets all
 * offers.
 */
export function noteRolesIgnored(draft: Draft, masterVersion = "1.0"): void {
  const [major = 1, minor = 0] = masterVersion.split(".").map(Number);
  const roles = rolesOf(draft.state);
  if (major > 1 || minor >= 2 || roles.every((role) => role === "*")) return;
  draft.note({ kind: "roles-ignored", masterVersion, roles, onceKey: "roles-ignored" });
}

/** What should be launched, with its profile; nothing of a profile that is no longer configured. */
export function wantedWithProfile({ demand, settings }: State): readonly WantedWithProfile[] {
  return demand.wanted.flatMap((wanted) => {
    const profile = profileOf(settings, wanted.profile);
    return profile === undefined ? [] : [{ wanted, profile }];
  });
}

/** Whether a role is revived now, and whether that repeats a REVIVE without result; absent: it is not. */
function reviveNow(role: RoleOffers, sessionSinceMs: number, atMs: number): Pick<RoleOffers, "repeated"> | undefined {
  if (atMs - (role.lastReviveMs ?? -Infinity) < reviveGapMs) return undefined;
  // A DECLINE with a long filter that was sent after the last REVIVE would filter these offers.
  if (role.suppressed || role.longDeclineMs !== undefined) return { repeated: false };
  // SUBSCRIBE makes the allocator send offers, like a REVIVE.
  const requestedMs = role.lastReviveMs ?? sessionSinceMs;
  const isInDoubt = requestedMs - (role.suppressLostMs ?? -Infinity) < lateSuppressMs;
  const quietMs = isInDoubt ? lateSuppressMs : reviveQuietMs;
  if (atMs - Math.max(requestedMs, role.lastOfferMs ?? 0) >= quietMs) return { repeated: true };
  if (role.repeated) return undefined;
  const isAnswered = (role.lastOfferMs ?? -Infinity) >= requestedMs;
  return !isAnswered && atMs - requestedMs >= reviveRepeatMs ? { repeated: true } : undefined;
}
