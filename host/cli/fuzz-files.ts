import { UserError } from "../errors.ts";
import type { CampaignFolder } from "../fuzz/campaign-folder.ts";
import type { SourceCoverage } from "../fuzz/lcov.ts";
import { ProgressLog, type ProgressPoint } from "../fuzz/progress.ts";
import { writeSarif } from "../fuzz/sarif.ts";
import { writeCoverage } from "../fuzz/session.ts";

/**
 * What a campaign writes beside corpus and findings, for those who look at it: its time series, `findings.sarif` and `coverage.lcov`. A
 * disk that is full costs these files and is told once; the search goes on.
 */
export class FuzzFiles {
  readonly #folder: CampaignFolder;
  readonly #what: string;
  readonly #onNote: (text: string) => void;
  #progress: ProgressLog | undefined;
  #hasTold = false;

  constructor(folder: CampaignFolder, what: string, onNote: (text: string) => void) {
    this.#folder = folder;
    this.#what = what;
    this.#onNote = onNote;
  }

  /** The campaign begins to work. @param job number of the process among those that share it */
  begin(job: number): void {
    this.#try(() => {
      this.#progress = new ProgressLog(this.#folder.path, job, Date.now(), () => performance.now());
    });
    this.found();
  }

  /** To be called often. */
  progress(progress: Omit<ProgressPoint, "seconds">): void {
    this.#try(() => this.#progress?.tell(progress));
  }

  /** Findings have come. */
  found(): void {
    this.#try(() => writeSarif(this.#folder, this.#what));
  }

  end(progress: Omit<ProgressPoint, "seconds">, sources: SourceCoverage): void {
    this.#try(() => this.#progress?.tell(progress, true));
    this.#try(() => writeCoverage(this.#folder.path, sources));
    this.found();
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (!this.#hasTold) this.#onNote(error.toString());
      this.#hasTold = true;
    }
  }
}
