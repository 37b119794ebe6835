/** Apache Kafka as published on Maven Central: the broker's jars, fetched once by Maven into the user's cache. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '4.1.0'

export const kafkaJarsDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'assay', `kafka-${VERSION}`)

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>assay</groupId><artifactId>test-kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
  </dependencies>
</project>
`

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Why no broker can be started here; null when one can. Fetches the jars if Maven is there and they are not. */
export function kafkaIsMissing(): string | null {
  if (!runs('java', '-version')) return 'Java is not installed'
  if (existsSync(kafkaJarsDir)) return null
  if (!runs('mvn', '-version')) return `Maven is not installed, and the jars are not in ${kafkaJarsDir}`
  return fetchJars()
}

function fetchJars(): string | null {
  const parent = join(kafkaJarsDir, '..')
  mkdirSync(parent, { recursive: true })
  const work = mkdtempSync(join(parent, 'fetching-'))
  try {
    writeFileSync(join(work, 'pom.xml'), POM)
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    const args = ['-q', '-B', goal, '-DoutputDirectory=jars', '-DincludeScope=runtime']
    const { status, stdout } = spawnSync('mvn', args, { cwd: work, encoding: 'utf8', timeout: 240_000 })
    if (status !== 0) return `Maven could not fetch Kafka: ${stdout.trim().split('\n')[0] ?? 'no reason given'}`
    // Whole or not at all, whoever else is fetching.
    if (!existsSync(kafkaJarsDir)) renameSync(join(work, 'jars'), kafkaJarsDir)
    return null
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
