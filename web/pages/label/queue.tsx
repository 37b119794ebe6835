import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { EvalDetailResponse } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Empty } from '../../parts/empty.tsx'
import { packageAndName } from '../../parts/ids.ts'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { type Said, saidBy, scoresOf } from './label-keys.ts'
import { Subject } from './subject.tsx'
import { type Decided, keyOf } from './to-label.ts'

interface Done {
  readonly result: Decided
  readonly isStored: boolean
}

/** One subject after the other. What the judge said of it is told once the person has spoken. */
export function Queue({
  detail,
  queue,
  by,
  isAllowed,
}: {
  detail: EvalDetailResponse
  queue: readonly Decided[]
  by: string
  isAllowed: boolean
}) {
  const [done, setDone] = useState<readonly Done[]>([])
  const note = useRef<HTMLTextAreaElement>(null)
  const queries = useQueryClient()
  const scale = detail.judge?.scale
  const current = queue[done.length]
  const send = useMutation({
    mutationFn: async ({ result, said }: { result: Decided; said: Said }): Promise<void> => {
      const subject = {
        eval: detail.id,
        traceId: result.traceId,
        ...(result.spanId !== undefined && { spanId: result.spanId }),
        by,
      }
      const words = note.current?.value.trim() ?? ''
      const more = words === '' ? {} : { note: words }
      if (said.kind === 'verdict') await api.storeLabels({ labels: [{ ...subject, ...more, verdict: said.verdict }] })
      else if (said.kind === 'score') await api.storeLabels({ labels: [{ ...subject, ...more, score: said.score }] })
      else if (said.kind === 'undo') await api.storeLabels({ labels: [{ ...subject, withdrawn: true }] })
    },
    onSuccess: (_, { result, said }) => {
      setDone((before) =>
        said.kind === 'undo' ? before.slice(0, -1) : [...before, { result, isStored: said.kind !== 'skip' }],
      )
      if (note.current !== null) note.current.value = ''
      void queries.invalidateQueries({ queryKey: ['agreement', detail.id] })
    },
  })
  const say = (said: Said): void => {
    if (!isAllowed || send.isPending) return
    const last = done.at(-1)
    if (said.kind !== 'undo') {
      if (current !== undefined) send.mutate({ result: current, said })
    } else if (last?.isStored === true) send.mutate({ result: last.result, said })
    else if (last !== undefined) setDone(done.slice(0, -1))
  }
  const onKey = useRef<(event: KeyboardEvent) => void>(() => {})
  onKey.current = (event) => {
    const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select') !== null
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'n') {
      note.current?.focus()
      event.preventDefault()
      return
    }
    const said = saidBy(event.key, scale)
    if (said !== null) say(said)
  }
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKey.current(event)
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [])
  const stored = done.filter(({ isStored }) => isStored).length
  const last = done.at(-1)
  return (
    <div className="labelling">
      <p className="label-progress">
        <progress value={done.length} max={queue.length} aria-label="How far the queue is" />
        <span>
          {Math.min(done.length + 1, queue.length)} of {queue.length}
        </span>
        <span className="faint">{stored} labelled</span>
        <span role="status">
          {last?.isStored === true &&
            `The judge said ${last.result.verdict}${last.result.score === undefined ? '' : `, ${last.result.score}`}.`}
        </span>
      </p>
      {send.error !== null && <ProblemNote error={send.error} />}
      {current === undefined ? (
        <Empty title="That was all">
          <p>
            {stored} labelled.{' '}
            <Link to="/evals/$packageName/$name" params={packageAndName(detail.id)}>
              See how far the judge agrees
            </Link>
            .
          </p>
        </Empty>
      ) : (
        <Subject key={keyOf(current)} result={current} next={queue[done.length + 1]} />
      )}
      <aside className="label-side">
        {detail.judge !== undefined && (
          <section aria-labelledby="rubric">
            <h2 id="rubric">Rubric</h2>
            <p className="text">{detail.judge.rubric}</p>
          </section>
        )}
        <div className="label-keys">
          <Key isAllowed={isAllowed} name="P" label="Pass" onPress={() => say({ kind: 'verdict', verdict: 'pass' })} />
          <Key isAllowed={isAllowed} name="F" label="Fail" onPress={() => say({ kind: 'verdict', verdict: 'fail' })} />
          {scoresOf(scale).map((score) => (
            <Key
              key={score}
              isAllowed={isAllowed}
              name={`${score}`}
              label={`Score ${score}`}
              onPress={() => say({ kind: 'score', score })}
            />
          ))}
          <Key isAllowed={isAllowed} name="S" label="Skip" onPress={() => say({ kind: 'skip' })} />
          <Key
            isAllowed={isAllowed && done.length > 0}
            name="U"
            label="Undo the last"
            onPress={() => say({ kind: 'undo' })}
          />
        </div>
        <label className="label-note">
          <span>
            Note <kbd>N</kbd>
          </span>
          <textarea
            ref={note}
            rows={3}
            maxLength={4_000}
            onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
          />
        </label>
        <p className="faint">What the judge said is told afterwards, so that it does not lead you.</p>
      </aside>
    </div>
  )
}

function Key({
  name,
  label,
  isAllowed,
  onPress,
}: {
  name: string
  label: string
  isAllowed: boolean
  onPress: () => void
}) {
  return (
    <button type="button" disabled={!isAllowed} onClick={onPress}>
      <kbd>{name}</kbd> {label}
    </button>
  )
}
