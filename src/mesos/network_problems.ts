// Errors for masters without a response, with hints that name the keys of mesos.

import type { NetworkFailureKind } from "../net/network_failure.ts";

/** The operator's next step, one sentence without a period. */
export const networkHints: Readonly<Record<NetworkFailureKind, string>> = {
  "not-permitted":
    "put the host into mesos-master or mesos.allowed-hosts and start with deno task start, or permit this host yourself",
  "no-tls": "write http:// instead of https:// in mesos-master, or remove mesos.ca-file",
  "other-name": "use the name of the certificate in mesos-master",
  "not-valid-now": "renew it, or check the clocks",
  "authority-as-server":
    "use one with CA:FALSE, signed by an authority or self-signed, and name the signer in mesos.ca-file",
  "unknown-authority": "name its certificate authority in mesos.ca-file",
  "handshake-aborted":
    "does it require client certificates (LIBPROCESS_SSL_REQUIRE_CLIENT_CERT)? gocd-mesos does not support them",
  // Deno accepts no cipher of libprocess' default list (AES128-SHA etc., no TLS 1.3).
  "no-common-ciphers": "set LIBPROCESS_SSL_CIPHERS of the masters to ECDHE ciphers, as by default they have none: " +
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 (ECDHE-ECDSA-… for an EC key); client certificates " +
    "(LIBPROCESS_SSL_REQUIRE_CLIENT_CERT) are not supported",
  "no-common-tls": "enable TLS 1.2 or 1.3 on the server (LIBPROCESS_SSL_ENABLE_TLS_V1_2)",
  "tls": "check the certificate of the server and mesos.ca-file",
  "unknown-host": "check mesos-master, and DNS",
  "refused": "check host and port in mesos-master, and that the master is running",
  "blocked-port": "check the port in mesos-master",
  "proxy": "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
  "not-http": "check host and port in mesos-master; should it begin with https:// instead of http://?",
  "no-route": "check the network and mesos-master",
  "timed-out": "check the network, firewalls and mesos-master",
  "lost": "look for a restart of the master or a proxy in between",
  "other": "check mesos-master, and that the master is reachable from here",
};
