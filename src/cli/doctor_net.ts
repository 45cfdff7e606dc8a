// Checks the certificates of both servers, and the page where Mesos links to it. For `doctor`.

import type { Config } from "../config/config.ts";
import { formatDuration } from "../core/words/phrases.ts";
import { messageOf, OperatorError } from "../errors.ts";
import { addressUrl, hostPortText, type HttpAddress } from "../net/addresses.ts";
import { firstPart } from "../net/body.ts";
import { certificateEndMs } from "../net/certificate.ts";
import { directClient } from "../net/http_client.ts";
import { proxyFor, proxyText } from "../net/proxies.ts";
import { realTimer } from "../net/timer.ts";
import { readRunning } from "../runtime/control_client.ts";
import type { Machine } from "../runtime/machine.ts";
import type { Report } from "./report.ts";

/** Time limit of a handshake, and of a response of the page. */
const limitMs = 10_000;
const dayMs = 24 * 60 * 60 * 1_000;
/** Enough time to renew it. */
const soonMs = 30 * dayMs;

/** Where it is reported, and the clock. */
export interface Looking {
  readonly report: Report;
  readonly machine: Machine;
}

/** Reports how long the certificates of both servers are valid, for connections over TLS. */
export async function doctorCertificates({ gocd, mesos }: Config, looking: Looking): Promise<void> {
  const masters = mesos.masters.kind === "static" ? mesos.masters.addresses : [];
  for (const address of [gocd.url, ...masters]) {
    if (address.scheme === "https") await checkCertificate(address, looking);
  }
}

async function checkCertificate(address: HttpAddress, { report, machine }: Looking): Promise<void> {
  const who = hostPortText(address);
  const proxy = proxyFor(addressUrl(address));
  if (proxy !== undefined) {
    return report.ok("tls", `${who} is reached through ${proxyText(proxy)}: its certificate is not checked`);
  }
  try {
    const endMs = await certificateEndMs({ ...address, setTimer: machine.setTimer ?? realTimer, limitMs });
    if (endMs === undefined) {
      report.ok("tls", `the certificate of ${who}: this build cannot read how long it is valid`);
      return;
    }
    const leftMs = endMs - machine.nowMs();
    const date = new Date(endMs).toISOString().slice(0, 10);
    if (leftMs <= 0) {
      const message = `the certificate of ${who} expired on ${date}`;
      report.fail(
        "tls",
        new OperatorError(message, { code: "certificate-expired", kind: "refused", hint: "renew it" }),
      );
    } else if (leftMs < soonMs) {
      report.warn("tls", `the certificate of ${who} expires on ${date}, in ${formatDuration(leftMs)}`, "renew it");
    } else {
      report.ok("tls", `the certificate of ${who} is valid until ${date}`);
    }
  } catch (error) {
    report.warn(
      "tls",
      `the certificate of ${who} could not be read: ${messageOf(error)}`,
      "check whether it supports TLS",
    );
  }
}

/** Reports whether the page can be reached where Mesos links to it, from this machine. */
export async function doctorPage(config: Config, report: Report): Promise<void> {
  const { webuiUrl } = config.mesos;
  if (webuiUrl === undefined) {
    report.ok("page", "Mesos gets no link to a page (http.listen is off, or http.advertise is not set)");
    return;
  }
  try {
    if (await readRunning(config) === undefined) {
      report.ok("page", `${webuiUrl}: not tried, because no instance runs here`);
      return;
    }
  } catch {
    // `check` has reported why.
    return;
  }
  await checkPage(webuiUrl, report);
}

async function checkPage(webuiUrl: string, report: Report): Promise<void> {
  const hint = "set http.advertise to the name and port at which others reach the page, and allow it in the firewall";
  const url = new URL("health/live", webuiUrl.endsWith("/") ? webuiUrl : `${webuiUrl}/`);
  const client = directClient(url.hostname);
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(limitMs), client });
    const text = await firstPart(response.body, 1_000);
    if (/"status":"(live|stuck)"/.test(text)) report.ok("page", `${webuiUrl}: reachable from this machine`);
    else report.warn("page", `${webuiUrl}: something else answers there (status ${response.status})`, hint);
  } catch (error) {
    report.warn("page", `${webuiUrl}: not reachable from this machine: ${messageOf(error)}`, hint);
  } finally {
    client.close();
  }
}
