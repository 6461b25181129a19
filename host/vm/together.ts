import { EndOfVm } from "../gate/finding.ts";
import { AccessStatus } from "../guests/bus.ts";
import { joinHalves } from "../memory/halves.ts";
import type { Thread } from "../threads/thread.ts";
import { beginAccess, endAccess, type GuestAccess } from "./begun-access.ts";
import type { Vm } from "./vm.ts";

/** What an access came to; the value of a read that is `done`, else 0. */
export interface AccessOutcome {
  readonly status: AccessStatus;
  readonly value: bigint;
}

const NOT_MADE: AccessOutcome = { status: AccessStatus.stop, value: 0n };

/** What one vCPU is at: numbers of its accesses, those that are left and the one in progress. */
interface Vcpu {
  readonly left: number[];
  retries: number;
  thread: Thread | undefined;
}

/**
 * Makes accesses of several vCPUs at the same time: each vCPU its own in their order, and no vCPU waits for another unless a
 * vdev makes it wait. Who goes on when is up to the schedule of the VM's threads.
 * @param vm made with `atOnce`
 * @param retries how often an access that does not advance is made again
 * @returns what each came to, in the order given; `stop` for what was not made because the VM had ended
 */
export function makeTogether(vm: Vm, accesses: readonly GuestAccess[], retries: number): readonly AccessOutcome[] {
  vm.emit({ kind: "together", accesses });
  const run = new Together(vm, accesses, retries);
  try {
    vm.threads!.runUntil(() => run.goOn());
  } catch (error) {
    if (!(error instanceof EndOfVm)) throw error;
    vm.endBy(error);
  }
  return run.outcomes;
}

class Together {
  readonly outcomes: AccessOutcome[];
  readonly #vm: Vm;
  readonly #accesses: readonly GuestAccess[];
  readonly #retries: number;
  readonly #vcpus: readonly Vcpu[];

  constructor(vm: Vm, accesses: readonly GuestAccess[], retries: number) {
    this.#vm = vm;
    this.#accesses = accesses;
    this.#retries = retries;
    this.outcomes = accesses.map(() => NOT_MADE);
    const numbers = [...accesses.keys()];
    const vcpus = [...new Set(accesses.map(({ vcpu }) => vcpu))];
    this.#vcpus = vcpus.map((vcpu) => ({
      left: numbers.filter((i) => accesses[i]!.vcpu === vcpu),
      retries: 0,
      thread: undefined,
    }));
  }

  /** Takes the results of accesses that have ended, and begins the next. @returns somebody who is awaited */
  goOn(): Thread | undefined {
    for (const vcpu of this.#vcpus) {
      if (vcpu.thread?.state === "ended") {
        const ended = vcpu.thread;
        vcpu.thread = undefined;
        this.#finish(vcpu, endAccess(this.#vm, this.#accesses[vcpu.left[0]!]!, ended));
      }
      while (vcpu.thread === undefined && vcpu.left.length > 0 && this.#vm.ended === undefined) {
        const begun = beginAccess(this.#vm, this.#accesses[vcpu.left[0]!]!);
        if (typeof begun === "number") this.#finish(vcpu, begun);
        else vcpu.thread = begun;
      }
    }
    if (this.#vm.ended !== undefined) return undefined;
    return this.#vcpus.find(({ thread }) => thread !== undefined)?.thread;
  }

  #finish(vcpu: Vcpu, status: AccessStatus): void {
    const { valueLo, valueHi } = this.#vm;
    if (status === AccessStatus.noAdvance && vcpu.retries++ < this.#retries) return;
    vcpu.retries = 0;
    const number = vcpu.left.shift()!;
    const { op, width } = this.#accesses[number]!;
    const isRead = op === "read" && status === AccessStatus.done;
    this.outcomes[number] = {
      status,
      value: isRead ? BigInt.asUintN(8 * width, joinHalves(valueLo, valueHi)) : 0n,
    };
  }
}
