// The metrics: their values, their number, and their validity in promtool.

import { assertEquals, assertMatch } from "@std/assert";
import fc, { anyCharacter } from "../support/properties.ts";
import type { Measured } from "../../src/core/view/picture.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { createHistogram } from "../../src/runtime/histogram.ts";
import { labelValuesMax, metricsPage } from "../../src/web/metrics.ts";
import { metricsText } from "../../src/web/prometheus.ts";
import { pictureOf, someMeasures } from "../support/picture.ts";
import { promtool, promtoolPackage, runPromtool } from "../support/promtool.ts";
import { hostileName, largeView, sampleMs, sampleView } from "../support/sample_view.ts";

const seen: StatusView = { ...sampleView, leftUntaken: { "held-attempts": 2 } };

function metricsOf(view: StatusView = seen, more: Partial<Measured> = {}): string {
  const pollDuration = createHistogram();
  [0.02, 0.3, 70].forEach(pollDuration.observe);
  const picture = pictureOf(view, {
    notesByCode: { "agent-launched": 3, "gocd-unreachable": 1 },
    mesosCalls: { ACCEPT: 4, DECLINE: 9 },
    pollDuration: pollDuration.snapshot(),
    queues: { events: { now: 3, max: 40 }, calls: { now: 1, max: 7 } },
    ...someMeasures(),
    ...more,
  });
  return metricsPage(picture, "0.1.0");
}

const expected: readonly string[] = [
  'gocd_mesos_build_info{version="0.1.0"} 1',
  "gocd_mesos_healthy 1",
  "gocd_mesos_live 1",
  "gocd_mesos_ready 1",
  'gocd_mesos_server_state{server="gocd",state="fine"} 1',
  'gocd_mesos_server_state{server="gocd",state="failing"} 0',
  'gocd_mesos_server_state{server="mesos",state="fine"} 1',
  "gocd_mesos_subscribed 1",
  "gocd_mesos_gocd_up 1",
  `gocd_mesos_last_poll_timestamp_seconds ${sampleMs / 1_000}`,
  // Two of three are launched as soon as Mesos offers a place.
  'gocd_mesos_waiting_jobs{verdict="needs-agent",code="held-limit"} 1',
  'gocd_mesos_waiting_jobs{verdict="unserved",code="no-profile-resources"} 2',
  'gocd_mesos_oldest_wait_seconds{verdict="unserved"} 485',
  'gocd_mesos_oldest_wait_seconds{verdict="needs-agent"} 200',
  'gocd_mesos_agent_instances{profile="linux",state="building"} 3',
  'gocd_mesos_agent_instances{profile="windows",state="gone"} 4',
  'gocd_mesos_agent_instances{profile="windows",state="idle"} 0',
  'gocd_mesos_wanted_agents{profile="linux"} 2',
  'gocd_mesos_wanted_agents{profile="deploy"} 0',
  'gocd_mesos_profile_blocked{profile="windows"} 1',
  'gocd_mesos_profile_launch_failures{profile="windows"} 4',
  'gocd_mesos_profile_launch_failures{profile="deploy"} 0',
  'gocd_mesos_problems{code="profile-failing"} 1',
  'gocd_mesos_notes_total{code="agent-launched"} 3',
  'gocd_mesos_jobs_left_untaken_total{code="held-attempts"} 2',
  'gocd_mesos_mesos_calls_total{call="DECLINE"} 9',
  'gocd_mesos_poll_duration_seconds_bucket{le="0.025"} 1',
  'gocd_mesos_poll_duration_seconds_bucket{le="60"} 2',
  'gocd_mesos_poll_duration_seconds_bucket{le="+Inf"} 3',
  "gocd_mesos_poll_duration_seconds_count 3",
  'gocd_mesos_queue_depth{queue="events"} 3',
  'gocd_mesos_queue_depth_max{queue="calls"} 7',
  "process_resident_memory_bytes 88000000",
  'gocd_mesos_job_wait_seconds_bucket{profile="linux",le="30"} 0',
  'gocd_mesos_job_wait_seconds_bucket{profile="linux",le="60"} 1',
  'gocd_mesos_job_wait_seconds_count{profile="linux"} 2',
  'gocd_mesos_job_wait_seconds_sum{profile="linux"} 440',
  'gocd_mesos_accept_delay_seconds_bucket{profile="linux",le="1"} 1',
  'gocd_mesos_api_call_duration_seconds_count{server="gocd",call="poll-gocd"} 1',
  'gocd_mesos_api_errors_total{server="gocd",call="poll-gocd",code="gocd-unreachable"} 2',
  'gocd_mesos_loop_lag_seconds_bucket{le="0.005"} 1',
  'gocd_mesos_offers_total{answer="declined",reason="too-small"} 3',
  'gocd_mesos_builds_lost_total{profile="linux",cause="lost"} 1',
  'gocd_mesos_builds_lost_total{profile="windows",cause="exited"} 0',
  'gocd_mesos_agent_seconds_total{profile="linux",state="building"} 3600.5',
  'gocd_mesos_agent_seconds_total{profile="deploy",state="idle"} 0',
  'gocd_mesos_webhook_deliveries_total{webhook="team",outcome="failed"} 2',
  'gocd_mesos_webhook_messages_waiting{webhook="team"} 3',
  'gocd_mesos_webhook_messages_lost_total{webhook="team"} 1',
  'gocd_mesos_webhook_failing{webhook="team"} 1',
];
Deno.test("the metrics contain the values of the sample picture", () => {
  const lines = metricsOf().split("\n");
  for (const line of expected) assertEquals(lines.includes(line), true, line);
});

Deno.test("the metric of the mode distinguishes run, drain and teardown", () => {
  for (const mode of ["run", "drain", "teardown"] as const) {
    const lines = metricsOf({ ...sampleView, mode }).split("\n");
    const on = lines.filter((line) => /^gocd_mesos_mode\{.*\} 1$/.test(line));
    assertEquals([on, lines.filter((line) => line.startsWith("gocd_mesos_mode{")).length], [
      [`gocd_mesos_mode{mode="${mode}"} 1`],
      3,
    ]);
  }
});

Deno.test("an empty backlog has zeros for every verdict, and one never read has no values", () => {
  const { lastPollMs: _, ...gocd } = sampleView.gocd;
  const zeros = /^gocd_mesos_waiting_jobs\{verdict="[a-z-]+",code="none"\} 0$/gm;
  assertEquals(metricsOf({ ...sampleView, jobs: [] }).match(zeros)?.length, 6);
  const text = metricsOf({ ...sampleView, gocd, jobs: [] });
  assertEquals(/^gocd_mesos_(last_poll_timestamp_seconds|waiting_jobs|oldest_wait_seconds)\b.* \d/m.test(text), false);
});

Deno.test("the number of series is limited for many profiles and codes, and their sums are complete", () => {
  const count = 1_000;
  const large = largeView(count, count);
  const view = {
    ...large,
    jobs: large.jobs.map((job, index) => ({ ...job, reasonCode: `code-${index}` as never })),
    instances: large.instances.map((instance, index) => ({
      ...instance,
      profile: `p${index}`,
      state: `word-${index}` as never,
    })),
  };
  const counts = Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}`, 1]));
  const text = metricsOf(view, { notesByCode: counts, mesosCalls: counts });
  const statesAndOther = 10;
  assertEquals(text.split("\n").length < labelValuesMax * (statesAndOther + 8), true);
  for (const [name, total] of [["waiting_jobs", count], ["agent_instances", count]] as const) {
    const values = [...text.matchAll(new RegExp(`^gocd_mesos_${name}\\{.*\\} (\\d+)$`, "gm"))];
    assertEquals(values.reduce((sum, [, value]) => sum + Number(value), 0), total, name);
  }
});

Deno.test("hostile label values are escaped", () => {
  const text = metricsText([{
    kind: "gauge",
    name: "x",
    help: "a\\b\nc",
    samples: [{ labels: { a: 'q"\\\n' }, value: Infinity }, { labels: { a: hostileName }, value: -Infinity }],
  }]);
  assertMatch(text, /^# HELP x a\\\\b\\nc\n# TYPE x gauge\nx\{a="q\\"\\\\\\n"\} \+Inf\nx\{a=".*"\} -Inf\n$/);
  fc.assert(fc.property(fc.string({ unit: anyCharacter }), (value) => {
    const line = metricsText([{ kind: "gauge", name: "x", help: "", samples: [{ labels: { a: value }, value: 1 }] }])
      .split("\n")[2] ?? "";
    assertMatch(line, /^x\{a="(?:[^"\\\n]|\\["\\n])*"\} 1$/);
  }));
});

Deno.test({
  name: `promtool accepts the metrics (${promtoolPackage})`,
  ignore: promtool === undefined,
  fn: async () => {
    const text = metricsOf(seen, { notesByCode: { [hostileName]: 1 } });
    assertEquals(await runPromtool(["check", "metrics"], text), [0, ""]);
  },
});
