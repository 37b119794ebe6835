/** What the image's HEALTHCHECK runs: exit code 0 if the role in this container is ready, else 1 and why. */
const port = process.env.ASSAY_HTTP_PORT || '3000'

try {
  const response = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(4_000) })
  process.stdout.write(`${await response.text()}\n`)
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`nothing answers on port ${port}: ${error.message}\n`)
  process.exitCode = 1
}
