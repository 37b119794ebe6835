import { grammarHtml, grammarMarkdown } from './grammar-pages.ts'
import { metricsPage } from './metrics-page.ts'
import { referencePage } from './reference-page.ts'

/** The pages of docs/language/ that are made from the code, by name. */
export function languagePages(): Record<string, string> {
  return {
    'reference.md': referencePage(),
    'metrics.md': metricsPage(),
    'grammar.md': grammarMarkdown(),
    'grammar.html': grammarHtml(),
  }
}
