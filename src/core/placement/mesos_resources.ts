// Exact arithmetic on amounts of Mesos resources.

/**
 * The resources that a container requires. Scalars are whole thousandths, because Mesos itself computes with three
 * decimals (mesos `src/common/values.cpp`: fixed point of 1000), so that sums never drift.
 */
export interface MesosResources {
  /** Processors, in thousandths. */
  readonly cpusMilli: number;
  /** Memory in megabytes (2^20 bytes, as in Mesos), in thousandths. */
  readonly memMbMilli: number;
  /** Disk in megabytes, in thousandths. */
  readonly diskMbMilli: number;
  /** Graphics processors, whole. */
  readonly gpus: number;
  /** Number of host ports. */
  readonly portsCount: number;
}

/** No resources. */
export const noResources: MesosResources = { cpusMilli: 0, memMbMilli: 0, diskMbMilli: 0, gpus: 0, portsCount: 0 };

/** Converts a wire double to thousandths; rounds like Mesos. */
export function toMilli(value: number): number {
  return Math.round(value * 1000);
}

/** Converts thousandths to a wire double. */
export function fromMilli(milli: number): number {
  return milli / 1000;
}
