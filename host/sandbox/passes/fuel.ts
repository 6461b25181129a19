import { UserError } from "../../errors.ts";
import { hex } from "../wasm/byte-reader.ts";
import type { Code, FunctionEditor } from "../wasm/function-editor.ts";
import { type DefinedFunction, definedFunction, functionName, VALUE } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { type Instruction, walkBody } from "../wasm/walk.ts";
import { type FuelCosts, fuelCosts } from "./fuel-costs.ts";
import {
  call,
  faultIf,
  globalGet,
  globalSet,
  i32Const,
  limitGlobal,
  localGet,
  localSet,
  localTee,
} from "./instructions.ts";
import { EXPORT, isEntry, LIMIT, type Pass } from "./pass.ts";

export interface FuelOptions {
  /** Fuel of the start function, and the budget of activations until the host sets another. 0 to 2^30. */
  readonly startBudget: number;
  /** Whether the module keeps what each activation left, for who measures costs. */
  readonly keepsRest?: boolean;
}

/** Growing memory zeroes pages and may move them; charged as this many units whatever the size. */
const MEMORY_GROW_UNITS = 256;
/** A bulk operation on memory costs one unit for this power of two of bytes. */
const MEMORY_BYTES_PER_UNIT_LOG2 = 5;
/** A bulk operation on a table costs this power of two of units for each element: the engine handles each by itself. */
const TABLE_UNITS_PER_ELEMENT_LOG2 = 2;
/** No table is larger: a longer operation is out of bounds and faults by itself. Keeps the charge below 2^30. */
const TABLE_ELEMENTS_MAX = 2 ** 28;
/** A larger budget could wrap around when a charge is taken from it. */
const BUDGET_MAX = 2 ** 30;

/**
 * Bounds the work of every activation of the module, deterministically.
 *
 * `__vdevbox_fuel` is what is left; `__vdevbox_fuel_budget` (0 to 2^30, set by the host) is what an activation gets.
 * Function entries and loop heads take what the code up to the next check may cost (see `FuelCosts`), bulk operations
 * take their length before they run. When less is left than is asked, nothing is taken, `__vdevbox_limit` becomes 1
 * and the module faults. No charge exceeds 2^30, so that fuel cannot wrap around.
 *
 * Entries (exports named `__vdevbox_…`) set the fuel to the budget and give the caller's rest back at their normal
 * exit; with `keepsRest`, `__vdevbox_fuel_rest` then is what was left. Only calls from outside do: a function that the module itself calls too keeps its check, and its export names
 * a wrapper. After a fault the rest stays as it was; the next entry sets it anew.
 */
export function fuelPass({ startBudget, keepsRest = false }: FuelOptions): Pass {
  if (!Number.isInteger(startBudget) || startBudget < 0 || startBudget > BUDGET_MAX) {
    throw new RangeError(`the start budget must be an integer from 0 to ${BUDGET_MAX}, not ${startBudget}`);
  }
  return {
    name: "fuel",
    key: `fuel 1 ${startBudget}${keepsRest ? " rest" : ""}`,
    apply: (rewriter) => new FuelInstrumentation(rewriter, startBudget, keepsRest).run(),
  };
}

class FuelInstrumentation {
  readonly #rewriter: ModuleRewriter;
  readonly #costs: FuelCosts;
  readonly #fuel: number;
  readonly #budget: number;
  readonly #limit: number;
  readonly #rest: number | undefined;

  constructor(rewriter: ModuleRewriter, startBudget: number, keepsRest: boolean) {
    const global = { type: VALUE.i32, mutable: true, initial: startBudget } as const;
    this.#rewriter = rewriter;
    this.#costs = fuelCosts(rewriter.module, rewriter.callGraph);
    this.#fuel = rewriter.addGlobal({ ...global, exportAs: EXPORT.fuel });
    this.#budget = rewriter.addGlobal({ ...global, exportAs: EXPORT.fuelBudget });
    this.#limit = limitGlobal(rewriter);
    this.#rest = keepsRest ? rewriter.addGlobal({ ...global, exportAs: EXPORT.fuelRest }) : undefined;
  }

  run(): void {
    const armedInside = this.#armEntries();
    for (const func of this.#rewriter.module.functions) {
      if (!this.#rewriter.isHosts(func.index)) this.#instrument(func, armedInside.has(func.index));
    }
  }

  /** Gives every entry its fuel; answers the functions that must arm themselves. */
  #armEntries(): Set<number> {
    const { module, callGraph } = this.#rewriter;
    const calledInside = new Set(callGraph.addressTaken);
    for (const { target } of callGraph.sites.flat()) if ("function" in target) calledInside.add(target.function);
    if (module.start !== undefined) calledInside.add(module.start);
    const armedInside = new Set<number>();
    const wrappers = new Map<number, number>();
    for (const { name, kind, index } of module.exports) {
      const func = kind === "function" && isEntry(name) ? definedFunction(module, index) : undefined;
      if (func === undefined || this.#rewriter.isHosts(index)) continue;
      if (!calledInside.has(index)) {
        armedInside.add(index);
        continue;
      }
      if (!wrappers.has(index)) wrappers.set(index, this.#addWrapper(func, name));
      this.#rewriter.redirectExport(name, wrappers.get(index)!);
    }
    return armedInside;
  }

  #addWrapper(func: DefinedFunction, name: string): number {
    const { parameters } = func.type;
    const saved = parameters.length;
    const code = [
      ...this.#arm(saved, 0),
      ...parameters.flatMap((_, index) => localGet(index)),
      ...call(this.#rewriter.functionIndex(func.index)),
      ...this.#disarm(saved),
      OP.end,
    ];
    return this.#rewriter.addFunction({ type: func.type, locals: [VALUE.i32], code, name });
  }

  #arm(saved: number, cost: number): Code {
    const rest = cost === 0 ? [] : [...i32Const(cost), OP.i32Sub];
    return [
      ...globalGet(this.#fuel),
      ...localSet(saved),
      ...globalGet(this.#budget),
      ...rest,
      ...globalSet(this.#fuel),
    ];
  }

  #disarm(saved: number): Code {
    const kept = this.#rest === undefined ? [] : [...globalGet(this.#fuel), ...globalSet(this.#rest)];
    return [...kept, ...localGet(saved), ...globalSet(this.#fuel)];
  }

  #instrument(func: DefinedFunction, arms: boolean): void {
    const editor = this.#rewriter.edit(func);
    const scratch = scratchLocals(editor);
    const entry = this.#costs.entry(func);
    if (arms) this.#instrumentEntry(editor, entry ?? 0);
    else if (entry !== undefined) editor.prologue(this.#charge(i32Const(entry), scratch.rest()));
    let loop: Instruction | undefined;
    walkBody(this.#rewriter.module, func, (instruction) => {
      if (loop !== undefined) {
        const code = this.#charge(i32Const(this.#costs.loop(loop.offset)), scratch.rest());
        // The check answers to what follows: `loop` itself has no place in the source.
        editor.insertAfter(loop, code, instruction.offset);
      }
      loop = instruction.opcode === OP.loop ? instruction : undefined;
      this.#chargeOperation(editor, instruction, scratch);
    });
  }

  #instrumentEntry(editor: FunctionEditor, cost: number): void {
    const saved = editor.addLocal(VALUE.i32);
    editor.prologue(this.#arm(saved, cost));
    editor.epilogue(this.#disarm(saved));
  }

  /** Takes what `units` leaves on the stack, at most 2^30. */
  #charge(units: Code, rest: number): Code {
    return [
      ...globalGet(this.#fuel),
      ...units,
      OP.i32Sub,
      ...localTee(rest),
      ...i32Const(0),
      OP.i32LtS,
      ...faultIf(this.#limit, LIMIT.fuel),
      ...localGet(rest),
      ...globalSet(this.#fuel),
    ];
  }

  #chargeOperation(editor: FunctionEditor, instruction: Instruction, scratch: ScratchLocals): void {
    switch (instruction.opcode) {
      case OP.memoryCopy:
      case OP.memoryFill:
      case OP.memoryInit:
        editor.insertBefore(instruction, this.#chargeLength(memoryUnits, scratch));
        break;
      case OP.tableCopy:
      case OP.tableFill:
      case OP.tableInit:
      case OP.tableGrow:
        editor.insertBefore(instruction, this.#chargeLength(tableUnits, scratch));
        break;
      case OP.memoryGrow:
        editor.insertBefore(instruction, this.#charge(i32Const(MEMORY_GROW_UNITS), scratch.rest()));
        break;
      case OP.atomicWait32:
      case OP.atomicWait64:
        throw new UserError(
          `${functionName(this.#rewriter.module, editor.func.index)} waits on memory at byte ${hex(instruction.offset)} ` +
            "(memory.atomic.wait), which no limit of the sandbox bounds; wait through a call of the API.",
        );
    }
  }

  /** The length is the topmost operand; it is taken off, charged and put back. */
  #chargeLength(units: (length: Code) => Code, scratch: ScratchLocals): Code {
    const length = scratch.length();
    return [...localSet(length), ...this.#charge(units(localGet(length)), scratch.rest()), ...localGet(length)];
  }
}

/** Locals of one function that checks use, added when first asked for. */
interface ScratchLocals {
  rest(): number;
  length(): number;
}

function scratchLocals(editor: FunctionEditor): ScratchLocals {
  let rest: number | undefined;
  let length: number | undefined;
  return {
    rest: () => (rest ??= editor.addLocal(VALUE.i32)),
    length: () => (length ??= editor.addLocal(VALUE.i32)),
  };
}

/** `length >>> MEMORY_BYTES_PER_UNIT_LOG2` */
function memoryUnits(length: Code): Code {
  return [...length, ...i32Const(MEMORY_BYTES_PER_UNIT_LOG2), OP.i32ShrU];
}

/** `min(length, TABLE_ELEMENTS_MAX) << TABLE_UNITS_PER_ELEMENT_LOG2`, unsigned. */
function tableUnits(length: Code): Code {
  const most = i32Const(TABLE_ELEMENTS_MAX);
  const least = [...length, ...most, ...length, ...most, OP.i32LtU, OP.select];
  return [...least, ...i32Const(TABLE_UNITS_PER_ELEMENT_LOG2), OP.i32Shl];
}
