import type { WorkerSettings } from '../../../workers/offline/offline-options.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { optional, wholeNumber } from '../values.ts'

export const worker = group('What runs offline evals.', {
  runLockSeconds: setting(optional(wholeNumber(1, 9999)), {
    about: 'after this long without a sign of life from its worker, a run is taken up by another',
    default: null,
    without: '30',
    variables: ['ASSAY_RUN_LOCK_SECONDS'],
  }),
  subjectsAtOnce: setting(wholeNumber(1, 10_000), {
    about:
      'subjects that one worker judges at the same time, each by one call after another; what a provider takes of all workers is `judges.providers.*.concurrency`',
    default: 32,
    variables: ['ASSAY_WORKER_SUBJECTS_AT_ONCE'],
  }),
})

export const workerOf = ({ runLockSeconds, subjectsAtOnce }: ValueOf<typeof worker>): WorkerSettings => ({
  callsAtOnce: subjectsAtOnce,
  ...(runLockSeconds !== null && { lockMs: runLockSeconds * 1_000 }),
})
