import type { Progress } from "../fuzz/session.ts";
import { counted } from "../plural.ts";
import { duration } from "../report/figures.ts";

/** How a campaign goes, in a line: what matters most first, for terminals are narrow. */
export class FuzzStatus {
  readonly #now: () => number;
  #edges = 0;
  #edgesSince: number;
  #last: { readonly at: number; readonly executions: number };

  /** @param now milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#edgesSince = now();
    this.#last = { at: now(), executions: 0 };
  }

  /** To be called often. */
  see({ edges }: Pick<Progress, "edges">): void {
    if (edges <= this.#edges) return;
    this.#edges = edges;
    this.#edgesSince = this.#now();
  }

  /** @param rate executions a second; what it was since the last text, unless given */
  text({ executions, corpus, edges, allEdges, findings }: Progress, rate = this.#rate(executions)): string {
    const part = allEdges === 0 ? 0 : Math.floor((100 * edges) / allEdges);
    const quiet = (this.#now() - this.#edgesSince) / 1000;
    return [
      counted(findings, "finding"),
      `${edges} of ${allEdges} edges (${part} %)`,
      `the last new one ${duration(quiet)} ago`,
      `${executions.toLocaleString("en")} executions (${rate.toLocaleString("en")} a second)`,
      `${counted(corpus, "program")} in the corpus`,
    ].join(", ");
  }

  #rate(executions: number): number {
    const at = this.#now();
    const rate = Math.round(((executions - this.#last.executions) * 1000) / Math.max(1, at - this.#last.at));
    this.#last = { at, executions };
    return Math.max(0, rate);
  }
}
