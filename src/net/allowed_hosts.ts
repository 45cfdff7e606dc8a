// Which hosts a redirect or ZooKeeper may name.

import { type HostPort, parseHostPort } from "./addresses.ts";

/** Checks whether a host is allowed. */
export type HostCheck = (host: HostPort) => boolean;

/** One entry of `mesos.allowed-hosts`. */
export type AllowedHost =
  /** Absent: every port. */
  | { readonly kind: "host"; readonly host: string; readonly port?: number }
  /** A CIDR block as written; an invalid one allows nothing. */
  | { readonly kind: "block"; readonly text: string };

/** Parses an entry; `undefined` if it is invalid. */
export function parseAllowedHost(text: string): AllowedHost | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F:.]+\/\d{1,3}$/.test(trimmed)) return { kind: "block", text: trimmed };
  const address = parseHostPort(trimmed, noPort);
  if (!address.ok) return undefined;
  const { host, port } = address.value;
  return { kind: "host", host, ...(port === noPort ? {} : { port }) };
}

const noPort = -1;

/** The options of {@linkcode hostCheck}. */
export interface AllowedHosts {
  /** `mesos.allowed-hosts`. */
  readonly entries: readonly AllowedHost[];
  /** Hosts of `mesos-master`: always allowed, at every port. */
  readonly configured: readonly HostPort[];
  /** The meaning of an empty list: with ZooKeeper, any master is allowed. */
  readonly whenEmpty: "configured-only" | "any";
}

/**
 * A check of hosts. A name and its address are different hosts, as they are for Deno's permissions: nothing is resolved.
 * An entry without a port is every port.
 */
export function hostCheck({ entries, configured, whenEmpty }: AllowedHosts): HostCheck {
  if (entries.length === 0 && whenEmpty === "any") return () => true;
  const known = new Set(configured.map(({ host }) => normalHost(host)));
  const checks = entries.map(entryCheck);
  return (host) => known.has(normalHost(host.host)) || checks.some((check) => check(host));
}

function entryCheck(entry: AllowedHost): HostCheck {
  if (entry.kind === "block") {
    const [base = "", bits] = entry.text.split("/");
    return blockCheck(base, Number(bits));
  }
  const name = normalHost(entry.host);
  return ({ host, port }) => normalHost(host) === name && (entry.port === undefined || entry.port === port);
}

function blockCheck(base: string, bits: number): HostCheck {
  const network = addressBits(base);
  if (network === undefined || bits > network.length) return () => false;
  return ({ host }) => {
    const address = addressBits(host);
    return address?.length === network.length && address.slice(0, bits) === network.slice(0, bits);
  };
}

/** The address as 32 or 128 characters `0` and `1`; `undefined` for a name. */
function addressBits(host: string): string | undefined {
  const normal = normalHost(host);
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(normal)) {
    const bytes = normal.split(".").map(Number);
    return bytes.every((byte) => byte <= 255) ? bytes.map((byte) => binary(byte, 8)).join("") : undefined;
  }
  if (!normal.includes(":")) return undefined;
  const [head = "", tail] = normal.split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0);
  return [...before, ...(tail === undefined ? [] : zeros), ...after].map((group) => binary(group, 16)).join("");
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}

function binary(value: number, width: number): string {
  return value.toString(2).padStart(width, "0");
}

// An IPv6 address as the URL standard writes it (shortest, lower case), names in lower case without a trailing dot;
// an IPv4 address within IPv6 is the IPv4 address.
function normalHost(host: string): string {
  const plain = host.toLowerCase().replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
  if (!plain.includes(":") || !URL.canParse(`http://[${plain}]/`)) return plain;
  const shortest = new URL(`http://[${plain}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest);
  if (mapped === null) return shortest;
  const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
