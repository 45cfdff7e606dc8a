// From the offers of the simulated master to an ACCEPT that it accepts: decoding, placement and encoding together, for
// hosts of all kinds. Each part has its own tests.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import type { Offer } from "../../src/core/placement/offer.ts";
import { place } from "../../src/core/placement/placement.ts";
import type { AgentProfile } from "../../src/core/settings.ts";
import { eventOfShape } from "../../src/mesos/from_proto.ts";
import { decodeCall, decodeEventRecord, encodeEvent } from "../../src/mesos/proto/wire.ts";
import { encodeCall } from "../../src/mesos/to_proto.ts";
import { createSimMesos, seededRandom, type SimMesos, type SimMesosAgentSpec } from "../../src/sim/mesos/sim_mesos.ts";
import { aProfile, aRequest, plainContainer, wantedOf } from "../support/placement.ts";

const allRoles = ["ci", "eng/ci", "eng/ci/gpu"] as const;
const capabilities = ["MULTI_ROLE", "PARTITION_AWARE", "RESERVATION_REFINEMENT", "GPU_RESOURCES"];

const amounts = fc.record({
  cpus: fc.constantFrom(0, 0.1, 0.3, 0.7, 1, 2.5, 4),
  mem: fc.constantFrom(0, 32.5, 256, 1_000, 4_096),
  disk: fc.constantFrom(0, 100.125, 5_000),
  gpus: fc.constantFrom(0, 0, 0, 2),
  ports: fc.constantFrom([], [[31_000, 31_004]] as const, [[80, 80], [31_000, 31_000], [31_005, 31_005]] as const),
});
const reservation = fc.record({
  role: fc.constantFrom("ci", "eng", "eng/ci", "other"),
  type: fc.constantFrom("STATIC" as const, "DYNAMIC" as const),
  resources: amounts.map((each) => ({ ...each, ports: [] })),
});
const special = fc.subarray([
  { name: "cpus", type: "SCALAR", scalar: { value: 8 }, revocable: {} },
  { name: "disk", type: "SCALAR", scalar: { value: 800 }, disk: { source: { type: "MOUNT" } } },
  {
    name: "mem",
    type: "SCALAR",
    scalar: { value: 4_000 },
    reservations: [
      { type: "STATIC", role: "eng" },
      { type: "DYNAMIC", role: "eng/ci", principal: "p" },
    ],
  },
  { name: "licences", type: "SET", set: { item: ["a"] } },
]);
const hosts: fc.Arbitrary<readonly SimMesosAgentSpec[]> = fc.array(
  fc.record({ resources: amounts, reserved: fc.array(reservation, { maxLength: 2 }), special }),
  { minLength: 1, maxLength: 4 },
).map((specs) => specs.map((spec, index) => ({ hostname: `h${index}`, ...spec })));

const profiles: fc.Arbitrary<readonly AgentProfile[]> = fc.array(
  fc.record({
    role: fc.constantFrom(...allRoles),
    placement: fc.constantFrom("pack" as const, "spread" as const),
    cpusMilli: fc.constantFrom(10, 100, 333, 1_500),
    memMbMilli: fc.constantFrom(32_000, 32_500, 300_000),
    diskMbMilli: fc.constantFrom(0, 100_125),
    gpus: fc.constantFrom(0, 0, 1),
    ports: fc.nat(2),
    type: fc.constantFrom("DOCKER" as const, "MESOS" as const),
  }),
  { minLength: 1, maxLength: 3 },
).map((list) =>
  list.map(({ role, placement, ports, type, ...mesosResources }, index) =>
    aProfile({
      name: `p${index}`,
      role,
      placement,
      mesosResources,
      container: {
        ...plainContainer,
        type,
        network: type === "MESOS" ? { mode: "USER", name: "cni" } : { mode: "BRIDGE" },
        portMappings: Array.from({ length: ports }, (_, port) => ({ containerPort: 8_000 + port, protocol: "tcp" })),
      },
    })
  )
);

interface Subscribed {
  readonly model: SimMesos;
  readonly streamId: string;
  readonly frameworkId: string;
  readonly offers: readonly Offer[];
}

/** The offers that came with a subscription, through the bytes of the wire. */
function offered(mesosAgents: readonly SimMesosAgentSpec[], offersSpecialToAll: boolean): Subscribed {
  const model = createSimMesos({ random: seededRandom(1), mesosAgents, offersSpecialToAll });
  const info = { user: "", name: "n", roles: allRoles, capabilities: capabilities.map((type) => ({ type })) };
  const answer = model.connect({ type: "SUBSCRIBE", subscribe: { "framework_info": info } }, {}, 0);
  const offers: Offer[] = [];
  let frameworkId = "";
  for (const event of model.advance(2_000).deliveries.flatMap(({ events }) => events)) {
    const decoded = eventOfShape(decodeEventRecord(encodeEvent(event)) as Parameters<typeof eventOfShape>[0]);
    if (decoded.kind === "subscribed") frameworkId = decoded.frameworkId;
    if (decoded.kind === "offers-received") offers.push(...decoded.offers);
  }
  return { model, streamId: answer.headers["mesos-stream-id"] ?? "", frameworkId, offers };
}

Deno.test("placements of any offers of a master are encoded as ACCEPT calls that it accepts", () => {
  let launched = 0;
  fc.assert(
    fc.property(hosts, profiles, fc.boolean(), (mesosAgents, profiles, offersSpecialToAll) => {
      const { model, streamId, frameworkId, offers } = offered(mesosAgents, offersSpecialToAll);
      const wanted = profiles.map((profile) => wantedOf(3, profile));
      const { accepts } = place(aRequest({ offers, wanted }));
      let number = 0;
      for (const accept of accepts) {
        const launches = accept.placements.map(({ wantedIndex, resources, hostPorts }) => ({
          taskId: `t-${number++}`,
          profile: wanted[wantedIndex]?.profile ?? aProfile({}),
          gocdResources: [],
          resources,
          hostPorts,
        }));
        const { offerIds, mesosAgentId } = accept;
        const call = { kind: "accept-offers" as const, offerIds, mesosAgentId, launches, refuseSeconds: 5 };
        const answer = model.call(decodeCall(encodeCall(call, frameworkId, () => ({ A: "b" }))), { streamId }, 2_000);
        assertEquals([answer.status, answer.body], [202, ""]);
      }
      const told = JSON.stringify(model.advance(10_000).deliveries);
      assert(!told.includes("TASK_FAILED") && !told.includes("TASK_ERROR"), told);
      const { tasksErred, tasksDropped, offersAnsweredInvalid } = model.counters;
      assertEquals([tasksErred, tasksDropped, offersAnsweredInvalid], [0, 0, 0]);
      assertEquals(Object.keys(model.counters.launches).length, number);
      assert(model.view().mesosAgents.every(({ isConserved }) => isConserved));
      launched += number;
    }),
    { numRuns: 500 },
  );
  assert(launched > 100, `the law was hardly tried: ${launched} launches`);
});
