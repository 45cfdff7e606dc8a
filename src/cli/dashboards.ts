// `gocd-mesos dashboards`: alert rules for Prometheus and a dashboard for Grafana.

import type { Command } from "./command.ts";
import { alertsText, grafanaText } from "./dashboards_text.ts";
import { UsageError } from "./usage.ts";

const texts: ReadonlyMap<string, string> = new Map([["alerts", alertsText], ["grafana", grafanaText]]);

/** Prints the alert rules or the dashboard. */
export const dashboardsCommand: Command = {
  name: "dashboards",
  summary: "print alert rules for Prometheus, or a dashboard for Grafana",
  help: `Usage: gocd-mesos dashboards alerts|grafana

Prints the alert rules (YAML) or the dashboard (JSON) for the metrics of this version, to standard output. The scrape job in
Prometheus must be named gocd-mesos, or gocd-mesos-… if there are several frameworks.

Examples:
  gocd-mesos dashboards alerts > /etc/prometheus/gocd-mesos-alerts.yaml     then name it in rule_files
  gocd-mesos dashboards grafana > gocd-mesos.json                           then import it in Grafana`,
  booleans: [],
  strings: [],
  operands: { min: 1, max: 1, text: "alerts or grafana", words: [...texts.keys()] },
  run: ({ operands: [name = ""] }, io) => {
    const text = texts.get(name);
    if (text === undefined) {
      const hint = `possible names: ${[...texts.keys()].join(", ")}`;
      throw new UsageError(`there is nothing named "${name}" to print`, hint);
    }
    io.out(text.trimEnd());
    return Promise.resolve(0);
  },
};
