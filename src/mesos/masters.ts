// Parses `mesos-master` for the connections; an invalid address is an error.

import {
  type HostPort,
  hostPortText,
  type MasterAddress,
  type Masters,
  parseHostPort as readHostPort,
  parseMasters as readMasters,
} from "../addresses.ts";
import { OperatorError } from "../errors.ts";

export { addressOfUrl } from "../addresses.ts";
export { type HostPort, hostPortText, type MasterAddress, type Masters };

/**
 * Reads `mesos-master`. Throws an `OperatorError` of kind `usage` and code `mesos-master-invalid`, whose message never
 * shows credentials.
 */
export function parseMasters(text: string): Masters {
  const masters = readMasters(text);
  if (masters.ok) return masters.value;
  throw new OperatorError(`mesos-master cannot be used: ${masters.message}`, {
    code: "mesos-master-invalid",
    kind: "usage",
    hint: masters.hint,
  });
}

/** `host`, `host:port`, `[::1]:port` or `::1`, with a port to connect to; `undefined` if the text is none of them. */
export function parseHostPort(text: string, defaultPort: number): HostPort | undefined {
  const address = readHostPort(text, defaultPort);
  return address.ok && address.value.port !== 0 ? address.value : undefined;
}

/** `http://host:port`, without a slash at the end. */
export function addressUrl(address: MasterAddress): string {
  return `${address.scheme}://${hostPortText(address)}`;
}
