import { useState } from 'react'

/** Text to be copied. */
export function CodeBlock({ children, label }: { children: string; label: string }) {
  const [isCopied, setCopied] = useState(false)
  return (
    <div className="code-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section tabIndex={0} aria-label={label}>
        <pre>{children}</pre>
      </section>
      <button
        type="button"
        onClick={() => navigator.clipboard.writeText(children).then(() => setCopied(true))}
        onBlur={() => setCopied(false)}
      >
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  )
}
