import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api } from '../../data/api.ts'
import { PageHead } from '../../parts/page-head.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Editor } from './editor.tsx'
import { Language } from './language.ts'
import { Outcome } from './outcome.tsx'
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
  const [errors, setErrors] = useState(0)
  const [count, setCount] = useState<number>(COUNTS[0])
  const run = useMutation({
    mutationFn: async (asked: Language) => {
      const { traces: found } = await api.searchTraces({ since: '30d', limit: count })
      const traces = await Promise.all(found.map(({ traceId }) => api.getTrace(traceId)))
      return { ...(await asked.ask({ kind: 'run', text: text.current, traces })), traces: found }
    },
  })
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
        <button
          type="button"
          className="primary"
          disabled={language === null || errors > 0 || run.isPending}
          onClick={() => language !== null && run.mutate(language)}
        >
          {run.isPending ? 'Running…' : 'Run'}
        </button>
        <button type="button" onClick={() => save(text.current)}>
          Save as file
        </button>
      </PageHead>
      <div className="playground">
        {language !== null && (
          <Editor
            language={language}
            initial={initial}
            onChange={(next, found) => {
              text.current = next
              setErrors(found)
              localStorage.setItem(DRAFT, next)
            }}
          />
        )}
        <div className="outcome" aria-live="polite">
          {run.error !== null && <ProblemNote error={run.error} />}
          {run.data === undefined && run.error === null && (
            <p className="faint">
              Run shows what these evals say of the newest stored traces: nothing is stored, nobody is notified. Texts
              that are masked in the store are not taken for what was said. Judges are not asked here.
            </p>
          )}
          {run.data !== undefined && <Outcome {...run.data} />}
        </div>
      </div>
    </>
  )
}

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${/^\s*package\s+(\w+)/m.exec(text)?.[1] ?? 'playground'}.eval`
  link.click()
  URL.revokeObjectURL(url)
}
