// The rows of `check` about the permissions of a start with this file.

import type { Config } from "../config/config.ts";
import { keyOf, sandboxHint, sandboxOf, sandboxText } from "../runtime/permissions.ts";
import { rightsOf } from "../runtime/rights.ts";
import type { Report } from "./report.ts";

/** Reports whether the program is restricted to what the file names: one row for each permission. */
export function checkSandbox(config: Config, report: Report): void {
  const sandbox = sandboxOf();
  if (sandbox.mode === "on") {
    report.ok("sandbox", "on: the program has the permissions that this file needs, and no others");
  } else {
    report.warn("sandbox", sandboxText(sandbox), sandboxHint(config));
  }
  if (sandbox.mode === "off") return;
  // If the state cannot be at the configured place, another row reports it.
  const { gaps: _, ...rights } = rightsOf(config, (path) => path);
  for (const [kind, values] of Object.entries(rights)) {
    if (sandbox.wide.includes(kind)) continue;
    for (const value of values) {
      const key = kind === "net"
        ? ` (${value === "127.0.0.1:0" ? "commands on this machine" : keyOf(config, value)})`
        : "";
      report.ok("sandbox", `${kind.padEnd(5)} ${value}${key}`);
    }
  }
}
