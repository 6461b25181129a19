import type { GateEntry, Rule } from "../../abi/definition/schema.ts";
import { EINVAL, ENOSYS, EPERM } from "../../abi/generated/constants.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Suspended } from "../threads/suspended.ts";
import { phaseAdvice, phaseRule } from "./advice.ts";
import { type ArgumentCheck, argumentChecks, describeArguments, type HandleOwner } from "./arguments.ts";
import type { Finding, RuleName } from "./finding.ts";
import { type Context, THREAD } from "./situation.ts";

/** What a gate needs of the VM. */
export interface GateHost extends HandleOwner {
  readonly context: Context;
  /** Counts a call against the callback in progress. @throws StopModule when it has made too many */
  charge(instance: ModuleInstance): void;
  /** Whether the thread in progress holds the address space lock of some type. */
  holdsGaspLock(): boolean;
  /**
   * Records what happened, with stack and situation. Under `strict` a violation throws through the module; otherwise
   * this returns and the call is refused.
   */
  report(
    instance: ModuleInstance,
    finding: Pick<Finding, "severity" | "rule" | "message" | "advice"> & Partial<Finding>,
  ): void;
}

/** The host's side of one ABI function. Arguments are raw i32, pointers and handles already checked. */
export type Body = (host: never, instance: ModuleInstance, args: readonly number[]) => number | Suspended;

/** What a WebAssembly module imports; one whose calls never wait never gets SUSPENDED. */
export type Gate = (...args: number[]) => number | Suspended;

/**
 * The check in front of one ABI call of one module instance. Order: phase, thread, advice, lock, may-block, re-entry,
 * arguments; the first violation decides. A rule that is documented gives a violation, any other a warning.
 */
export function createGate(entry: GateEntry, host: GateHost, instance: ModuleInstance, body: Body | undefined): Gate {
  const rules = new CallRules(entry, host, instance);
  const run = body as
    | ((host: GateHost, instance: ModuleInstance, args: readonly number[]) => number | Suspended)
    | undefined;
  const exclusive = entry.threadSafe.value === "no";
  return (...args) => {
    host.charge(instance);
    if (!rules.allows(args)) return rules.refusal;
    if (run === undefined) return rules.notSupported(args);
    if (!exclusive) return run(host, instance, args);
    rules.active++;
    try {
      return run(host, instance, args);
    } finally {
      rules.active--;
    }
  };
}

class CallRules {
  /** Calls of this function in progress; more than one is re-entry. */
  active = 0;
  /** What the C author sees of the last refused call. */
  refusal = 0;
  readonly #entry: GateEntry;
  readonly #host: GateHost;
  readonly #instance: ModuleInstance;
  readonly #checks: readonly ArgumentCheck[];
  /** Bits of the callbacks it may be called in, by phase, and of the threads on which there is no more to ask. */
  readonly #startup: number;
  readonly #running: number;
  readonly #plainThreads: number;

  constructor(entry: GateEntry, host: GateHost, instance: ModuleInstance) {
    this.#entry = entry;
    this.#host = host;
    this.#instance = instance;
    this.#checks = argumentChecks(entry);
    this.#startup = entry.allowedStartup;
    this.#running = entry.allowedRunning;
    const asked = entry.advisedAgainst | (entry.mayBlock.value === "yes" ? 1 << THREAD.vcpu : 0);
    this.#plainThreads = entry.lockNeeded === "never" ? entry.threads & ~asked : 0;
  }

  /** False when the call is refused; `refusal` is then its result. Throws when the module is to stop. */
  allows(args: readonly number[]): boolean {
    if (!this.#isPlain() && !(this.#allowsWhen(args) && this.#allowsWhere(args))) return false;
    return this.#allowsArguments(args);
  }

  /** Whether nothing can be wrong with when and where it is called, as with most calls. */
  #isPlain(): boolean {
    const { context } = this.#host;
    const callbacks = context.phase === 0 ? this.#startup : this.#running;
    return ((callbacks >>> context.callback) & (this.#plainThreads >>> context.thread) & 1) === 1 && this.active === 0;
  }

  #allowsWhen(args: readonly number[]): boolean {
    const entry = this.#entry;
    const { context } = this.#host;
    const allowed = context.phase === 0 ? entry.allowedStartup : entry.allowedRunning;
    if (((allowed >>> context.callback) & 1) === 1) return true;
    const { phase, callback } = context.situation();
    const where =
      callback === "none"
        ? "by vdevbox_invariants(), which may only look"
        : callback === "module-start"
          ? "while the module starts"
          : `in ${callback} (phase ${phase})`;
    return this.#broken("phase", entry.phase, args, `${entry.name}() was called ${where}`, {
      text: phaseRule(entry),
      advice: phaseAdvice(entry, callback),
    });
  }

  #allowsWhere(args: readonly number[]): boolean {
    const entry = this.#entry;
    const { context } = this.#host;
    const onThread = 1 << context.thread;
    if ((entry.threads & onThread) === 0) {
      const rule = { value: "", status: entry.threadsStatus };
      const thread = context.situation().thread;
      const message = `${entry.name}() was called on a ${thread} thread`;
      const text = `${entry.name}() is not for ${thread} threads`;
      if (
        !this.#broken("thread", rule, args, message, {
          text,
          advice: "Call it from a thread this function is meant for.",
        })
      )
        return false;
    }
    if ((entry.advisedAgainst & onThread) !== 0) this.#advise(args);
    if (entry.lockNeeded !== "never" && !this.#allowsWithoutLock(args)) return false;
    if (entry.mayBlock.value === "yes" && context.thread === THREAD.vcpu && !this.#allowsBlocking(args)) return false;
    if (this.active > 0) {
      const message = `${entry.name}() was called again before an earlier call of it had returned`;
      const text = `${entry.name}() is not thread safe`;
      return this.#broken("thread-safety", entry.threadSafe, args, message, {
        text,
        advice: "Guard it with a lock of your own.",
      });
    }
    return true;
  }

  #advise(args: readonly number[]): void {
    const entry = this.#entry;
    this.#report("warning", "advice", args, `${entry.name}() was called on a vCPU thread`, {
      text: entry.advice,
      status: "advice of the manual",
      advice: "The guest's processor waits meanwhile; let a thread of the vdev's own do it.",
    });
  }

  #allowsWithoutLock(args: readonly number[]): boolean {
    const entry = this.#entry;
    const { context } = this.#host;
    if (entry.lockNeeded === "running" && context.phase === 0) return true;
    if (this.#host.holdsGaspLock()) return true;
    const message = `${entry.name}() was called without the address space lock`;
    return this.#broken("lock", { value: "", status: "documented" }, args, message, {
      text: `${entry.name}() ${entry.lockNeeded === "running" ? "while running " : ""}belongs between gasp_lock() and gasp_unlock()`,
      advice: "Call gasp_lock() with the region's type first and gasp_unlock() after it.",
    });
  }

  #allowsBlocking(args: readonly number[]): boolean {
    const entry = this.#entry;
    return this.#broken(
      "may-block",
      entry.mayBlock,
      args,
      `${entry.name}() may block and was called on a vCPU thread`,
      {
        text: "a call that may block belongs on a thread the vdev made itself",
        advice: "Hand the work to a thread made with vdev_thread_create() and return.",
      },
    );
  }

  #allowsArguments(args: readonly number[]): boolean {
    for (const check of this.#checks) {
      const wrong = check(args, this.#instance, this.#host);
      if (wrong === undefined) continue;
      const message = `${this.#entry.name}() was called with a wrong argument: ${wrong}`;
      const text = "pointers, lengths, strings and handles must be the caller's own and in bounds";
      return this.#broken("argument", { value: "", status: "documented" }, args, message, {
        text,
        advice: "Look at the value of this argument where the call is made.",
      });
    }
    return true;
  }

  /** @returns true when the broken rule is only a warning and the call goes on */
  #broken(
    rule: RuleName,
    by: Rule<unknown>,
    args: readonly number[],
    message: string,
    words: { readonly text: string; readonly advice: string },
  ): boolean {
    const severity = by.status === "documented" ? "violation" : "warning";
    this.#report(severity, rule, args, message, { ...words, status: by.note ?? by.status });
    if (severity === "warning") return true;
    this.refusal = this.#refuse(rule, args);
    return false;
  }

  #report(
    severity: "violation" | "warning",
    rule: RuleName,
    args: readonly number[],
    message: string,
    words: { readonly text: string; readonly status: string; readonly advice: string },
  ): void {
    this.#host.report(this.#instance, {
      severity,
      rule,
      message,
      advice: words.advice,
      call: { name: this.#entry.name, arguments: describeArguments(this.#entry, args, this.#instance) },
      reason: {
        text: words.text,
        status: words.status,
        ...(this.#entry.source === "" ? {} : { manual: this.#entry.source }),
      },
    });
  }

  /** What a refused call returns: an errno where the function returns one, else its way of saying "no". */
  #refuse(rule: RuleName, args: readonly number[]): number {
    const errno = rule === "argument" ? EINVAL : EPERM;
    return refusalResult(this.#entry, errno, args, this.#instance);
  }

  /** A function whose body does not exist yet: said once, when the module was loaded. */
  notSupported(args: readonly number[]): number {
    return refusalResult(this.#entry, ENOSYS, args, this.#instance);
  }
}

/** The value by which a function of this result type says that it failed with `errno`. */
export function refusalResult(
  entry: GateEntry,
  errno: number,
  args: readonly number[],
  instance: ModuleInstance,
): number {
  if (entry.result.kind === "errno") return errno;
  // NULL, and the reason goes where the result's other half would: guest_timer_create().
  const reason = entry.params.find(
    ({ type }) => type.kind === "out-int" && type.bits === 64 && type.count === undefined,
  );
  if (entry.result.kind === "handle" && reason !== undefined) setU64(instance, args[reason.at]!, BigInt(errno));
  if (entry.result.kind !== "u64") return 0;
  setU64(instance, args[entry.rawParams - 1]!, 0xffffffffffffffffn);
  return 0;
}

/** Writes eight bytes of module memory, if there are such. */
function setU64(instance: ModuleInstance, address: number, value: bigint): void {
  const at = address >>> 0;
  if (at !== 0 && at % 8 === 0 && at + 8 <= instance.bytes.length) instance.setU64(at, value);
}
