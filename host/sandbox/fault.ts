import type { Finding } from "../gate/finding.ts";
import type { ModuleInstance } from "./instance.ts";

/** Thrown by the `env.abort` import: a failed assertion, bounds check or `throw` in AssemblyScript. */
export class AssemblyAbort extends Error {
  override readonly name = "AssemblyAbort";
}

/** What made a module stop, in words. */
export function faultOf(
  error: Error,
  instance: ModuleInstance,
): Pick<Finding, "severity" | "rule" | "message" | "advice"> {
  if (error instanceof AssemblyAbort) {
    return {
      severity: "fault",
      rule: "abort",
      message: error.message,
      advice: "Look at the assertion or index the message names.",
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
  return {
    severity: "fault",
    rule: "trap",
    message: `${instance.module.file} trapped: ${error.message}`,
    advice: "WebAssembly stops a module that reaches outside its memory, divides by zero or calls a wrong function.",
  };
}
