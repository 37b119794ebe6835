/**
 * The table of settings: every one that Assay has, with where it can be set. A new section is a file in `sections/` and a line here; then
 * `npm run docs` takes it into the reference, and `serve-settings.ts` says which roles use it.
 */
import { access } from './sections/access.ts'
import { alerts } from './sections/alerts.ts'
import { cost } from './sections/cost.ts'
import { forward } from './sections/forward.ts'
import { gateway } from './sections/gateway.ts'
import { http } from './sections/http.ts'
import { instance } from './sections/instance.ts'
import { judges } from './sections/judges.ts'
import { limits } from './sections/limits.ts'
import { log } from './sections/log.ts'
import { logging } from './sections/logging.ts'
import { privacy } from './sections/privacy.ts'
import { redis } from './sections/redis.ts'
import { signIn } from './sections/sign-in.ts'
import { system } from './sections/system.ts'
import { traces } from './sections/traces.ts'
import { tracing } from './sections/tracing.ts'
import { worker } from './sections/worker.ts'
import { group, type ValueOf } from './setting.ts'

export const settings = group('the configuration', {
  ...instance,
  http,
  gateway,
  limits,
  forward,
  access,
  signIn,
  privacy,
  log,
  traces,
  redis,
  worker,
  judges,
  alerts,
  system,
  logging,
  tracing,
  cost,
})

export type Config = ValueOf<typeof settings>
