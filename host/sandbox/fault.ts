import type { Finding } from "../gate/finding.ts";
import type { ModuleInstance } from "./instance.ts";
import { innermostFile } from "./stack.ts";

/** Thrown by the `env.abort` import: a failed assertion, bounds check or `throw` in AssemblyScript. */
export class AssemblyAbort extends Error {
  override readonly name = "AssemblyAbort";
}

/** What made a module stop, in words. @param thread the vdev's own thread it was in, as a sentence has it. @param isInvariant in vdevbox_invariants() */
export function faultOf(
  error: Error,
  instance: ModuleInstance,
  thread?: string,
  isInvariant = false,
): Pick<Finding, "severity" | "rule" | "message" | "advice"> {
  if (error instanceof AssemblyAbort && isInvariant) {
    return {
      severity: "fault",
      rule: "invariant",
      message: `an invariant does not hold: ${error.message}`,
      advice: "Look at what the guest did last: it left the vdev in a state that its author rules out.",
    };
  }
  if (error instanceof AssemblyAbort) {
    return {
      severity: "fault",
      rule: "abort",
      message: error.message,
      advice: "Look at the assertion or index the message names.",
    };
  }
  if (instance.limit === "fuel" && thread !== undefined) {
    return {
      severity: "fault",
      rule: "limit",
      message: `${thread} in ${instance.module.file} took more than ${instance.fuelBudget} steps without waiting`,
      advice:
        "While a thread does not wait nobody else goes on. Let it wait for what it is to do, with pthread_cond_wait(), sem_wait() or delay().",
    };
  }
  if (instance.limit === "fuel") {
    return {
      severity: "fault",
      rule: "limit",
      message: `a callback of ${instance.module.file} ran past its limit of ${instance.fuelBudget} steps`,
      advice:
        "A callback runs on a vCPU and must end soon: bound every loop, above all those whose count comes from the guest.",
    };
  }
  if (instance.limit === "depth" || (error instanceof RangeError && /stack|nested/.test(error.message))) {
    return {
      severity: "fault",
      rule: "limit",
      message: `${instance.module.file} called itself too deeply`,
      advice: "Turn the recursion into a loop, or bound its depth.",
    };
  }
  const exhausted = exhaustedBy(error, instance);
  if (exhausted !== undefined) return { severity: "fault", rule: "limit", ...exhausted };
  return {
    severity: "fault",
    rule: "trap",
    message: `${instance.module.file} trapped: ${error.message}`,
    advice: "WebAssembly stops a module that reaches outside its memory, divides by zero or calls a wrong function.",
  };
}

/** Files whose own `unreachable` means that something is used up. */
const ALLOCATOR = /^~lib\/rt\//;
const FRAMES = /(^|\/)abi\/runtime\/frame\.ts$/;

/** Which of a module's stores is used up, when that is why it trapped. */
function exhaustedBy(error: Error, instance: ModuleInstance): Pick<Finding, "message" | "advice"> | undefined {
  if (!/unreachable/.test(error.message)) return undefined;
  const { file } = instance.module;
  const place = innermostFile(error, instance.module) ?? "";
  if (ALLOCATOR.test(place)) {
    return {
      message: `${file} is out of memory: it has ${instance.bytes.length >> 10} KiB and the next allocation goes beyond its limit`,
      advice:
        "Memory is never given back: allocate at startup only, and use extra_space for the state of a vdev. asconfig.json sets maximumMemory in pages of 64 KiB.",
    };
  }
  if (!FRAMES.test(place)) return undefined;
  return {
    message: `a callback of ${file} asked stack_alloc() or address_of() for more than the 448 bytes it has in all`,
    advice:
      "Give bytes back inside a loop with stack_mark() and stack_release(), or keep large buffers in extra_space.",
  };
}
