import { CALLBACK, PHASE } from "../gate/situation.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { QuickCalls } from "../sandbox/quick-calls.ts";
import type { Vm } from "./vm.ts";

/**
 * Where what a call found out may be kept, so that the module answers the next by itself: in a build for fuzzing without threads, while
 * an access is in progress that the dispatcher made. Rules of phase and thread have nothing against these calls then.
 */
export function quickCallsOf(vm: Vm, instance: ModuleInstance): QuickCalls | undefined {
  const { quick } = instance;
  if (quick === undefined || vm.threads !== undefined || vm.races !== undefined) return undefined;
  const { activations, context, hostWorkLimit } = vm;
  if (activations.current !== undefined || context.phase !== PHASE.running) return undefined;
  if (context.callback !== CALLBACK.vread && context.callback !== CALLBACK.vwrite) return undefined;
  quick.limit = hostWorkLimit;
  return quick;
}
