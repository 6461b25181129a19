/** Signals a run takes, as qvm does: the power button, a power cut, and STATUS. */
const POWER_SIGNALS = ["SIGINT", "SIGTERM", "SIGQUIT"] as const;
const STATUS_SIGNALS = ["SIGUSR1", "SIGUSR2"] as const;
/** How much earlier than a power signal a request that came with it is served. */
const GRACE_MS = 2;
type PowerSignal = (typeof POWER_SIGNALS)[number];
export type StatusSignal = (typeof STATUS_SIGNALS)[number];

/** What signals do to a run. */
export interface SignalReceiver {
  status(signal: StatusSignal): void;
  /** Presses the power button. @returns whether a vdev has one that took it: the guest may then shut down by itself */
  button(signal: PowerSignal): boolean;
  /** Ends the run at the next chance. */
  cut(reason: string): void;
  /** Tells the user. */
  say(text: string): void;
}

/**
 * The signals of one run. Node delivers them between two turns of its event loop, never while a vdev runs, so each comes
 * between two guest accesses. Those that come before the VM is there wait for it.
 *
 * SIGINT (Ctrl-C) and SIGTERM press the power button, and end the run when no vdev has one; a second one, or SIGQUIT,
 * cuts the power. After that the signals have their default effect again: the next kills the process, even one that is
 * busy. Power signals act a moment later than they come: the kernel hands over signals that wait together by number, and
 * a dump that was asked for before the power was cut is to be written. SIGUSR1 and SIGUSR2 ask for STATUS. A listener for SIGUSR1 keeps Node from starting its inspector; for the same
 * reason both stay when the run is over, as SIGUSR1 without a listener would then kill the process.
 */
export class RunSignals {
  #receiver: SignalReceiver | undefined;
  readonly #waiting: (PowerSignal | StatusSignal)[] = [];
  #pressed = false;
  #over = false;
  readonly #listener = (signal: NodeJS.Signals) => this.#deliver(signal as PowerSignal | StatusSignal);

  constructor() {
    for (const signal of [...POWER_SIGNALS, ...STATUS_SIGNALS]) process.on(signal, this.#listener);
  }

  /** From now on signals reach the run, those first that came before. */
  attach(receiver: SignalReceiver): void {
    this.#receiver = receiver;
    const asksStatus = (signal: NodeJS.Signals) => signal === "SIGUSR1" || signal === "SIGUSR2";
    const signals = this.#waiting.splice(0);
    for (const signal of signals.filter(asksStatus)) this.#deliver(signal);
    for (const signal of signals) if (!asksStatus(signal)) this.#deliver(signal);
  }

  /** The run is over. */
  release(): void {
    this.#over = true;
    this.#default();
  }

  #default(): void {
    for (const signal of POWER_SIGNALS) process.removeListener(signal, this.#listener);
  }

  #deliver(signal: PowerSignal | StatusSignal): void {
    const receiver = this.#receiver;
    if (this.#over) return;
    if (receiver === undefined) this.#waiting.push(signal);
    else if (signal === "SIGUSR1" || signal === "SIGUSR2") receiver.status(signal);
    else setTimeout(() => this.#power(signal, receiver), GRACE_MS);
  }

  #power(signal: PowerSignal, receiver: SignalReceiver): void {
    if (this.#over) return;
    if (signal === "SIGQUIT" || this.#pressed) {
      this.#default();
      receiver.cut(`the power was cut by ${signal}`);
    } else {
      this.#pressed = true;
      if (receiver.button(signal))
        receiver.say(`${signal}: the power button was pressed; another ${signal} cuts the power\n`);
      else receiver.cut(`interrupted by ${signal}`);
    }
  }
}
