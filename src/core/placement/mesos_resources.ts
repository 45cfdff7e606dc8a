// Exact arithmetic on amounts of Mesos resources.

/**
 * An amount of the resources that a container asks for. Scalars are whole thousandths, because Mesos itself computes
 * with three decimals (mesos `src/common/values.cpp`: fixed point of 1000), so that sums never drift.
 */
export interface MesosResources {
  /** Processors, in thousandths. */
  readonly cpusMilli: number;
  /** Memory in megabytes (2^20 bytes, as Mesos means it), in thousandths. */
  readonly memMbMilli: number;
  /** Disk in megabytes, in thousandths. */
  readonly diskMbMilli: number;
  /** Graphics processors, whole. */
  readonly gpus: number;
  /** How many host ports are wanted. */
  readonly portsCount: number;
}

/** Nothing at all. */
export const noResources: MesosResources = { cpusMilli: 0, memMbMilli: 0, diskMbMilli: 0, gpus: 0, portsCount: 0 };

/** A double of the wire in thousandths; rounds as Mesos does. */
export function toMilli(value: number): number {
  return Math.round(value * 1000);
}

/** Thousandths as the double of the wire. */
export function fromMilli(milli: number): number {
  return milli / 1000;
}
