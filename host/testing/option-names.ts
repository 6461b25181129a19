import { didYouMean } from "../nearest-word.ts";

/** Options of VMs, campaigns and searches: one object may be given to createVm(), fuzzDevice() and exploreDevice(). */
const DEVICE = [
  ...["config", "text", "module", "options", "modulePath", "policy", "atOnce"],
  ...["reset", "notReset", "reference", "executions", "seed", "seeds"],
  ...["guest", "schedules", "preempt"],
];

/**
 * Test runners do not check types: an option that is misspelt would do nothing, and a test hold that tests nothing.
 * @throws Error naming the first that `call` does not know
 */
export function checkDevice(call: string, given: object | string): void {
  if (typeof given !== "string") checkNames(call, given, DEVICE);
}

/** The same for options that stand behind those of the VM. @param own all there are */
export function checkMore(call: string, given: object | string, more: object, own: readonly string[]): void {
  if (typeof given !== "string") {
    const later = Object.keys(given).find((name) => own.includes(name) && name !== "seed");
    if (later !== undefined) throw new Error(`"${later}" belongs to the second argument of ${call}()`);
  }
  checkDevice(call, given);
  checkNames(call, more, own);
}

function checkNames(call: string, given: object, names: readonly string[]): void {
  if (typeof given !== "object" || given === null) throw new Error(`${call}() takes an object of options`);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new Error(`${call}() has no option "${name}"${didYouMean(name, names)}`);
  }
}
