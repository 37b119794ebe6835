import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Result } from '../../../client/api.ts'
import type { Explanation, TreeNode } from '../../../engine/evaluate/explain/tree.ts'
import { api } from '../../data/api.ts'

type Explained = Explanation & { stored?: Result; difference?: string }

/** Why a verdict came out so: the eval's expressions with the value of each part, asked for when it is opened. */
export function Why({ traceId, evalId, spanId }: { traceId: string; evalId: string; spanId: string | undefined }) {
  const [isOpen, setOpen] = useState(false)
  const { data, error } = useQuery({
    queryKey: ['why', traceId, evalId, spanId],
    queryFn: ({ signal }) => api.explainTrace(traceId, { eval: evalId, span: spanId }, signal),
    enabled: isOpen,
  })
  // Its form is the engine's; the API's description leaves it open.
  const [explained] = (data?.subjects ?? []) as unknown as readonly Explained[]
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="faint">Why</summary>
      {error !== null && <p className="faint">{error.message}</p>}
      {explained?.difference !== undefined && (
        <p>
          Stored: {explained.stored?.verdict}; {explained.difference}.
        </p>
      )}
      {explained?.clauses.map(({ clause, tree }) => (
        <div key={clause} className={explained.difference === undefined ? 'why-tree' : 'why-tree why-other'}>
          <span className="faint">{clause}</span>
          <ul>
            <Part node={tree} />
          </ul>
        </div>
      ))}
    </details>
  )
}

function Part({ node }: { node: TreeNode }) {
  const { value } = node
  const tone = value.kind === 'missing' ? 'missing' : typeof value.value === 'boolean' ? String(value.value) : 'plain'
  return (
    <li>
      <span className="why-part">
        <code>{node.expr}</code>
        <span className={`why-value why-${tone}`}>{value.text}</span>
        {node.note !== null && <span className="faint">{node.note}</span>}
      </span>
      {(node.parts.length > 0 || node.spans.length > 0) && (
        <ul>
          {node.spans.map((span) => (
            <li key={span.spanId} className="why-part">
              <span className="faint">{span.taken ? 'takes' : 'leaves out'}</span> {span.name}
              {span.text !== null && <code>{span.text}</code>}
            </li>
          ))}
          {node.parts.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of one expression never change places
            <Part key={index} node={part} />
          ))}
        </ul>
      )}
    </li>
  )
}
