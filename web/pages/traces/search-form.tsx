import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { api } from '../../data/api.ts'
import { FIELDS, type FieldName, parseTracesSearch, type TracesSearch } from './search.ts'

const ALWAYS: readonly FieldName[] = ['text', 'verdict', 'eval', 'status']
const CHOICES: Partial<Record<FieldName, readonly string[]>> = {
  verdict: ['fail', 'error', 'unknown', 'pass'],
  status: ['error', 'ok'],
}
const NUMBERS: readonly FieldName[] = ['minMs', 'maxMs', 'minUsd']

/** Texts are searched for with Enter, choices at once. */
export function SearchForm({ search, onSearch }: { search: TracesSearch; onSearch: (next: TracesSearch) => void }) {
  const { data } = useQuery({ queryKey: ['evals'], queryFn: ({ signal }) => api.listEvals(signal), staleTime: 60_000 })
  const evals = data?.evals.map(({ id }) => id) ?? []
  const submit = (form: HTMLFormElement): void => {
    const next = parseTracesSearch(Object.fromEntries(new FormData(form)))
    onSearch({ ...next, ...(search.since !== undefined && { since: search.since }) })
  }
  const onSubmit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    submit(event.currentTarget)
  }
  const others = FIELDS.filter(({ name }) => !ALWAYS.includes(name))
  const usedOthers = others.filter(({ name }) => search[name] !== undefined)
  const field = (name: FieldName) => {
    const value = search[name] ?? ''
    const known = name === 'eval' ? evals : CHOICES[name]
    // The one that is chosen is an option from the beginning, and stays the same one when others come.
    const choices = known === undefined || value === '' || known.includes(value) ? known : [...known, value]
    if (choices === undefined)
      return (
        <input
          id={`by-${name}`}
          name={name}
          type={name === 'text' ? 'search' : NUMBERS.includes(name) ? 'number' : 'text'}
          {...(NUMBERS.includes(name) && { min: 0, step: 'any' })}
          defaultValue={value}
          placeholder={name === 'text' ? 'Search inputs, outputs, tools, errors' : ''}
        />
      )
    return (
      <select
        id={`by-${name}`}
        name={name}
        defaultValue={value}
        onChange={(event) => submit(event.currentTarget.form!)}
      >
        <option value="">any</option>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    )
  }
  return (
    // The key starts the form anew where the address changed by other means.
    <search>
      <form className="search" key={JSON.stringify(search)} onSubmit={onSubmit}>
        <div className="search-main">
          {ALWAYS.map((name) => {
            const { label } = FIELDS.find((one) => one.name === name)!
            return (
              <label key={name} htmlFor={`by-${name}`} className={`field field-${name}`}>
                <span className={name === 'text' ? 'only-read' : undefined}>{label}</span>
                {field(name)}
              </label>
            )
          })}
          <button type="submit">Search</button>
        </div>
        <details open={usedOthers.length > 0}>
          <summary>More filters</summary>
          <div className="search-more">
            {others.map(({ name, label }) => (
              <label key={name} htmlFor={`by-${name}`} className="field">
                <span>{label}</span>
                {field(name)}
              </label>
            ))}
          </div>
        </details>
      </form>
    </search>
  )
}
