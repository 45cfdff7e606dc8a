// How agent images of different eras read their environment variables (gocd/docker-gocd-agent, docker-entrypoint.sh).

import type { SimRegistration } from "./state.ts";

/** A family of agent images: the official ones since 17.x, travix/gocd-agent of 2015 and 2017, gocd/gocd-agent up to 16.x. */
export type SimImageEra = "modern" | "travix-2015" | "travix-2017" | "gocd-2016";

/** The registration of such an image, from the container's environment variables. */
export function readRegistration(era: SimImageEra, env: Readonly<Record<string, string>>): SimRegistration {
  const text = (name: string): string => (env[name] ?? "").trim();
  const list = (name: string): readonly string[] => text(name).split(",").map((part) => part.trim()).filter(Boolean);
  switch (era) {
    case "modern":
      return {
        server: serverOfUrl(text("GO_SERVER_URL")),
        key: text("AGENT_AUTO_REGISTER_KEY"),
        gocdResources: list("AGENT_AUTO_REGISTER_RESOURCES"),
        environments: list("AGENT_AUTO_REGISTER_ENVIRONMENTS"),
        hostname: text("AGENT_AUTO_REGISTER_HOSTNAME"),
      };
    case "travix-2017":
      return { ...agentFamily(text, list), server: serverOfUrl(text("GO_SERVER_URL") || "https://localhost:8154/go") };
    case "travix-2015":
      return agentFamily(text, list);
    case "gocd-2016":
      return { ...agentFamily(text, list), key: text("AGENT_KEY") || "123456789abcdef", hostname: "" };
    default:
      return era satisfies never;
  }
}

function agentFamily(text: (name: string) => string, list: (name: string) => readonly string[]): SimRegistration {
  const host = text("GO_SERVER");
  return {
    server: host === "" ? undefined : `${host}:${text("GO_SERVER_PORT") || "8153"}`,
    key: text("AGENT_KEY"),
    gocdResources: list("AGENT_RESOURCES"),
    environments: list("AGENT_ENVIRONMENTS"),
    hostname: text("AGENT_HOSTNAME"),
  };
}

/** `host:port` of a server URL whose path is /go; undefined for anything else. */
function serverOfUrl(url: string): string | undefined {
  const match = /^(https?):\/\/([^/:]+)(?::(\d+))?\/[^/]+\/?$/.exec(url);
  if (match === null) return undefined;
  return `${match[2]}:${match[3] ?? (match[1] === "https" ? "443" : "80")}`;
}
