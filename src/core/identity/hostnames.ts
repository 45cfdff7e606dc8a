// The task id in a GoCD agent's hostname.

/**
 * The first label of a hostname, in lower case. Our agents are called by their task id; where the container has a domain
 * the JVM gives its full name, `TASKID.ci.example.com` (Java InetAddress.getLocalHost().getHostName()).
 */
export function nameOf({ hostname }: { readonly hostname: string }): string {
  const end = hostname.indexOf(".");
  return (end === -1 ? hostname : hostname.slice(0, end)).toLowerCase();
}
