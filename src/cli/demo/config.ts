// The framework.conf of the demo, loaded like any other; printed by `demo --print-config`.

import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { demoNames } from "../../sim/demo/scenario.ts";

/** What differs from demo to demo. */
export interface DemoAddresses {
  /** `host:port` of the simulated master. */
  readonly mesosMaster: string;
  /** Base URL of the simulated GoCD server. */
  readonly gocdUrl: string;
  /** `host:port` of the status page, or `off`. */
  readonly listen: string;
  /** Whether agents of profile staging may be Pending: GoCD 15.2 cannot add a Pending agent to an environment. */
  readonly stagingKey: "outdated" | "right";
}

/** The addresses that `--print-config` shows; a real demo uses free ports. */
export const exampleAddresses: DemoAddresses = {
  mesosMaster: "127.0.0.1:5050",
  gocdUrl: "http://127.0.0.1:8153/go",
  listen: "127.0.0.1:8090",
  stagingKey: "outdated",
};

/** The text of the demo's framework.conf. */
export function demoConfigText({ mesosMaster, gocdUrl, listen, stagingKey }: DemoAddresses): string {
  const env = `env { AGENT_AUTO_REGISTER_KEY = "${demoNames.outdatedKey}", AGENT_KEY = "${demoNames.outdatedKey}" }`;
  return `# framework.conf of \`gocd-mesos demo\`. Times are much shorter than in production.
gocd-mesos {
  mesos-master: "${mesosMaster}"
  mesos { name = "GoCD-Mesos demo" }

  go-server {
    url = "${gocdUrl}"
    user-name: "${demoNames.userName}", password: "${demoNames.password}"
  }

  # What all profiles have in common.
  go-agent {
    auto-register-key: "${demoNames.autoRegisterKey}"
    docker-image: "gocd/gocd-agent-alpine-3.20:v25.1.0"
    mem = 1 GB
    kill-grace = 5 seconds
  }

  profiles {
    linux { resources = ["linux"], max-agents = 3 }
    jvm { resources = ["linux", "java"], cpus = 2, mem = 2 GB }
    staging {
      resources = ["linux"], environments = ["staging"]${
    stagingKey === "right" ? "" : `
      # An outdated key: its agents come up Pending and are enabled by gocd-mesos.
      ${env}`
  }
    }
    # There is no such image.
    arm { resources = ["arm"], docker-image = "${demoNames.missingImage}" }
  }

  poller { interval = 1 second, attempts = 1, max-interval = 1 second, stale-after = 30 seconds }
  scaling {
    idle-timeout = 3 seconds
    drain-confirm = 20 seconds # the shortest that is allowed
    slow-server-launches-per-minute = 60
  }
  # The page has buttons: they ask for this token.
  http { listen = "${listen}", admin-token = "${demoNames.adminToken}" }
  log { level = "info", format = "text" }
}
`;
}

/** Writes the demo's configuration into `folder`, for other commands, and loads it; the environment has no influence. */
export function writeDemoConfig(folder: string, addresses: DemoAddresses): Config {
  const path = `${folder}/framework.conf`;
  const text = demoConfigText(addresses);
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
  return loadConfig(path, {}, (asked) => {
    if (asked !== path) throw new Deno.errors.NotFound(asked);
    return text;
  });
}
