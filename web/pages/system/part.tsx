import type { Health } from '../../../client/api.ts'
import { formatBytes, formatCount } from '../../parts/format.ts'
import { Time } from '../../parts/time.tsx'
import { breakerWords, type Figure, figuresOf, partWords, stateWords } from './part-words.ts'

/** One role: what it does, whether it does, and what it counted since its start. */
export function Part({ component }: { component: Health['components'][number] }) {
  const { name, state, detail, breaker, counters = {} } = component
  const { title, does } = partWords(name)
  const { telling, others } = figuresOf(counters)
  return (
    <section className="component" aria-labelledby={`component-${name}`}>
      <h3 id={`component-${name}`}>
        {title} <span className={`state state-${state}`}>{stateWords(state)}</span>
      </h3>
      <p className="faint">{does}</p>
      {name !== title && (
        <p className="faint">
          In logs and metrics: <code>{name}</code>
        </p>
      )}
      {detail !== undefined && <p>{detail}</p>}
      {breaker !== undefined && <p>Breaker {breakerWords(breaker)}</p>}
      <Figures figures={telling} />
      {others.length > 0 && (
        <details>
          <summary className="faint">{others.length} more figures</summary>
          <Figures figures={others} />
        </details>
      )}
    </section>
  )
}

function Figures({ figures }: { figures: readonly Figure[] }) {
  if (figures.length === 0) return null
  return (
    <dl className="counters">
      {figures.map(({ key, name, value }) => (
        <div key={key}>
          <dt>{name}</dt>
          <dd className="number">
            <FigureValue name={key} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function FigureValue({ name, value }: { name: string; value: number }) {
  if (/(?:At|UpTo)Ms$/.test(name)) return value === 0 ? 'not yet' : <Time at={new Date(value).toISOString()} />
  return /Bytes$/.test(name) ? formatBytes(value) : formatCount(value)
}
