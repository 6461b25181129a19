import type { SourcePlace } from "../../errors.ts";
import { UserError } from "../../errors.ts";
import type { GuestAccess } from "../../vm/begun-access.ts";
import { formatStep, readWord, writeWord } from "./format-step.ts";
import type { Expectation, ScriptStep } from "./step.ts";

/** Accesses of one block. */
const ACCESSES_MAX = 10_000;

/** An access of a `together` block, and what is expected of it. */
export interface TogetherAccess {
  readonly step: Extract<ScriptStep, { kind: "read" | "write" }>;
  readonly access: GuestAccess;
  readonly expectation?: ScriptStep & { readonly kind: "expect"; readonly expectation: Expectation };
}

/** What `expect` may stand for behind an access. */
const EXPECTED: readonly Expectation["kind"][] = ["value", "ok", "error"];

/** The first block of a script, wherever it stands. */
export function firstTogether(steps: readonly ScriptStep[]): ScriptStep | undefined {
  for (const step of steps) {
    const found = step.kind === "together" ? step : step.kind === "repeat" ? firstTogether(step.body) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @throws UserError for a block that has something else than accesses, whose they are, and what is expected of them */
export function checkTogether(body: readonly ScriptStep[], place: SourcePlace): void {
  if (accessesOf(body, 0).accesses.length === 0) throw new UserError("this together has no access in it", place);
}

/**
 * The accesses of a block, in the order of the script.
 * @param vcpu whose they are until a `vcpu` says otherwise
 * @returns also whose those behind the block are
 */
export function accessesOf(body: readonly ScriptStep[], vcpu: number): { accesses: TogetherAccess[]; vcpu: number } {
  const accesses: TogetherAccess[] = [];
  let current = vcpu;
  let mayExpect = false;
  const add = (step: ScriptStep): void => {
    if (step.kind === "vcpu") current = step.vcpu;
    else if (step.kind === "repeat") for (let i = 0; i < step.count; i++) step.body.forEach(add);
    else if (step.kind === "read" || step.kind === "write") {
      if (accesses.length === ACCESSES_MAX) {
        throw new UserError(`a together makes at most ${ACCESSES_MAX} accesses`, step.place);
      }
      accesses.push({ step, access: accessOf(step, current) });
    } else if (step.kind === "expect") {
      if (!mayExpect || !EXPECTED.includes(step.expectation.kind)) {
        throw new UserError(
          "in together an access is followed by at most one `expect`, of a VALUE, VALUE/MASK, `ok` or `error`",
          step.place,
        );
      }
      accesses[accesses.length - 1] = { ...accesses.at(-1)!, expectation: step };
    } else {
      const words = `${readWord("memory", 4)}, ${writeWord("memory", 4)} and their kin, vcpu, repeat and expect`;
      const [word] = formatStep(step).split(/\s/, 1);
      throw new UserError(`${word} cannot stand in together, which has ${words}`, step.place);
    }
    mayExpect = step.kind === "read" || step.kind === "write";
  };
  body.forEach(add);
  return { accesses, vcpu: current };
}

/** An access as the VM makes it. */
export function accessOf(step: TogetherAccess["step"], vcpu: number): GuestAccess {
  const value = step.kind === "write" ? step.value : 0n;
  const [lo, hi] = halves(step.address);
  const [valueLo, valueHi] = halves(value);
  return { op: step.kind, space: step.space, lo, hi, width: step.width, valueLo, valueHi, vcpu };
}

function halves(value: bigint): [lo: number, hi: number] {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))];
}
