import { group, setting } from '../setting.ts'
import { optional, wholeNumber } from '../values.ts'

export const worker = group('What runs offline evals.', {
  runLockSeconds: setting(optional(wholeNumber(1, 9999)), {
    about: 'after this long without a sign of life from its worker, a run is taken up by another',
    default: null,
    without: '30',
    variables: ['ASSAY_RUN_LOCK_SECONDS'],
  }),
})
