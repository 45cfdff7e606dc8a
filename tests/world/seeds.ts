// Seeds that once failed, with what they found. They are always run; if the random draws change, their scenarios
// change, which is acceptable.

import type { Weather } from "./scenario.ts";

/** A seed and what it once found. */
export interface FailedSeed {
  readonly seed: number;
  /** Absent: stormy, the only weather before mild weather was introduced. */
  readonly weather?: Weather;
  readonly found: string;
}

/** All seeds. */
export const failedSeeds: readonly FailedSeed[] = [
  { seed: 700027, found: "an address given again while the agent that had it before was unreachable, and never known" },
  { seed: 700104, found: "the record of a later container taken for that of a dead one, as both had one address" },
  { seed: 8700130, found: "a brake for ever after somebody deleted the records of three dead agents" },
  { seed: 8700511, found: "the same while our own agents had registered beside them" },
  {
    seed: 8700135,
    found: "the build of a process that started anew, forgotten although the server had not given it back",
  },
  {
    seed: 21883,
    found: "an idle agent of no use that kept its place beside one of use, as both call themselves the same",
  },
  {
    seed: 8810397,
    found: "a register-timeout that went on after an hour of suspension, in which the server was closed",
  },
  { seed: 20356, found: "a law that counted breaks which the program need not notice" },
  { seed: 21231, found: "the same, with a break of 89 s" },
  { seed: 22, found: "a clock set back a day while the program was down kept tombstones for a day" },
  {
    seed: 75000363,
    found:
      "a server up to 17.8 hears a dead disabled agent for ever: what Mesos had lost was held until a person said so",
  },
  { seed: 32, found: "a commit that failed at a poll" },
  {
    seed: 121,
    found: "GoCD up to 17.8 shows a dead, disabled agent as Building for ever: its record was never deleted",
  },
  { seed: 127, found: "an agent process that starts anew in a container that is being killed" },
  {
    seed: 1024,
    found: "an agent lost to GoCD was drained and enabled again without end, and kept its place in the limit",
  },
  { seed: 1063, found: "records of a forgotten framework that seem to build" },
  { seed: 10591, found: "three records of one container, the second lost, the third disabled by hand" },
  { seed: 11293, found: "a container whose agent starts anew under the same uuid while a build of it is on record" },
  {
    seed: 12194,
    found: "an agent that registered anew while its old record was drained: killed while the new one built",
  },
  { seed: 14612, found: "a launch-timeout without a look at GoCD, while RUNNING was lost and the agent built" },
  { seed: 16996, found: "a SUPPRESS that overtook the next REVIVE: no offer came any more" },
  { seed: 17513, found: "the offers of an ACCEPT that was lost stayed out for ever" },
  {
    seed: 41902,
    found: "a clock set forward while the program was down ended the launch-timeout of an agent that built",
  },
  { seed: 58471, found: "an agent that registers in the moment in which its register-timeout ends" },
  { seed: 41341, found: "a deleted record that came back as Pending, and then enabled, under the same uuid" },
  { seed: 115277, found: "a KILL repeated after a restart without a look: the agent had registered anew and built" },
  {
    seed: 1022564,
    found: "a registration that could not be stored: register-timeout killed the agent that the list showed",
  },
  { seed: 1055487, found: "an ACCEPT that came late after the task was called gone: its record, Missing, was deleted" },
  {
    seed: 1055910,
    found: "an agent whose record was deleted registered anew under the same uuid while KILLs were lost",
  },
  { seed: 2836, found: "GoCD up to 18.6 shows a dead agent as Missing for ever: its drain never ended" },
  {
    seed: 150450899,
    found:
      "an agent that started anew, registered and built between the last look and the DELETE of its drained record",
  },
  {
    seed: 1000019,
    found: "an ACCEPT that arrived twice: its second copy's TASK_DROPPED ended the record of a running task",
  },
  { seed: 1000006, found: "a teardown after a restart forgot records before it had looked for them" },
  {
    seed: 2294559800,
    found:
      "a TEARDOWN that came late, after launching went on: the agents launched since were forgotten, their records left",
  },
  {
    seed: 2294618107,
    found: "a removal after a TEARDOWN that was taken back: the records of the dead were forgotten, and stayed",
  },
  {
    seed: 2294615185,
    found: "a clock set forward while the program was down gave up an unreachable agent, and the teardown left it",
  },
  {
    seed: 5067000,
    found: "a Pending agent killed for being stuck, while its enabling waited in a queue of sixty",
  },
  {
    seed: 9043,
    weather: "mild",
    found: "two idle agents of one profile made room on a host, and min-idle was left short",
  },
  {
    seed: 605,
    weather: "calm",
    found: "a launch that no offer fitted used up the rate of a slow server: others were not launched for minutes",
  },
  {
    seed: 342,
    weather: "stormy",
    found: "a drain-timeout that counted from when a person had disabled the agent, long before its drain",
  },
  {
    seed: 72000337,
    found:
      "a build whose agent had just died was forgotten, and the last agent drained, because that was long in contact",
  },
  {
    seed: 73000328,
    weather: "mild",
    found:
      "GoCD 15.2 looks for lost builds every 300 s: the record of the dead was disabled before, and counted as live",
  },
  { seed: 73275, found: "an agent known by its address only, disabled by a person before Mesos' word of it came" },
  {
    seed: 73279,
    found: "an agent known by its address only: its host was unreachable, and it died before it was taken",
  },
  {
    seed: 8100289,
    found: "an address given again at once: the record of the dead agent was taken for that of the living one",
  },
  { seed: 8100636, found: "builds of agents that died while no list could show them, on a server that keeps them" },
  {
    seed: 8100681,
    found: "a maintenance mode that our account may not see: agents that could not register were killed",
  },
  {
    seed: 8140,
    found:
      "a container adopted a moment after the first list of a run: its agent, listed there, was no longer thought of",
  },
  {
    seed: 8358,
    found:
      "an agent that registered, took a build and died while no list could be read: nobody was left to be given it",
  },
  { seed: 8140192, found: "an adopted container that may be any agent in contact is left running, rightly" },
  { seed: 8100880, found: "a KILL repeated slowly by a standby whose clock was ten minutes ahead" },
  { seed: 8200581, found: "jobs wait behind a container that may be an agent disabled before any list showed it" },
  { seed: 8201130, found: "containers that may be an agent disabled before any list showed it are left for ever" },
  { seed: 8101064, found: "a crash that struck long after it was planned, when the law had forgotten its cost" },
  {
    seed: 8700029,
    weather: "mild",
    found: "the law of zombies believed the name of an elastic job's pipeline, which is in no environment",
  },
  {
    seed: 8700223,
    weather: "stormy",
    found: "the law of zombies counted a job once that the server gave to agents again and again",
  },
  { seed: 8700266, weather: "mild", found: "as 8700029, after a change of settings" },
  { seed: 8700473, weather: "mild", found: "as 8700029, after a restart of the server" },
  { seed: 8700623, weather: "mild", found: "as 8700029, on a server of version 18.10" },
  { seed: 8301171, found: "a build of an agent that ended before its address told whose it is, with no agent alive" },
  { seed: 8400270, found: "an adopted container: its address proves nothing, as its network is not known" },
  { seed: 8920002, found: "one list without the record of an agent that a held container may be: it was killed" },
  { seed: 8930026, found: "the same at the very end of register-timeout, before it was held" },
  {
    seed: 8500372,
    found: "another server after a restart, while Mesos had lost most agents: the brake counted only the rest",
  },
  { seed: 8500626, found: "an old server whose silent agent held the KILL of a container longer than the law allowed" },
  { seed: 78000018, found: "a KILL that was repeated without a look at the list: the agent had registered since" },
  { seed: 8140111, found: "a build that hung on a Missing record, thought given back before that was deleted" },
  {
    seed: 8500102,
    found: "a build that hung on a record of the dead, adopted as Missing after an older state came back",
  },
  { seed: 900, found: "our own DELETEs of a teardown that was given up put the brake on" },
  { seed: 8810401, found: "our own DELETEs of a teardown at once put the brake on" },
  {
    seed: 20267,
    found: "agents that were drained, not reached and given back put the brake on: we had deleted their records",
  },
  {
    seed: 8810973,
    found:
      "the law counted the time in which the program's machine was suspended, and no list was read, against the brake",
  },
  { seed: 8600007, found: "the same with another server in place of lists that lack records" },
  {
    seed: 9301444,
    found: "an agent that took a build, and was known only as Missing on an old server until it was given up",
  },
  {
    seed: 9301689,
    found: "an agent found by its record when it was lost: the one list that showed its build told nothing",
  },
  { seed: 8140068, found: "an old server's disabled record, long dead, at the address that a new container was given" },
  {
    seed: 9812915,
    weather: "mild",
    found: "the law of surplus counted idleness that a run before a crash had seen, just short of idle-timeout",
  },
  { seed: 9812155, found: "a law that counted a break of 92 s, of which the machine was suspended for 80 s" },
  {
    seed: 9821047,
    found: "a Pending record that was enabled while lists lacked it: its agent was killed with its build",
  },
  { seed: 9830700, found: "the law of the brake counted the time after a restore in which the program was suspended" },
  {
    seed: 9831787,
    found: "a framework torn down in another cluster by a program that died then: what ran in its own was left",
  },
  { seed: 9841069, found: "a brake after a restore: records that the lost state had deleted, whose containers ran on" },
  { seed: 9810000, found: "the law of attempts judged polls from before an upgrade by the rule of case after it" },
  { seed: 9800311, found: "the build of a former process, forgotten when the record of the new one was deleted" },
  { seed: 9501412, found: "an agent without its name registered while KILLs at register-timeout were lost: repeated" },
  { seed: 9503185, found: "an idle look from before another server answered was taken for the first of two" },
  { seed: 9504033, found: "the same, after a restart under the brake" },
  { seed: 21835, found: "the law of zombies took a job that was put back between two polls for a newer one" },
  { seed: 9502518, found: "the same on a server whose lists showed nothing of it" },
  {
    seed: 9500058,
    found: "a list without the record of a dead agent, ten minutes after its death: forgotten, it stayed",
  },
  {
    seed: 9700981,
    found: "people deleted every record of a list at once: nothing told the next from another server's",
  },
  { seed: 9711504, found: "the model of state forget-framework hid that a restored state had been used: an id twice" },
  {
    seed: 9714109,
    found: "more agents than max-agents, given back by Mesos, were told to hold what the profile's limit did",
  },
  { seed: 9500860, found: "the same by a clock that was set a day ahead, and on the first list of a run" },
  { seed: 9500533, found: "a teardown that went on after a restart, on a list without the record of a dead agent" },
  { seed: 9500418, found: "the law of pace asked for a KILL on lists that a busy server gave too late for one" },
  { seed: 9504751, found: "the law of strangers took launches for such that were on record, but had never left" },
  {
    seed: 9503847,
    found: "an agent that took a build before any list showed it, found as Idle after its host was gone",
  },
  { seed: 9504609, found: "builds of agents that Mesos ended while the lists of another server lacked them" },
  { seed: 30000805, found: "a record that was adopted without its environment: no job that waited was ever for it" },
  { seed: 9500509, found: "a build that hung when the framework was torn down, and all was forgotten" },
  {
    seed: 10001290,
    found: "an address out of a restored state, given to another container since: the record of its agent was taken",
  },
  { seed: 10104066, found: "an agent that ended without a record held its former build, and all idle ones, for ever" },
  { seed: 10104398, found: "a launch that Mesos dropped took the only place in a minute on a slow server" },
  { seed: 10113179, found: "the law of progress forgot the jobs that had been launched for before, one a minute" },
  {
    seed: 10110363,
    found: "a disabled agent elsewhere, listed only after a restart and a launch: it held each KILL although long idle",
  },
  {
    seed: 10114032,
    found: "the law of pace took a record that was written again after a restart for the beginning of its phase",
  },
  {
    seed: 10107889,
    found: "an agent whose build was first listed as that of one out of contact, the last one: it hung",
  },
  { seed: 10120276, found: "the same after a restart of the server, whose record then told of no build" },
  {
    seed: 10120665,
    found: "what a process took just before it started anew: its record showed Idle, then Missing, and the build hung",
  },
  {
    seed: 10170900,
    found: "the agent of a container that had ended before it was known held the KILL of one that never registered",
  },
  {
    seed: 10172919,
    found:
      "a restored state called a launch dropped that had been made, and the record of its living agent was deleted",
  },
  {
    seed: 42413,
    found: "old idle agents of a former profile waited for replacements that max-agents did not allow",
  },
  {
    seed: 10180758,
    found: "the cpus of an ended task, offered again before its end was heard of, counted twice until the next offer",
  },
  {
    seed: 10181988,
    found: "the law of builds knew no agent that was first shown while the KILL of its container was on its way",
  },
  {
    seed: 10185651,
    found: "the law of cpu-hours took the use that a clock set back has moved to the day before for forgotten",
  },
  {
    seed: 10185504,
    found:
      "the law of cpu shares, where an end was made known to the master behind an update that we had not acknowledged",
  },
  {
    seed: 10186818,
    found: "another GoCD server answered while we had two agents, too few for the brake: a building one got KILL",
  },
  {
    seed: 10196902,
    found:
      "a run-on-all job that had lost its pin unseen waited for ever, as an agent whose cancelled build hung could be its own",
  },
  {
    seed: 10198741,
    found: "the simulated master took a machine back under its old id that had been wiped while it was unreachable",
  },
  {
    seed: 10200300,
    found:
      "an agent that registered while its KILL was on its way stayed enabled, and was given a job that died with it",
  },
  {
    seed: 10200823,
    found: "the law of phases, where an agent of others had been on no list of the run that launched",
  },
  {
    seed: 10260379,
    found: "the dashboard was read after the list of agents, which was old by then, and a KILL rested on it",
  },
  {
    seed: 10274989,
    found: "the record of a container that was lost before its address was known, taken for that of the next one there",
  },
  {
    seed: 10288357,
    found: "an older state of another framework met a record of its newer copy, and used the number next to it again",
  },
  {
    seed: 10286358,
    found: "Mesos' registry was empty when a KILL was due and could not be sent: the container counted as stopped",
  },
  {
    seed: 10277491,
    found: "after a fail-over, an agent of others that one list had left out at the launch looked new",
  },
  { seed: 10274968, found: "the law of one agent that is tried at a time, where the operator asked for one more" },
  { seed: 21993, found: "a canary launched during a freeze, just after the GoCD server had restarted" },
  { seed: 13, found: "a canary launched during a freeze, while the GoCD server was not read" },
  {
    seed: 6083,
    weather: "mild",
    found: "a run-on-all job that had just become ours counted as passed over by an older job",
  },
  {
    seed: 11305,
    found: "a wiped machine counted twice for max-cpu-share while the loss of its task could not be stored",
  },
  { seed: 7177, found: "at max-cpu-share an agent was drained for another sharer's job and enabled again at once" },
  {
    seed: 10331082,
    found: "after a fail-over, before its first list, an agent that ended with a job counted as holding none",
  },
  {
    seed: 10354890,
    found:
      "the brake for another GoCD server stayed on, although the list had agents of ours, because Mesos had lost them",
  },
  {
    seed: 10356608,
    weather: "mild",
    found: "a job that waited for another cause gave the newer jobs of its bucket precedence over an older one",
  },
  { seed: 10370842, found: "an agent that ended just after it was given a hung build counted as holding none" },
  {
    seed: 10371872,
    weather: "mild",
    found: "the law of cpu-hours, for a launch between midnight and the first tick of the day",
  },
  {
    seed: 10401792,
    found:
      "a teardown of a restored older state did not wait until Mesos had reported the agents that the state lacked",
  },
  {
    seed: 10405741,
    found:
      "an offer that was the first event after the machine was suspended was used although the last poll was too old",
  },
  {
    seed: 10404326,
    weather: "mild",
    found: "the law of fair shares took what max-cpu-share had held back before it was removed for held back",
  },
  {
    seed: 10407312,
    found:
      "the DELETE of the second record of a dead agent was not stored, and missing from the list it looked vanished",
  },
  {
    seed: 10406899,
    found: "the earlier record of an agent that had registered anew stayed if it showed the name of the host",
  },
];
