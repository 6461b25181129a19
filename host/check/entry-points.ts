import type { CallbackName } from "../../abi/definition/schema.ts";
import { CONTEXTS } from "../../abi/generated/conformance.ts";
import * as C from "../../abi/generated/constants.ts";
import type { Factory } from "../vm/vdev.ts";
import type { Known } from "./analysis/constants.ts";
import { type Member, optionName } from "./factories.ts";
import type { RunContext } from "./rules.ts";

/** One way the host enters a module. */
export interface EntryPoint {
  /** As in `CallbackReport`. */
  readonly title: string;
  readonly callback: CallbackName;
  readonly factory?: string;
  readonly ctrl?: number;
  /** The function entered, and what is known of its arguments. */
  readonly func: number;
  readonly args: readonly Known[];
  /** Situations it is judged in: a rule is broken when it is in all of them. */
  readonly contexts: readonly RunContext[];
  /** Situations before the guest is configured, for callbacks that come mostly after it. */
  readonly early: readonly RunContext[];
}

/** Values of `ctrl` other than options. */
const CONTROLS: readonly (readonly [CallbackName, number])[] = [
  ["OPTIONS_START", C.VDEV_CTRL_OPTIONS_START],
  ["OPTIONS_END", C.VDEV_CTRL_OPTIONS_END],
  ["ASSIGN", C.VDEV_CTRL_ASSIGN],
  ["PCI_BARS", C.VDEV_CTRL_PCI_BARS],
  ["GEN_FDT", C.VDEV_CTRL_GEN_FDT],
  ["GEN_ACPI", C.VDEV_CTRL_GEN_ACPI],
  ["GUEST_CONFIGURED", C.VDEV_CTRL_GUEST_CONFIGURED],
  ["GUEST_STARTING", C.VDEV_CTRL_GUEST_STARTING],
  ["STATUS", C.VDEV_CTRL_STATUS],
  ["BUTTON", C.VDEV_CTRL_BUTTON],
  ["TERMINATE", C.VDEV_CTRL_TERMINATE],
];

/** They may come at any time, but are written for a VM that runs. */
const MOSTLY_RUNNING: readonly CallbackName[] = ["STATUS", "BUTTON", "TERMINATE"];

const MEMBER_CALLBACKS: readonly (readonly [Member, CallbackName])[] = [
  ["vread", "vread"],
  ["vwrite", "vwrite"],
  ["timer", "timer"],
  ["pulse", "pulse"],
  ["pic.signal", "pic-signal"],
  ["pic.notify", "pic-notify"],
  ["pic.parse", "pic-parse"],
  ["pic.string", "pic-string"],
  ["pic.table_spec", "pic-table-spec"],
];

type Situations = Pick<EntryPoint, "contexts" | "early">;

function situations(callback: CallbackName): Situations {
  const all = CONTEXTS.filter((context) => context.callback === callback);
  if (!MOSTLY_RUNNING.includes(callback)) return { contexts: all, early: [] };
  const isEarly = (context: RunContext) => context.phase === "startup";
  return { contexts: all.filter((context) => !isEarly(context)), early: all.filter(isEarly) };
}

/** The module's top level. */
export function moduleStart(func: number): EntryPoint {
  return { title: "module start", callback: "module-start", func, args: [], ...situations("module-start") };
}

/** Every callback of a factory: control once for each value of `ctrl`, its own options included. */
export function entryPointsOf(factory: Factory, functions: ReadonlyMap<Member, number>): EntryPoint[] {
  const points: EntryPoint[] = [];
  const control = functions.get("control");
  const add = (title: string, callback: CallbackName, func: number, ctrl?: number) => {
    const known = ctrl === undefined ? { args: [] } : { ctrl, args: [undefined, ctrl | 0] };
    points.push({ title, callback, factory: factory.name, func, ...known, ...situations(callback) });
  };
  if (control !== undefined) {
    for (const [callback, ctrl] of CONTROLS) {
      add(`VDEV_CTRL_${callback}`, callback, control, ctrl);
      if (callback !== "OPTIONS_START") continue;
      factory.optionList.forEach((option, i) => {
        add(`option ${optionName(option)}`, "OPTION", control, C.VDEV_CTRL_FIRST_OPTIDX + i);
      });
    }
  }
  for (const [member, callback] of MEMBER_CALLBACKS) {
    const func = functions.get(member);
    if (func !== undefined) add(callback, callback, func);
  }
  return points;
}

/** Whether the guest may be running: memory allocated from here on is a leak. */
export function isAfterStart(point: EntryPoint): boolean {
  return point.contexts.every((context) => context.phase === "running");
}
