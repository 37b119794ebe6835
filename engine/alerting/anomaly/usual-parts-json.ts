/** What is usual of the parts of the traffic as JSON: for checkpoints, and of an alert's history. */
import { z } from 'zod'
import type { UsualParts } from './usual-parts.ts'

/** Hour of the week; of each part its name, how many and their sum. */
export const usualPartsSchema = z
  .array(z.tuple([z.number(), z.array(z.tuple([z.string(), z.number(), z.number()]))]))
  .default([])

type UsualPartsJson = z.output<typeof usualPartsSchema>

export const usualPartsToJson = (parts: UsualParts): UsualPartsJson =>
  [...parts].map(([hour, sums]) => [hour, [...sums].map(([name, { n, sum }]) => [name, n, sum])])

export const usualPartsFromJson = (json: UsualPartsJson): UsualParts =>
  new Map(json.map(([hour, sums]) => [hour, new Map(sums.map(([name, n, sum]) => [name, { n, sum }]))]))
