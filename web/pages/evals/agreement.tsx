import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { AgreementResponse } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { formatCount, formatShare } from '../../parts/format.ts'
import { packageAndName } from '../../parts/ids.ts'
import { Explained } from '../../parts/popover.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'

/** How far the judge says what people say. */
export function Agreement({ evalId }: { evalId: string }) {
  const params = packageAndName(evalId)
  const { data, error } = useQuery({
    queryKey: ['agreement', evalId],
    queryFn: ({ signal }) => api.getAgreement(params.packageName, params.name, signal),
  })
  return (
    <div className="agreement">
      <h3>Agreement with people</h3>
      {error !== null && <ProblemNote error={error} />}
      {data?.labelled === 0 && (
        <p className="faint">
          Nobody has labelled what it judged yet. With some tens of labels this says how far the judge can be trusted;{' '}
          <Link to="/evals/$packageName/$name/label" params={params}>
            label some
          </Link>
          .
        </p>
      )}
      {data !== undefined && data.labelled > 0 && <Figures agreement={data} />}
      {data !== undefined && <Anchors anchors={data.anchors} />}
    </div>
  )
}

function Figures({ agreement }: { agreement: AgreementResponse }) {
  const { judged, labelled, people, verdicts, scores, passRate } = agreement
  const rows = [{ of: 'Verdicts', ...verdicts }, ...(scores === null ? [] : [{ of: 'Scores', ...scores }])]
  const number = (value: number | null, within: { lower: number; upper: number } | null): string =>
    value === null
      ? 'too few'
      : `${value.toFixed(2)}${within === null ? '' : ` (${within.lower.toFixed(2)} to ${within.upper.toFixed(2)})`}`
  return (
    <>
      <p>
        {formatCount(labelled)} of {formatCount(judged)} judged are labelled by {people.join(', ')}.{' '}
        <Explained word="What the figures mean">
          <strong>Agreed</strong> is the share on which the judge and people say the same. The others take out what they
          would agree on by chance: 1 is all, 0 no more than chance. Cohen's κ is of two; Krippendorff's α takes in
          every person; Gwet's AC1 holds where nearly all pass. In brackets are intervals of 95%.
        </Explained>
      </p>
      <Table
        caption="How far the judge agrees with people"
        columns={[
          { head: 'Of', kind: 'head', cell: ({ of }) => of },
          { head: 'Subjects', kind: 'number', cell: ({ subjects }) => formatCount(subjects) },
          { head: 'Agreed', kind: 'number', cell: ({ agreed }) => (agreed === null ? 'too few' : formatShare(agreed)) },
          { head: 'κ', kind: 'number', cell: ({ kappa, intervals }) => number(kappa, intervals.kappa) },
          { head: 'α', kind: 'number', cell: ({ alpha, intervals }) => number(alpha, intervals.alpha) },
          { head: 'AC1', kind: 'number', cell: ({ ac1, intervals }) => number(ac1, intervals.ac1) },
        ]}
        rows={rows}
        keyOf={({ of }) => of}
      />
      <p>
        Pass rate by the judge {intervalText(passRate.judged)}; corrected by what people say{' '}
        {intervalText(passRate.corrected)}.
      </p>
    </>
  )
}

/** Whether the judge itself changed: the same labelled subjects, judged again and again. */
function Anchors({ anchors: { rounds, lastAt, drift } }: Pick<AgreementResponse, 'anchors'>) {
  if (rounds === 0) return null
  return (
    <p>
      Anchors judged {formatCount(rounds)} {rounds === 1 ? 'time' : 'times'}
      {lastAt !== null && (
        <>
          , last <Time at={lastAt} />
        </>
      )}
      .{' '}
      {drift !== null && (
        <>
          {drift.hasDrifted ? <strong>The judge drifted:</strong> : 'The judge is steady:'} of{' '}
          {formatCount(drift.anchors)} it now misses {formatCount(drift.lost)} that it had right, and has{' '}
          {formatCount(drift.gained)} right that it missed <span className="faint">(p {drift.p.toPrecision(2)})</span>
          {drift.isOtherModel && ', with another model'}
          {drift.isOtherMeasure && ', with another prompt'}.
        </>
      )}
    </p>
  )
}

const intervalText = (estimate: { estimate: number; lower: number; upper: number } | null): string =>
  estimate === null
    ? '– (too few labels)'
    : `${formatShare(estimate.estimate)} (95%: ${formatShare(estimate.lower)} to ${formatShare(estimate.upper)})`
