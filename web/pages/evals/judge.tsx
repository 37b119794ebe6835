import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Fragment, useState } from 'react'
import type { EvalDetailResponse, EvalPromptResponse } from '../../../client/api.ts'
import { api } from '../../data/api.ts'
import { Fact, Facts } from '../../parts/facts.tsx'
import { packageAndName } from '../../parts/ids.ts'
import { Loading } from '../../parts/loading.tsx'
import { ProblemNote } from '../../parts/problem-note.tsx'
import { Agreement } from './agreement.tsx'

/** By which rubric or metric it judges, who is asked, in full, and how far people agree with it. */
export function Judge({ detail }: { detail: EvalDetailResponse }) {
  const { id, judge, metric } = detail
  const isAsked = metric === undefined || metric.judge !== null
  return (
    <section aria-labelledby="judge">
      <div className="section-head">
        <h2 id="judge">{isAsked ? 'Judge' : 'Metric'}</h2>
        {isAsked && (
          <Link className="button" to="/evals/$packageName/$name/label" params={packageAndName(id)}>
            Label by keyboard
          </Link>
        )}
      </div>
      {metric !== undefined && (
        <Facts>
          <Fact name="Measures">
            <code>{metric.text}</code>
          </Fact>
          <Fact name="Asks">{metric.judge === null ? 'nobody: it is computed' : judgeWords(metric.judge)}</Fact>
        </Facts>
      )}
      {judge !== undefined && (
        <>
          <Facts>
            <Fact name="Asks">{judgeWords(judge)}</Fact>
            <Fact name="Shows it">{judge.show.join(', ')}</Fact>
            <Fact name="Scale">
              {judge.scale.low} to {judge.scale.high}
            </Fact>
          </Facts>
          <p className="text">{judge.rubric}</p>
        </>
      )}
      {isAsked && <Prompt evalId={id} />}
      {isAsked && <Agreement evalId={id} />}
    </section>
  )
}

/** As the language says it: `openai/gpt-5-mini or else anthropic/claude-haiku-4-5`. */
function judgeWords({
  models,
  fallbacks,
  take,
}: Pick<NonNullable<EvalDetailResponse['judge']>, 'models' | 'fallbacks' | 'take'>): string {
  if (models.length === 0) return 'the judge of the configuration'
  const taken = take === null ? '' : ` take ${take}`
  return [models.join(', ') + taken, ...fallbacks].join(' or else ')
}

function Prompt({ evalId }: { evalId: string }) {
  const { packageName, name } = packageAndName(evalId)
  const [isOpen, setOpen] = useState(false)
  const { data, error, isPending } = useQuery({
    queryKey: ['prompt', evalId],
    queryFn: ({ signal }) => api.getPrompt(packageName, name, {}, signal),
    enabled: isOpen,
    retry: false,
  })
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The whole prompt, about what was judged last</summary>
      {error !== null && <ProblemNote error={error} />}
      {isOpen && isPending && <Loading what="the prompt" />}
      {data?.subjects.map(({ spanId, notAsked, questions }) => (
        <Fragment key={spanId ?? ''}>
          {notAsked !== undefined && <p className="faint">Nothing is asked: {notAsked}.</p>}
          {questions.map((question, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: questions about one subject never change places
            <Question key={at} question={question} />
          ))}
        </Fragment>
      ))}
    </details>
  )
}

type PromptQuestion = EvalPromptResponse['subjects'][number]['questions'][number]

function Question({ question: { messages, hasPlaceholder, cut, promptVersion } }: { question: PromptQuestion }) {
  return (
    <div className="prompt">
      {hasPlaceholder === true && (
        <p className="faint">
          This question is made of the answer to the one before, in whose place stands a placeholder here.
        </p>
      )}
      {cut.map(({ path, chars, shownChars }) => (
        <p key={path} className="faint">
          {path} is cut: {shownChars.toLocaleString()} of {chars.toLocaleString()} characters.
        </p>
      ))}
      {messages.map(({ role, content }) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section key={role} className="source" tabIndex={0} aria-label={`${role} message`}>
          <h3>{role}</h3>
          <div className="text">{content}</div>
        </section>
      ))}
      <p className="faint">template {promptVersion}</p>
    </div>
  )
}
