// The scenario of `gocd-mesos demo` as data: machines, waves of jobs, names.

import type { SimJobRequest } from "../gocd/work.ts";
import type { SimMesosAgentSpec } from "../mesos/options.ts";

/**
 * The expected outcome of a job of the demo: built, or left waiting because no profile serves it, or because its image
 * is missing.
 */
export type DemoFate = "built" | "unserved" | "no-image";

/** A job of the demo. */
export interface DemoJob extends SimJobRequest {
  /** Its expected outcome. */
  readonly fate: DemoFate;
}

/** Jobs that are scheduled together. */
export interface DemoWave {
  /** A description in one line. */
  readonly title: string;
  /** When, counted from the moment that the scheduler is connected to both servers. */
  readonly afterMs: number;
  readonly jobs: readonly DemoJob[];
}

/** The names used on both sides of the demo. */
export const demoNames = {
  /** `agentAutoRegisterKey` of the simulated GoCD server. */
  autoRegisterKey: "demo-auto-register-key",
  /** The key of the profile `staging`: the server does not accept it, so its agents register as Pending. */
  outdatedKey: "demo-key-of-last-year",
  /** The account of the scheduler. */
  userName: "gocd-mesos",
  /** Its password; only valid for the simulated server on loopback. */
  password: "demo-password",
  /** The admin token of the demo's page. */
  adminToken: "demo-admin",
  /** The image that cannot be pulled. */
  missingImage: "registry.example.com/gocd-agent-arm:v25",
  /** A GocdAgent that was set up by a person. */
  personsAgent: "mac-mini.office",
  personsUuid: "11111111-2222-4333-8444-555555555555",
  /** A Pending agent of unknown origin: it must never be enabled. */
  strangersAgent: "laptop-of-somebody",
} as const;

/** The machines of the cluster. */
export const demoHosts: readonly SimMesosAgentSpec[] = [
  { hostname: "rack1-node1", ip: "10.0.1.1", resources: { cpus: 4, mem: 8_192, disk: 100_000 } },
  { hostname: "rack1-node2", ip: "10.0.1.2", resources: { cpus: 4, mem: 8_192, disk: 100_000 } },
  { hostname: "rack2-node1", ip: "10.0.2.1", resources: { cpus: 8, mem: 16_384, disk: 200_000 } },
];

/** Shortest and longest build, ms. */
const buildMs: readonly [number, number] = [2_000, 6_000];

/** The three waves; `random` gives the length of each build. */
export function demoWaves(random: () => number): readonly DemoWave[] {
  const [first, second, third] = [jobMaker(random, 41), jobMaker(random, 42), jobMaker(random, 43)];
  const { personsUuid } = demoNames;
  return [
    {
      title: "two pushes, a release, a job that no profile serves",
      afterMs: 1_000,
      jobs: [
        first("web-shop/build/compile", ["linux"]),
        first("web-shop/build/unit-tests", ["linux"]),
        first("web-shop/build/lint", ["linux"]),
        first("web-shop/build/bundle", ["linux"]),
        first("billing/build/compile", ["linux", "java"]),
        first("billing/build/unit-tests", ["linux", "java"]),
        first("mobile-app/release/sign", ["signing"]),
        first("desktop/build/installer", ["windows"], { fate: "unserved" }),
      ],
    },
    {
      title: "deployments, and an image that cannot be pulled",
      afterMs: 9_000,
      jobs: [
        second("web-shop-deploy/staging/deploy-eu", ["linux"], { environment: "staging" }),
        second("web-shop-deploy/staging/deploy-us", ["linux"], { environment: "staging" }),
        second("billing-deploy/staging/deploy", ["linux"], { environment: "staging" }),
        second("firmware/build/image", ["arm"], { fate: "no-image" }),
        second("docs/build/site", ["linux"]),
        second("toolchain/verify/versions-runOnAll-1", [], { runOnAll: personsUuid }),
      ],
    },
    {
      title: "a test run, while the first agents drain",
      afterMs: 20_000,
      jobs: [
        ...[1, 2, 3, 4, 5, 6].map((shard) => third(`acceptance/test/shard-${shard}`, ["linux"])),
        third("billing/verify/integration", ["linux", "java"]),
        third("web-shop-smoke/staging/smoke", ["linux"], { environment: "staging" }),
      ],
    },
  ];
}

/** A small wave for a demo that continues; `number` counts from 1. */
export function demoLaterWave(number: number, random: () => number): Pick<DemoWave, "title" | "jobs"> {
  const make = jobMaker(random, 100 + number);
  const isStaging = number % 2 === 0;
  return isStaging
    ? {
      title: "another deployment to staging",
      jobs: ["deploy-eu", "deploy-us"].map((job) =>
        make(`web-shop-deploy/staging/${job}`, ["linux"], { environment: "staging" })
      ),
    }
    : {
      title: "another push",
      jobs: [
        make("web-shop/build/compile", ["linux"]),
        make("web-shop/build/unit-tests", ["linux"]),
        make("billing/build/compile", ["linux", "java"]),
      ],
    };
}

type Extras = Partial<Pick<DemoJob, "fate" | "environment" | "runOnAll">>;

type JobMaker = (path: string, gocdResources: readonly string[], extras?: Extras) => DemoJob;

/** Creates jobs of pipelines with this counter. */
function jobMaker(random: () => number, counter: number): JobMaker {
  return (path, gocdResources, extras = {}) => {
    const [pipeline = "", stage = "", job = ""] = path.split("/");
    const durationMs = Math.round(buildMs[0] + random() * (buildMs[1] - buildMs[0]));
    return { pipeline, counter, stage, job, gocdResources, durationMs, fate: "built", ...extras };
  };
}
