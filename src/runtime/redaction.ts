// Redacts the secrets of a configuration in what Mesos reports about our containers.

import type { Config } from "../config/config.ts";
import { secretOf } from "../net/credentials.ts";
import { createRedactor } from "../secret.ts";

/** Shorter values of variables are common words: `true`, `debug`. */
const valueLengthMin = 8;

/**
 * A function that replaces with `***` the secrets of the current configuration and the values of its containers'
 * variables: if a launch fails, the Docker containerizer reports the command line, variables included. Files are read
 * once for each configuration.
 */
export function configRedactor(config: () => Config): (text: string) => string {
  let made: { readonly of: Config; readonly redact: (text: string) => string } | undefined;
  return (text) => {
    if (text === "") return text;
    const of = config();
    if (made?.of !== of) made = { of, redact: createRedactor(secretsOf(of)) };
    return made.redact(text);
  };
}

function secretsOf(config: Config): readonly string[] {
  const { gocd, mesos, http, settings, notify } = config;
  const secrets = [
    gocd.autoRegisterKey,
    http.adminToken,
    mesos.masters.kind === "zookeeper" ? mesos.masters.auth : undefined,
    secretOf(gocd.credentials),
    secretOf(mesos.credentials),
    ...notify.webhooks.flatMap(({ url, secret }) => [url, secret]),
  ];
  const values = settings.profiles.flatMap(({ container }) => [
    ...Object.values(container.env),
    ...Object.values(container.envFiles).map((path) => textOr(() => Deno.readTextFileSync(path).replace(/\r?\n$/, ""))),
  ]);
  return [
    ...secrets.map((secret) => secret === undefined ? "" : textOr(() => secret.reveal())),
    ...values.filter((value) => value.length >= valueLengthMin),
  ];
}

function textOr(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
