// Which Pending record is enabled for an instance, and when: anyone can claim any hostname.

import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { Waiting } from "../instance.ts";
import { newRecordMs } from "../life/gocd_clocks.ts";
import { hasOwnAddress } from "./recognition.ts";

/** Of several Pending records of one name: the one being enabled, or the one with the container's address. */
export function likeliest(instance: Waiting, pending: readonly GocdAgent[]): GocdAgent | undefined {
  const { addresses = [] } = instance;
  const uuid = instance.state === "starting" ? instance.pendingUuid : undefined;
  return pending.find((each) => each.uuid === uuid) ??
    pending.find(({ ipAddress = "" }) => addresses.includes(ipAddress)) ?? pending[0];
}

/**
 * Whether a Pending record of the instance's name may be enabled now. An agent that was told a key comes as Pending only
 * where the key is wrong, so a record that is there before the container is not its own. And one whose address is not
 * that of the container is looked at twice: a Pending record has the address of its connection (GoCD
 * AgentRegistrationController), which is that of the container unless somebody stands in between, so by itself it proves
 * nothing; but the true agent may come meanwhile.
 */
export function mayAdmit(draft: Draft, instance: Waiting, { uuid, ipAddress = "" }: GocdAgent): boolean {
  const { settings, server } = draft.state;
  const isTold = settings.registersWithKey === true;
  if (isTold && (instance.state === "launching" || instance.runningSinceMs === undefined)) return false;
  const { addresses = [] } = instance;
  if (addresses.length === 0 || ipAddress === "" || addresses.includes(ipAddress)) return true;
  // Docker's bridge hides the container behind its host; there only who has a working key comes under suspicion.
  const isOdd = hasOwnAddress(instance) || isTold && server.keyRefusedMs === undefined;
  return !isOdd || draft.atMs - (server.appearedMs.get(uuid) ?? draft.atMs) >= newRecordMs;
}
