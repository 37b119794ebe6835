import { useNavigate } from '@tanstack/react-router'
import type { OfflineResponse } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Fact, Facts } from '../../parts/facts.tsx'
import { formatUsd } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { AskDialog } from './ask-dialog.tsx'
import { estimateText, runParams, subjectsText } from './run-words.ts'

type OfflineEval = OfflineResponse['evals'][number]

/** Running an offline eval now, and pausing it: each says first what it would draw and cost. */
export function RunControls({ of }: { of: OfflineEval }) {
  const { eval: evalId, state } = of
  const { packageName, name } = packageAndName(evalId)
  const navigate = useNavigate()
  const isPaused = state === 'paused'
  return (
    <>
      <AskDialog
        label="Run now"
        of={evalId}
        title={`Run ${evalId} now`}
        says={
          isPaused
            ? 'It is paused: the run waits until the eval is resumed. It is of what has arrived by now, and beside its schedule.'
            : 'It is of what has arrived by now, and beside its schedule.'
        }
        does="Run it"
        keep="Leave it"
        act={() => api.runEval(packageName, name, { at: 'now' })}
        changes={[['offline'], ['runs']]}
        onDone={({ runId }) => navigate({ to: '/runs/$packageName/$run', params: runParams(runId) })}
      >
        <Expected of={of} />
      </AskDialog>
      {isPaused ? (
        <AskDialog
          key="pause"
          label="Resume"
          of={evalId}
          title={`Resume ${evalId}`}
          says="Its schedule holds again, and runs that wait begin."
          does="Resume it"
          keep="Leave it paused"
          act={() => api.resumeEval(packageName, name)}
          changes={[['offline'], ['runs']]}
        >
          <Expected of={of} />
        </AskDialog>
      ) : (
        <AskDialog
          key="pause"
          label="Pause"
          of={evalId}
          title={`Pause ${evalId}`}
          says="No slot of its schedule begins a run until it is resumed, and runs that wait go on waiting. Of one at work, what has begun ends."
          does="Pause it"
          keep="Let it go on"
          act={() => api.pauseEval(packageName, name)}
          changes={[['offline'], ['runs']]}
        />
      )}
      {/* For screen readers: the buttons alone tell it to others. */}
      <span className="only-read" role="status">
        {isPaused ? `${evalId} is paused` : ''}
      </span>
    </>
  )
}

function Expected({ of: { nextRun } }: { of: OfflineEval }) {
  const { judges, budgetPerRunUsd, budgetPerMonthUsd } = nextRun
  const budgets = [
    budgetPerRunUsd !== undefined && `${formatUsd(budgetPerRunUsd)} a run`,
    budgetPerMonthUsd !== undefined && `${formatUsd(budgetPerMonthUsd)} a month`,
  ].filter((text) => text !== false)
  return (
    <Facts>
      <Fact name="Subjects">{subjectsText(nextRun)}</Fact>
      <Fact name="Judged by">{judges.length === 0 ? 'nobody: it is computed' : judges.join(', ')}</Fact>
      <Fact name="Estimated cost">{estimateText(nextRun)}</Fact>
      {judges.length > 0 && (
        <Fact name="Budget">
          {budgets.length === 0 ? 'none set: nothing bounds it' : `at most ${budgets.join(', ')}`}
        </Fact>
      )}
    </Facts>
  )
}
