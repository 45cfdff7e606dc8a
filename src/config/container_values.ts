// Reads the structured values of go-agent: volumes, ports, URIs, networks, constraints, maps.

import type {
  ContainerNetwork,
  PlacementConstraint,
  PortMapping,
  UriSettings,
  VolumeSettings,
} from "../core/settings.ts";
import { parseConstraint } from "./constraints.ts";
import type { DockerParameter } from "./docker_parameters.ts";
import type { Conf } from "./hocon_values.ts";
import {
  addProblem,
  addUnknownKey,
  confAt,
  find,
  type Found,
  type Reader,
  textAt,
  textOf,
  textsAt,
  wrongType,
} from "./reader.ts";
import { parseBoolean, type Parsed, parseInteger, quote } from "./values.ts";

const itemsMax = 1000;
const forbiddenNames: readonly string[] = ["__proto__", "constructor", "prototype"];

/** An object of texts, the profile's over those of `go-agent`; nested objects give dotted names, as in HOCON. */
export function mapAt(reader: Reader, key: string): Readonly<Record<string, string>> {
  const ofProfile = /^profiles\.[^.]+\.(.+)$/.exec(key)?.[1];
  const places = ofProfile === undefined ? [key] : [`go-agent.${ofProfile}`, key];
  const entries = new Map<string, string>();
  for (const place of places) {
    const conf = confAt(reader.root, place);
    if (conf !== undefined) addEntries(reader, { key: place, conf }, "", entries);
  }
  return Object.fromEntries([...entries].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
}

function addEntries(reader: Reader, found: Found, prefix: string, entries: Map<string, string>): void {
  if (found.conf.kind !== "object") {
    wrongType(reader, found, "an object { NAME = value }");
    return;
  }
  for (const [name, conf] of found.conf.fields) {
    const at = { key: `${found.key}.${name}`, conf };
    if (forbiddenNames.includes(name) || entries.size >= itemsMax) {
      const message = "the name is not allowed";
      addProblem(reader, at, { code: "config-bad-value", message, hint: "choose another name" });
    } else if (conf.kind === "object") {
      addEntries(reader, at, `${prefix}${name}.`, entries);
    } else {
      const text = textOf(reader, at);
      if (text !== undefined) entries.set(`${prefix}${name}`, text);
    }
  }
}

/** Docker parameters: a list of `{ key, value }`, or an object. */
export function parametersAt(reader: Reader, key: string): readonly DockerParameter[] {
  const found = find(reader, key);
  if (found === undefined) return [];
  if (found.conf.kind === "object") {
    return [...found.conf.fields].flatMap(([name, conf]) => {
      const items = conf.kind === "list" ? conf.items : [conf];
      return items.flatMap((item) => {
        const value = textOf(reader, { key: `${key}.${name}`, conf: item });
        return value === undefined ? [] : [{ key: name, value }];
      });
    });
  }
  return itemsOf(reader, found).flatMap((conf) => {
    const fields = fieldsOf(reader, { key: found.key, conf }, ["key", "value"]);
    const name = fields?.get("key");
    const value = fields?.get("value");
    if (name !== undefined && name !== "" && value !== undefined) return [{ key: name, value }];
    if (fields !== undefined) {
      bad(reader, { key: found.key, conf }, "an option has no key or value", '{ key = "…", value = "…" }');
    }
    return [];
  });
}

/** Volumes: `host-path:container-path[:ro]`, `name:container-path[:ro]`, or objects. */
export function volumesAt(reader: Reader, key: string): readonly VolumeSettings[] {
  const names = ["host-path", "name", "container-path", "mode", "driver"];
  return formsAt(reader, key, { parse: parseVolume, names, make: volumeOf });
}

function volumeOf(fields: ReadonlyMap<string, string>): Parsed<VolumeSettings> {
  const source = fields.get("host-path") ?? fields.get("name") ?? "";
  if (fields.has("host-path") === fields.has("name")) {
    return { ok: false, message: "a volume needs either host-path or name", hint: volumeHint };
  }
  const volume = makeVolume(source, fields.get("container-path") ?? "", fields.get("mode") ?? "rw");
  const driver = fields.get("driver");
  if (!volume.ok || driver === undefined || driver === "") return volume;
  if (volume.value.kind === "named") return { ok: true, value: { ...volume.value, driver } };
  return { ok: false, message: "a driver is for volumes with a name, not for a host-path", hint: volumeHint };
}

const volumeHint =
  'write "/host/path:/container/path:ro", "name:/container/path", or { name, container-path, mode, driver }';

function parseVolume(text: string): Parsed<VolumeSettings> {
  const [source = "", target = "", mode = "rw", ...rest] = text.split(":");
  if (rest.length > 0 || target === "") {
    return { ok: false, message: `${quote(text)} is not a volume`, hint: volumeHint };
  }
  return makeVolume(source, target, mode);
}

function makeVolume(source: string, containerPath: string, modeText: string): Parsed<VolumeSettings> {
  const mode = modeText.toLowerCase() === "ro" ? "RO" : modeText.toLowerCase() === "rw" ? "RW" : undefined;
  if (mode === undefined) return { ok: false, message: `${quote(modeText)} is neither ro nor rw`, hint: volumeHint };
  const colon = [source, containerPath].find((part) => part.includes(":"));
  if (colon !== undefined) {
    return { ok: false, message: `${quote(colon)} has a colon, where Docker splits a volume`, hint: volumeHint };
  }
  if (!containerPath.startsWith("/")) {
    return {
      ok: false,
      message: `the path in the container, ${quote(containerPath)}, does not start with /`,
      hint: volumeHint,
    };
  }
  if (mountPoint(containerPath) === "/") {
    return { ok: false, message: "a volume cannot replace the whole file system of the container", hint: volumeHint };
  }
  if (source.startsWith("/")) return { ok: true, value: { kind: "host", hostPath: source, containerPath, mode } };
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(source)) {
    return { ok: true, value: { kind: "named", name: source, containerPath, mode } };
  }
  return { ok: false, message: `${quote(source)} is neither a path from / nor the name of a volume`, hint: volumeHint };
}

/** A path in the container as Docker compares it: without `.`, `..` and superfluous slashes. */
export function mountPoint(containerPath: string): string {
  const parts: string[] = [];
  for (const part of containerPath.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Ports: `8080`, `8080/udp`, or objects. */
export function portMappingsAt(reader: Reader, key: string): readonly PortMapping[] {
  return formsAt(reader, key, {
    parse: (text) => {
      const [port = "", protocol = "tcp", ...rest] = text.split("/");
      return makePort(rest.length === 0 ? port : "", protocol);
    },
    names: ["container-port", "protocol"],
    make: (fields) => makePort(fields.get("container-port") ?? "", fields.get("protocol") ?? "tcp"),
  });
}

function makePort(portText: string, protocolText: string): Parsed<PortMapping> {
  const port = parseInteger(portText);
  const protocol = protocolText.trim().toLowerCase();
  if (port.ok && port.value >= 1 && port.value <= 65_535 && (protocol === "tcp" || protocol === "udp")) {
    return { ok: true, value: { containerPort: port.value, protocol } };
  }
  return {
    ok: false,
    message: "it is not a port of the container",
    hint: "write 8080, 8080/udp, or { container-port, protocol }",
  };
}

/** URIs for the fetcher: a text, or an object. */
export function urisAt(reader: Reader, key: string): readonly UriSettings[] {
  return formsAt(reader, key, {
    parse: (value) => uriOf(new Map([["value", value]])),
    names: ["value", "extract", "executable", "cache", "output-file"],
    make: uriOf,
  });
}

function uriOf(fields: ReadonlyMap<string, string>): Parsed<UriSettings> {
  const value = fields.get("value") ?? "";
  const outputFile = fields.get("output-file");
  if (value.trim() === "") {
    const hint = 'write "file:///etc/docker.tar.gz", or { value, extract, executable, cache, output-file }';
    return { ok: false, message: "a URI is empty", hint };
  }
  const flags = { extract: true, executable: false, cache: false };
  for (const name of ["extract", "executable", "cache"] as const) {
    const flag = parseBoolean(fields.get(name) ?? String(flags[name]));
    if (!flag.ok) return flag;
    flags[name] = flag.value;
  }
  return { ok: true, value: { value, ...flags, ...(outputFile === undefined ? {} : { outputFile }) } };
}

/** The network; `USER` without a name is a problem. */
export function networkAt(reader: Reader, key: string, byDefault: "BRIDGE" | "HOST"): ContainerNetwork {
  const found = find(reader, key);
  const text = textAt(reader, key);
  if (found === undefined || text === undefined) return { mode: byDefault };
  const word = text.toUpperCase();
  if (word === "BRIDGE" || word === "HOST" || word === "NONE") return { mode: word };
  // Docker gives no hostname to a container in the network of another one, and agents are recognized by their
  // hostnames.
  if (word === "USER" || /\s|^container:/i.test(text)) {
    bad(reader, found, `${quote(text)} is not the name of a network`, "BRIDGE, HOST, NONE, or the name of a network");
  }
  return { mode: "USER", name: text };
}

/** Placement constraints, see constraints.ts. */
export function constraintsAt(reader: Reader, key: string): readonly PlacementConstraint[] {
  const found = find(reader, key);
  if (found === undefined) return [];
  return textsAt(reader, key, "whole").flatMap((text) => {
    const constraint = parseConstraint(text);
    if (constraint.ok) return [constraint.value];
    addProblem(reader, found, { code: "config-bad-value", message: constraint.message, hint: constraint.hint });
    return [];
  });
}

interface Form<T> {
  readonly parse: (text: string) => Parsed<T>;
  /** Names of the fields if it is written as an object. */
  readonly names: readonly string[];
  readonly make: (fields: ReadonlyMap<string, string>) => Parsed<T>;
}

// A list whose items are texts of one form, or objects with the fields given.
function formsAt<T>(reader: Reader, key: string, form: Form<T>): readonly T[] {
  const found = find(reader, key);
  if (found === undefined) return [];
  return itemsOf(reader, found).flatMap((conf) => {
    const at = { key: found.key, conf };
    const fields = conf.kind === "object" ? fieldsOf(reader, at, form.names) : undefined;
    const text = conf.kind === "object" ? undefined : textOf(reader, at);
    const value = fields !== undefined ? form.make(fields) : text !== undefined ? form.parse(text.trim()) : undefined;
    if (value?.ok === true) return [value.value];
    if (value !== undefined) {
      addProblem(reader, at, { code: "config-bad-value", message: value.message, hint: value.hint });
    }
    return [];
  });
}

function itemsOf(reader: Reader, found: Found): readonly Conf[] {
  const { conf } = found;
  const items = conf.kind === "list" ? conf.items : conf.kind === "text" && conf.text.trim() === "" ? [] : [conf];
  if (items.length > itemsMax) bad(reader, found, `it has more than ${itemsMax} items`, "fewer of them");
  return items.slice(0, itemsMax);
}

function fieldsOf(reader: Reader, found: Found, names: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (found.conf.kind !== "object") {
    wrongType(reader, found, `an object { ${names.join(", ")} }`);
    return undefined;
  }
  const fields = new Map<string, string>();
  for (const [name, conf] of found.conf.fields) {
    const at = { key: `${found.key}.${name}`, conf };
    if (!names.includes(name)) {
      addUnknownKey(reader, at, name, names);
      continue;
    }
    const text = textOf(reader, at);
    if (text !== undefined) fields.set(name, text.trim());
  }
  return fields;
}

function bad(reader: Reader, found: Found, message: string, better: string): void {
  addProblem(reader, found, { code: "config-bad-value", message, hint: `write ${better}` });
}
