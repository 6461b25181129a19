import { dirname } from "node:path";
import { parseConfig } from "../../host/config/parse-config.ts";
import { UserError } from "../../host/errors.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile } from "./vm.ts";

/** A VM of a configuration's text, or why there is none. */
export interface Started {
  readonly vm: Vm | undefined;
  /** As the command line prints it; empty when the VM started. */
  readonly error: string;
  readonly events: readonly VmEvent[];
}

/** Starts the VM of a configuration named vm.qvmconf whose vdev types are these modules. */
export function startConfig(
  modules: Readonly<Record<string, Uint8Array>>,
  text: string,
  listener: (event: VmEvent) => void = () => {},
): Started {
  const events: VmEvent[] = [];
  const modulePath = Object.entries(modules).map(([type, bytes]) => dirname(moduleFile(bytes, type)));
  try {
    const plan = planFromConfig(parseConfig(text, "vm.qvmconf"), { modulePath });
    const vm = createVm(plan, {
      listener: (event) => {
        events.push(event);
        listener(event);
      },
    });
    return { vm, error: "", events };
  } catch (error) {
    if (error instanceof UserError) return { vm: undefined, error: error.toString(), events };
    throw error;
  }
}
