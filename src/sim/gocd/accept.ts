// Which media type an Accept header asks for, by release (GoCD SparkPreFilter).

import { accessTexts } from "./access.ts";
import { acceptOf, answer, containerPage, jsonMessage, type SimRequest, type SimResponse } from "./http_message.ts";
import type { GocdWorld } from "./state.ts";

/** The vendor media type of a version, as answers carry it; `newest` is the un-versioned one. */
export function vendorType(version: string): string {
  const name = version === "newest" ? "application/vnd.go.cd+json" : `application/vnd.go.cd.${version}+json`;
  return `${name};charset=utf-8`;
}

/** What a Spark path makes of the Accept: a version, `newest`, or the refusal (text 404, container page 404). */
export function sparkVersion(world: GocdWorld, request: SimRequest, served: readonly string[]): string | SimResponse {
  const accept = acceptOf(request);
  const match = /^application\/vnd\.go\.cd(?:\.v(\d+))?\+json$/.exec(accept);
  const number = match?.[1];
  const isKnown = match !== null &&
    (world.rules.unversionedAccept
      ? number === undefined || (Number(number) >= 1 && Number(number) <= 11)
      : number !== undefined);
  if (!isKnown) return answer(404, "text/plain", "The url you are trying to reach appears to be incorrect.");
  if (number === undefined) return "newest";
  return served.includes(`v${number}`) ? `v${number}` : containerPage(404, "Not Found");
}

/** What a Rails path makes of it: a version in the list of types, else the JSON 404 for a wrong version, else undefined. */
export function railsVersion(request: SimRequest, served: readonly string[]): string | SimResponse | undefined {
  const versions = acceptOf(request).split(",").flatMap((part) => {
    const match = /^application\/vnd\.go\.cd\.(v\d+)\+json(?:\s*;.*)?$/.exec(part.trim());
    return match?.[1] === undefined ? [] : [match[1]];
  });
  if (versions.length === 0) return undefined;
  const version = versions.find((candidate) => served.includes(candidate));
  return version ?? jsonMessage(404, "application/json; charset=utf-8", accessTexts.notFoundOrNotAllowed);
}

/** The refusal of a path of either era that serves these versions only; undefined where the Accept is right. */
export function refuseUnless(
  world: GocdWorld,
  request: SimRequest,
  served: readonly string[],
): SimResponse | undefined {
  const version = world.rules.sparkFilter ? sparkVersion(world, request, served) : railsVersion(request, served);
  if (version === undefined) return containerPage(404, "Not Found");
  return typeof version === "string" ? undefined : version;
}

/** The refusal of a path that serves v1 only; undefined where the Accept is right. */
export function refuseUnlessV1(world: GocdWorld, request: SimRequest, isSpark: boolean): SimResponse | undefined {
  const version = isSpark ? sparkVersion(world, request, ["v1"]) : railsVersion(request, ["v1"]);
  if (version === undefined) return containerPage(404, "Not Found");
  return typeof version === "string" ? undefined : version;
}
