// Which media type an Accept header requests, by version (GoCD SparkPreFilter).

import { accessTexts } from "./access.ts";
import {
  acceptOf,
  answer,
  jsonMessage,
  noRoute,
  type SimRequest,
  type SimResponse,
  unknownPath,
} from "./http_message.ts";
import type { GocdWorld } from "./state.ts";

/** The vendor media type of a version, as sent in responses, even if the unversioned one was requested. */
export function vendorType(version: string): string {
  return `application/vnd.go.cd.${version}+json;charset=utf-8`;
}

/** An Accept that no Spark API supports. */
export const wrongUrl: SimResponse = answer(
  404,
  "text/plain;charset=utf-8",
  "The url you are trying to reach appears to be incorrect.\r\n",
);

/** How a Spark path interprets the Accept header: a version (the latest one for the unversioned type), or an error. */
function sparkVersion(world: GocdWorld, request: SimRequest, served: readonly string[]): string | SimResponse {
  const accept = acceptOf(request);
  const match = /^application\/vnd\.go\.cd(?:\.v(\d+))?\+json$/.exec(accept);
  const number = match?.[1];
  const isKnown = match !== null &&
    (world.rules.unversionedAccept
      ? number === undefined || (Number(number) >= 1 && Number(number) <= 11)
      : number !== undefined);
  if (!isKnown) return wrongUrl;
  const version = number === undefined ? served.at(-1) : `v${number}`;
  return version !== undefined && served.includes(version) ? version : noRoute();
}

/**
 * How a Rails path interprets it: a version in the list of types, otherwise the JSON 404 for a wrong version, otherwise
 * undefined.
 */
export function railsVersion(request: SimRequest, served: readonly string[]): string | SimResponse | undefined {
  const versions = acceptOf(request).split(",").flatMap((part) => {
    const match = /^application\/vnd\.go\.cd\.(v\d+)\+json(?:\s*;.*)?$/.exec(part.trim());
    return match?.[1] === undefined ? [] : [match[1]];
  });
  if (versions.length === 0) return undefined;
  const version = versions.find((candidate) => served.includes(candidate));
  return version ?? jsonMessage(404, "application/json; charset=utf-8", accessTexts.notFoundOrNotAllowed);
}

/** What a path serves, and which framework it uses. */
export interface ServedPath {
  /** Versions, oldest first. */
  readonly served: readonly string[];
  /** Spark, not Rails. */
  readonly isSpark: boolean;
}

/** The requested version, or the error. */
export function askedVersion(world: GocdWorld, request: SimRequest, path: ServedPath): string | SimResponse {
  if (path.isSpark) return sparkVersion(world, request, path.served);
  return railsVersion(request, path.served) ?? unknownPath(world, request);
}
