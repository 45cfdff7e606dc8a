// Suppress and revive, per role, by comparing what is wanted with what the allocator was last told.

import type { Draft } from "../draft.ts";
import { profileOf } from "../profile_of.ts";
import type { AgentProfile } from "../settings.ts";
import type { RoleOffers, State, WantedAgents } from "../state.ts";

/** No REVIVE of a role sooner after the last. */
export const reviveGapMs = 5_000;
/** No offer for this long after a REVIVE: it is repeated, once so soon. */
const reviveRepeatMs = 10_000;

/** Something is wanted and no offer has come for this long: REVIVE may have been overtaken by SUPPRESS. */
const reviveQuietMs = 600_000;

/** If something is wanted and no offer has arrived for this long, that is reported. */
const offerlessMs = 60_000;

/** A role of which nothing is known yet: after SUBSCRIBED the allocator offers by itself. */
export const freshRole: RoleOffers = { suppressed: false, repeated: false };

/** All roles that profiles use. */
export function rolesOf(state: State): string[] {
  return [...new Set(state.settings.profiles.map((profile) => profile.role))];
}

/** Tells the allocator what has changed; sends nothing if it already knows. */
export function adjustRoles(draft: Draft): void {
  const { state, atMs } = draft;
  if (state.session.kind !== "subscribed" || state.shuttingDown) return;
  const wantedRoles = new Set([
    ...wantedByProfile(state).map(({ profile }) => profile.role),
    ...rolesOfNamelessHosts(state, atMs),
  ]);
  const suppress: string[] = [];
  const revive: string[] = [];
  const roles = new Map(state.offers.roles);
  for (const role of rolesOf(state)) {
    const before = roles.get(role) ?? freshRole;
    if (atMs < (before.retryMs ?? -Infinity)) continue;
    if (!wantedRoles.has(role)) {
      if (before.suppressed) continue;
      suppress.push(role);
      const { retryMs: _, ...rest } = before;
      roles.set(role, { ...rest, suppressed: true, repeated: false });
      continue;
    }
    const revived = reviveNow(before, state.session.sinceMs, atMs);
    if (revived === undefined) continue;
    revive.push(role);
    const { longDeclineMs: _, retryMs: __, ...rest } = before;
    roles.set(role, {
      ...rest,
      suppressed: false,
      lastReviveMs: atMs,
      ...revived,
      ...(before.suppressed ? { revivedMs: atMs } : {}),
    });
  }
  if (suppress.length === 0 && revive.length === 0) return;
  draft.set({ offers: { ...draft.state.offers, roles } });
  if (suppress.length > 0) draft.effect({ kind: "suppress-offers", roles: suppress });
  if (revive.length > 0) draft.effect({ kind: "revive-offers", roles: revive });
}

/** Adopted agents are known by the id of their host alone; only an offer tells its name. Not asked for longer than this. */
const namelessMsMax = 60_000;

function rolesOfNamelessHosts({ instances, settings }: State, atMs: number): readonly (string | undefined)[] {
  const roles: (string | undefined)[] = [];
  for (const { host, mesosAgentId, createdMs, profile } of instances.values()) {
    if (host !== mesosAgentId || atMs - createdMs >= namelessMsMax) continue;
    roles.push(profileOf(settings, profile)?.role ?? settings.profiles[0]?.role);
  }
  return roles;
}

/** Whether Mesos has offered a role nothing for so long, although it was asked to, that there may be none for it. */
export function isOfferless({ session, offers }: State, role: string, atMs: number): boolean {
  const { suppressed, revivedMs, lastOfferMs } = offers.roles.get(role) ?? freshRole;
  return session.kind === "subscribed" && !suppressed &&
    atMs - Math.max(revivedMs ?? session.sinceMs, lastOfferMs ?? 0) >= offerlessMs;
}

/** Tells of roles that something is wanted for and nothing is offered to; each once. */
export function noteOfferless(draft: Draft): void {
  for (const { profile } of wantedByProfile(draft.state)) {
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
 * Tells where the master takes us for role `*` whatever we say: frameworks with several roles came with Mesos 1.2, and
 * 1.0 does not tell its version (scheduler.proto, Subscribed). The one role that profiles use first gets all offers.
 */
export function noteRolesIgnored(draft: Draft, masterVersion = "1.0"): void {
  const [major = 1, minor = 0] = masterVersion.split(".").map(Number);
  const roles = rolesOf(draft.state);
  if (major > 1 || minor >= 2 || roles.every((role) => role === "*")) return;
  draft.note({ kind: "roles-ignored", masterVersion, roles, onceKey: "roles-ignored" });
}

function wantedByProfile(
  { demand, settings }: State,
): readonly { readonly wanted: WantedAgents; readonly profile: AgentProfile }[] {
  return demand.wanted.flatMap((wanted) => {
    const profile = profileOf(settings, wanted.profile);
    return profile === undefined || wanted.count <= 0 ? [] : [{ wanted, profile }];
  });
}

/** Whether a role is revived now, and whether that repeats a REVIVE which brought nothing; absent: it is not. */
function reviveNow(role: RoleOffers, sessionSinceMs: number, atMs: number): Pick<RoleOffers, "repeated"> | undefined {
  if (atMs - (role.lastReviveMs ?? -Infinity) < reviveGapMs) return undefined;
  // A decline with a long filter that left after the last REVIVE would keep these offers away.
  if (role.suppressed || role.longDeclineMs !== undefined) return { repeated: false };
  // SUBSCRIBE makes the allocator offer by itself, like a REVIVE.
  const askedMs = role.lastReviveMs ?? sessionSinceMs;
  if (atMs - Math.max(askedMs, role.lastOfferMs ?? 0) >= reviveQuietMs) return { repeated: true };
  if (role.repeated) return undefined;
  const isAnswered = (role.lastOfferMs ?? -Infinity) >= askedMs;
  return !isAnswered && atMs - askedMs >= reviveRepeatMs ? { repeated: true } : undefined;
}
