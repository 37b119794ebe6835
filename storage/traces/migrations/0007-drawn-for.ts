/** What a subject of a sample was drawn for: evenly, or because something flagged it. Of rows from before, evenly. */
import type { Migration } from '../migrations.ts'

export const drawnFor: Migration = {
  version: 7,
  name: 'what subjects are drawn for',
  statements: [
    {
      alter: 'results',
      action: `ADD COLUMN IF NOT EXISTS drawn_for LowCardinality(String) AFTER inclusion_probability`,
    },
  ],
}
