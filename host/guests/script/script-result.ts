import type { SourcePlace } from "../../errors.ts";
import type { ScriptStep } from "./step.ts";

/** Where a run tells what it does. */
export interface ScriptOutput {
  /** The text of a `print`. */
  print(text: string): void;
  /** After every command that has a result. */
  answer?(step: ScriptStep, answer: string): void;
}

/** An expectation that did not hold, or a command that could not be carried out. */
export interface ScriptFinding {
  readonly place: SourcePlace;
  /** One sentence. */
  readonly message: string;
  readonly expected: string;
  readonly got: string;
}

export interface ScriptResult {
  /** The first 1000, in the order of the run. */
  readonly findings: readonly ScriptFinding[];
  /** All findings. Zero: the script held. */
  readonly failed: number;
  /** Expectations checked. */
  readonly expectations: number;
  /** Those that held. */
  readonly held: number;
  /** Accesses made, one a byte for `read`, `write` and `memset`, and one more for each that had to be repeated. */
  readonly accesses: number;
  /** Accesses that ended in a bus error, expected or not. */
  readonly errors: number;
  /** Lines that were not reached because the VM had ended. */
  readonly skipped: number;
  /** Whether the VM ended during the run. */
  readonly stopped: boolean;
}
