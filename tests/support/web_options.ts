// The options of a status server with the sample picture.

import type { HandlerOptions } from "../../src/web/handler.ts";
import { pictureOf } from "./picture.ts";
import { sampleMs, sampleNotes, sampleView } from "./sample_view.ts";

/** Options without commands, whose errors are thrown; `more` overrides fields. */
export function sampleOptions(more: Partial<HandlerOptions> = {}): HandlerOptions {
  return {
    listen: { host: "127.0.0.1", port: 0 },
    picture: () => pictureOf(sampleView, { notes: sampleNotes }),
    nowMs: () => sampleMs,
    version: "0.1.0",
    sandbox: "on",
    setup: () => ({
      rights: {
        net: ["mesos:5050", "gocd.example.org:8153", "127.0.0.1:8090"],
        read: ["/etc/gocd-mesos"],
        write: [],
        env: [],
      },
      entries: [
        { key: "mesos-master", value: "mesos:5050", from: "/etc/gocd-mesos/framework.conf:2" },
        { key: "go-server.password", value: "set (not shown)", from: "/etc/gocd-mesos/secrets.conf:1" },
        { key: "scaling.max-agents", value: "50" },
      ],
    }),
    links: () => ({ gocdUrl: "http://gocd.example.org:8153/go", mesosScheme: "http" }),
    onError: (error) => {
      throw error;
    },
    ...more,
  };
}
