// Loads configurations from texts.

import type { Config } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { type HoconFile, readHocon } from "../../src/config/hocon.ts";
import type { Conf } from "../../src/config/hocon_values.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Secret } from "../../src/secret.ts";

/** The options for loading a configuration, in addition to its text. */
export interface Around {
  readonly env?: Readonly<Record<string, string>>;
  /** Further files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The text that the 2015 framework was started with. */
export const oldFile = `gocd-mesos {
  mesos-master: "mesos-master:5050"
  go-server { host: "localhost", port: "8080", user-name: "random-guy", password: "random-insecure-string" }
  go-agent { auto-register-key: "random_UUID_key", docker-image: "travix/gocd-agent:latest" }
}
`;

/** Loads a text as /conf/framework.conf. */
export function load(text: string, around: Around = {}): Config {
  return loadConfig("/conf/framework.conf", around.env ?? {}, reading(text, around.files ?? {}));
}

/** Reads a text as /conf/framework.conf, as HOCON only. */
export function readText(text: string, around: Around = {}): HoconFile {
  return readHocon("/conf/framework.conf", around.env ?? {}, reading(text, around.files ?? {}));
}

/** A value without its places. */
export function plain(conf: Conf): unknown {
  if (conf.kind === "text" || conf.kind === "unset") return conf.text;
  if (conf.kind === "list") return conf.items.map(plain);
  return Object.fromEntries([...conf.fields].map(([key, value]) => [key, plain(value)]));
}

/** A complete small file, with `more` inside `gocd-mesos`. */
export function withKeys(more: string): string {
  return `gocd-mesos {
mesos-master = "m:5050"
go-server.host = gocd
go-agent.docker-image = "agent:1"
${more}
}`;
}

/** Loads the small file with more keys. */
export function loadKeys(more: string, around: Around = {}): Config {
  return load(withKeys(more), around);
}

/** The error that a text gives; fails where it gives none or another. */
export function problemsOf(text: string, around: Around = {}): ConfigError {
  try {
    load(text, around);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

/** Reads the text for framework.conf, and the files given for the rest. */
export function reading(text: string, files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const found = path === "/conf/framework.conf" ? text : files[path];
    if (found === undefined) throw new Deno.errors.NotFound(`no ${path}`);
    return found;
  };
}

/** A part of the configuration with its secrets in clear, to be compared. */
export function revealed(part: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : value]),
  );
}
