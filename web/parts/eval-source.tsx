import { tokensOf } from './eval-tokens.ts'

/** A `.eval` text with its words told apart. */
export function EvalSource({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="source" tabIndex={0} aria-label={label}>
      <pre>
        {tokensOf(text).map((token, index) =>
          token.kind === null ? (
            token.text
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens of one text never change places
            <span key={index} className={`token-${token.kind}`}>
              {token.text}
            </span>
          ),
        )}
      </pre>
    </section>
  )
}
