// The flags of a binary with its configuration baked in.

import { assertEquals } from "@std/assert";
import { compileFlags } from "../../scripts/flags.ts";
import { loadConfig } from "../../src/config/load.ts";

const servers = ["mesos.example:5050", "gocd.example:8153"];

for (
  const [listen, net] of [
    ['"127.0.0.1:8090"', ["127.0.0.1:8090"]],
    ['"0.0.0.0:8090"', ["0.0.0.0:8090", "127.0.0.1:8090"]],
    ['"[::]:8090"', ["[::]:8090", "[::1]:8090"]],
    ["off", ["127.0.0.1"]],
  ] as const
) {
  Deno.test(`a compiled binary may connect to its own page with http.listen = ${listen}, or no command finds it`, () => {
    const conf = Deno.makeTempFileSync({ suffix: ".conf" });
    try {
      Deno.writeTextFileSync(
        conf,
        `gocd-mesos {
  mesos-master = "mesos.example:5050", mesos.allowed-hosts = [], go-server { host = "gocd.example", port = 8153 }
  go-agent.docker-image = "agent:1", http.listen = ${listen}
}`,
      );
      const [flag = ""] = compileFlags(loadConfig(conf, {}));
      const granted = flag.replace("--allow-net=", "").split(",");
      assertEquals(granted.toSorted(), [...servers, ...net].toSorted());
    } finally {
      Deno.removeSync(conf);
    }
  });
}
