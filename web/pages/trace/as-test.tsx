import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../data/api.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'

/** The trace as `test` blocks to paste below the evals that they test. */
export function AsTest({ traceId, evals }: { traceId: string; evals: readonly string[] }) {
  const [isOpen, setOpen] = useState(false)
  const [evalId, setEvalId] = useState('')
  const { data, error, isPending } = useQuery({
    queryKey: ['as-test', traceId, evalId],
    queryFn: ({ signal }) => api.traceTests(traceId, evalId === '' ? {} : { eval: evalId }, signal),
    enabled: isOpen,
    // Whoever copies it may wait for a fresh one the next time.
    staleTime: 60_000,
  })
  return (
    <Dialog
      title="As a test"
      says="Personal data is replaced by made-up data of its kind. Paste it into the .eval file and run assay test."
      trigger={<button type="button">Copy as test</button>}
      isOpen={isOpen}
      onOpen={setOpen}
      isWide
    >
      <label>
        Of{' '}
        <select value={evalId} onChange={(event) => setEvalId(event.target.value)}>
          <option value="">your evals that say something of it</option>
          {evals.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {error !== null && <ProblemNote error={error} />}
      {isPending && isOpen && <Loading what="the trace as a test" />}
      {data?.tests.length === 0 && <p>No eval of these says anything of this trace.</p>}
      {data?.tests.map(({ file, text }) => (
        <section key={file}>
          <h3>For {file.split('/').slice(-2).join('/')}</h3>
          <CodeBlock label={`Test for ${file}`}>{text}</CodeBlock>
        </section>
      ))}
    </Dialog>
  )
}
