import {
  builtInProgram,
  type CompareProgress,
  type CompareReport,
  compare,
  type ReportRow,
  reportRows,
} from '@worldswitch/cli';
import { guestKernel } from '@worldswitch/guest-os';
import type { EngineName } from '@worldswitch/machine';

/** What the page asks of the worker. */
export interface CompareRequest {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly worlds: readonly string[];
  readonly engine: EngineName;
}

/** What the worker answers: any number of `progress`, then `report` or `error`. */
export type CompareAnswer =
  | { readonly kind: 'progress'; readonly progress: CompareProgress }
  | { readonly kind: 'report'; readonly report: CompareReport; readonly rows: readonly ReportRow[] }
  | { readonly kind: 'error'; readonly message: string };

const answer = (message: CompareAnswer) => self.postMessage(message);

self.addEventListener('message', ({ data }: MessageEvent<CompareRequest>) => {
  try {
    const report = compare({
      program: builtInProgram(data.program, data.arguments),
      worlds: data.worlds,
      engine: data.engine,
      unmodifiedKernel: guestKernel('full'),
      paravirtualKernel: guestKernel('para'),
      maxInstructions: 2_000_000_000,
      onProgress: (progress) => answer({ kind: 'progress', progress }),
    });
    answer({ kind: 'report', report, rows: reportRows(report) });
  } catch (error) {
    answer({ kind: 'error', message: error instanceof Error ? error.message : String(error) });
  }
});
