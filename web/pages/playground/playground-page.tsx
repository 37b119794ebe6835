import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { TraceSummary, Verdict } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Loading } from '../../parts/loading.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Costs } from './costs.tsx'
import { type Checked, Editor } from './editor.tsx'
import { keyOf } from './judged-key.ts'
import { Language } from './language.ts'
import { Outcome } from './outcome.tsx'
import type { Judged } from './protocol.ts'
import { STARTER } from './starter.ts'
import './playground.css'

const DRAFT = 'assay-playground'
const COUNTS = [20, 50, 100, 200] as const

/** Evals as they are written: checked as one types, run on the newest stored traces, here in the browser. */
export function PlaygroundPage() {
  const [language, setLanguage] = useState<Language | null>(null)
  useEffect(() => {
    const started = new Language()
    setLanguage(started)
    return () => started.close()
  }, [])
  const [initial] = useState(() => localStorage.getItem(DRAFT) ?? STARTER)
  const text = useRef(initial)
  const [checked, setChecked] = useState<Checked | null>(null)
  const [count, setCount] = useState<number>(COUNTS[0])
  const [outcome, setOutcome] = useState<Run | null>(null)
  const [before, setBefore] = useState<ReadonlyMap<string, Verdict>>(new Map())
  const [problem, setProblem] = useState<Error | null>(null)
  const found = useQuery({
    queryKey: ['playground-traces', count],
    queryFn: async ({ signal }) => {
      const { traces } = await api.searchTraces({ since: '30d', limit: count }, signal)
      return {
        summaries: traces,
        traces: await Promise.all(traces.map(({ traceId }) => api.getTrace(traceId, signal))),
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  const { data } = found
  const isChecked = checked !== null && checked.errors === 0
  useEffect(() => {
    if (language === null || data === undefined) return
    void language.ask({ kind: 'take', traces: data.traces })
  }, [language, data])
  // As one types: each text that checks is judged at once. An answer that another text has overtaken is dropped.
  useEffect(() => {
    if (language === null || data === undefined || checked === null || checked.errors > 0) return
    let isOvertaken = false
    language.ask({ kind: 'run', text: text.current }).then(
      (run) => {
        if (isOvertaken) return
        setOutcome({ ...run, traces: data.summaries })
        setBefore((known) => (known.size > 0 ? known : verdictsOf(run.judged)))
        setProblem(null)
      },
      (error: unknown) => !isOvertaken && setProblem(error instanceof Error ? error : new Error(String(error))),
    )
    return () => {
      isOvertaken = true
    }
  }, [language, data, checked])
  const onRun = (): void => {
    setBefore(verdictsOf(outcome?.judged ?? []))
    void found.refetch()
  }
  const trouble = found.error ?? problem
  return (
    <>
      <PageHead title="Playground">
        <label className="inline">
          On the last{' '}
          <select value={count} onChange={(event) => setCount(Number(event.target.value))}>
            {COUNTS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>{' '}
          traces
        </label>
        <button type="button" className="primary" disabled={!isChecked || found.isFetching} onClick={onRun}>
          {found.isFetching ? 'Reading…' : 'Run'}
        </button>
        <button type="button" onClick={() => save(text.current)}>
          Save as file
        </button>
      </PageHead>
      <div className="playground">
        <div className="written">
          {language !== null && (
            <Editor
              language={language}
              initial={initial}
              onChange={(next, told) => {
                text.current = next
                setChecked(told)
                localStorage.setItem(DRAFT, next)
              }}
            />
          )}
          <Costs costs={checked?.costs ?? []} />
        </div>
        <div className="outcome" aria-live="polite">
          {trouble !== null && <ProblemNote error={trouble} />}
          <p className="faint">
            What these evals say of the newest stored traces, as you type; <strong>Run</strong> reads the newest anew,
            and from then on what flips is told. Nothing is stored, nobody is notified, and judges are not asked here.
            Texts that are masked in the store are not taken for what was said.
          </p>
          {checked !== null && checked.errors > 0 && outcome !== null && (
            <p role="note">There is an error in the text: what is below was said before it.</p>
          )}
          {found.isPending && <Loading what="the newest traces" />}
          {data?.summaries.length === 0 && (
            <p>
              There is no trace yet: <Link to="/">Live</Link> tells how agents are pointed at Assay.
            </p>
          )}
          {outcome !== null && outcome.traces.length > 0 && <Outcome {...outcome} before={before} />}
        </div>
      </div>
    </>
  )
}

const verdictsOf = (judged: readonly Judged[]): ReadonlyMap<string, Verdict> =>
  new Map(judged.map((one) => [keyOf(one), one.verdict]))

interface Run {
  readonly judged: readonly Judged[]
  readonly notRun: readonly string[]
  readonly traces: readonly TraceSummary[]
}

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${/^\s*package\s+(\w+)/m.exec(text)?.[1] ?? 'playground'}.eval`
  link.click()
  URL.revokeObjectURL(url)
}
