import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { CodeBlock } from '../../parts/code-block.tsx'
import { MayButton } from '../../parts/may-button.tsx'
import {
  addressOf,
  curlOf,
  type Description,
  type Operation,
  type Parameter,
  sampleOf,
  shapeOf,
} from './description.ts'
import { type Answer, send } from './send.ts'

type Schemas = Description['components']['schemas']
type NeededPermission = Parameters<typeof MayButton>[0]['needs']

/** One route: what it takes in fields, what it gives, and what it gave. */
export function OperationForm({ operation, schemas }: { operation: Operation; schemas: Schemas }) {
  const { method, path, summary, parameters, permission } = operation
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [body, setBody] = useState(() =>
    operation.body === null ? null : JSON.stringify(sampleOf(operation.body, schemas), null, 2),
  )
  const address = addressOf(operation, values)
  const sending = useMutation({ mutationFn: (to: string) => send(method, to, body) })
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    if (address !== null) sending.mutate(address)
  }
  return (
    <section className="api-operation" aria-labelledby="operation">
      <h2 id="operation">
        <span className="method">{method}</span> <code>{path}</code>
      </h2>
      <p>
        {summary} <span className="faint">· {permission === 'public' ? 'open to all' : `takes: ${permission}`}</span>
      </p>
      <form onSubmit={onSubmit}>
        {parameters.map((parameter) => (
          <Field
            key={parameter.name}
            parameter={parameter}
            value={values[parameter.name] ?? ''}
            onChange={(value) => setValues({ ...values, [parameter.name]: value })}
          />
        ))}
        {body !== null && (
          <label>
            Body
            <textarea rows={10} spellCheck={false} value={body} onChange={(event) => setBody(event.target.value)} />
          </label>
        )}
        {permission === 'public' ? (
          <button type="submit" className="primary" disabled={address === null || sending.isPending}>
            Send
          </button>
        ) : (
          <MayButton
            needs={permission as NeededPermission}
            type="submit"
            className="primary"
            disabled={address === null || sending.isPending}
          >
            Send
          </MayButton>
        )}
      </form>
      <div aria-live="polite">{sending.data !== undefined && <Given answer={sending.data} />}</div>
      {sending.error !== null && <p role="alert">Assay cannot be reached.</p>}
      {address !== null && (
        <>
          <h3>From a shell</h3>
          <CodeBlock label="The same from a shell">{curlOf(method, `${location.origin}${address}`, body)}</CodeBlock>
        </>
      )}
      {operation.answer !== null && (
        <details>
          <summary>What it gives</summary>
          <CodeBlock label="Shape of the answer">{shapeOf(operation.answer, schemas)}</CodeBlock>
        </details>
      )}
    </section>
  )
}

function Field({
  parameter: { name, required, schema },
  value,
  onChange,
}: {
  parameter: Parameter
  value: string
  onChange: (value: string) => void
}) {
  const id = useId()
  const shared = {
    id,
    value,
    required,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  }
  return (
    <div className="api-field">
      <label htmlFor={id}>
        {name}
        {required && <span className="faint"> (needed)</span>}
      </label>
      {schema.enum === undefined ? (
        <input
          {...shared}
          spellCheck={false}
          placeholder={schema.default === undefined ? '' : String(schema.default)}
        />
      ) : (
        <select {...shared}>
          <option value="">–</option>
          {schema.enum.map((one) => (
            <option key={String(one)}>{String(one)}</option>
          ))}
        </select>
      )}
    </div>
  )
}

function Given({ answer: { status, text, tookMs } }: { answer: Answer }) {
  return (
    <>
      <h3>
        <span className={status < 400 ? 'verdict-word verdict-pass' : 'verdict-word verdict-fail'}>{status}</span> in{' '}
        {Math.round(tookMs)} ms
      </h3>
      <CodeBlock label="Answer">{text}</CodeBlock>
    </>
  )
}
