import { shortNumber } from '../../../dsl/cost/short-number.ts'
import { formatCount } from '../../parts/format.ts'
import { Explained } from '../../parts/popover.tsx'
import type { StaticCost } from './protocol.ts'

/** What each eval costs at most: by its text alone, before anything runs. */
export function Costs({ costs }: { costs: readonly StaticCost[] }) {
  if (costs.length === 0) return null
  return (
    <section className="costs" aria-labelledby="static-cost">
      <h2 id="static-cost">
        <Explained word="Static cost">
          The most that one subject can take, told by the text alone: operators times the caps that hold when it runs.
          An operation is one operator on one value, one character that is searched, or one span that is looked at.
        </Explained>
      </h2>
      <ul>
        {costs.map(({ evalId, per, operations, judge }) => (
          <li key={evalId}>
            <strong>{evalId.split('/')[1]}</strong> up to {shortNumber(operations)} operations a {per}
            {judge !== undefined && (
              <>
                ; its judge {formatCount(judge.calls)} {judge.calls === 1 ? 'call' : 'calls'} a subject, at most{' '}
                {formatCount(judge.inputTokens)} tokens in and about {formatCount(judge.outputTokens)} out
                {judge.subjectsPerRun !== null && `, ${formatCount(judge.subjectsPerRun)} subjects a run`}
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
