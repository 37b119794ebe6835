import { api } from '../../data/api.ts'
import { AskDialog } from './ask-dialog.tsx'
import { runParams } from './run-words.ts'

/** Leaves what of a run has not begun. */
export function CancelRun({ runId }: { runId: string }) {
  const { packageName, run } = runParams(runId)
  return (
    <AskDialog
      label="Cancel"
      of={runId}
      title="Cancel this run"
      says={
        <>
          <code>{runId}</code>: batches that are at work end; those that have not begun are left. What was judged stays,
          and is paid for.
        </>
      }
      does="Cancel the run"
      keep="Let it go on"
      act={() => api.cancelOfflineRun(packageName, run)}
      changes={[['run', packageName, run], ['runs'], ['offline']]}
    />
  )
}
