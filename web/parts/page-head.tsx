import { type ReactNode, useEffect } from 'react'

/** The page's name, in the page and in the browser's tab, and what can be done on it. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Assay`
  }, [title])
  return (
    <div className="page-head">
      <h1>{title}</h1>
      <div className="actions">{children}</div>
    </div>
  )
}
