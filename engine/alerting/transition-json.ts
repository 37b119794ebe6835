/** A transition as JSON: what `alerts` and `notifications` hold. Older records lack what was added later. */
import { z } from 'zod'
import { alertExampleSchema } from './example-json.ts'
import type { RunMeasure } from './run-alert.ts'
import { alertWhySchema } from './why.ts'

const verdict = z.enum(['pass', 'fail', 'unknown', 'error'])
const phase = z.enum(['inactive', 'pending', 'firing', 'resolved'])

// Measures are not looked into: they were compiled by the same version of the product.
const measureLike = z.object({ kind: z.string(), type: z.object({ kind: z.string() }) })
const measure = z.custom<RunMeasure>((value) => measureLike.safeParse(value).success, 'not a measure')

export const alertTransitionSchema = z.object({
  id: z.string(),
  alertId: z.string(),
  evalId: z.string(),
  group: z.record(z.string(), z.string()).default({}),
  rule: z.string().default(''),
  title: z.string().nullable(),
  owner: z.string().nullable(),
  severity: z.enum(['page', 'ticket', 'info']),
  mode: z.enum(['live', 'shadow']),
  from: phase,
  to: phase,
  cause: z.enum(['condition', 'no_data', 'definition_changed', 'removed', 'group_gone', 'rebaselined']),
  atMs: z.number(),
  incidentId: z.string().optional(),
  sinceMs: z.number(),
  numbers: z.object({
    measure,
    cmp: z.enum(['<', '<=', '>', '>=']),
    threshold: z.number(),
    windowMs: z.number(),
    value: z.number().nullable(),
    count: z.number(),
    total: z.number(),
    verdicts: z.record(verdict, z.number()),
  }),
  examples: z.array(alertExampleSchema),
  why: alertWhySchema.nullable().default(null),
  accepted: z.object({ by: z.string(), reason: z.string().nullable() }).optional(),
  trend: z.object({ points: z.array(z.tuple([z.number(), z.number().nullable()]).readonly()).readonly() }).optional(),
})
