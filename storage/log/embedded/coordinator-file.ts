/** The groups of the embedded log in one SQLite file: their state (see group-state.ts), subscriptions and committed offsets. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { CommittedOffset, PartitionOffset, TopicPartition } from '../port.ts'
import type { GroupState } from './group-state.ts'
import { EMPTY_GROUP } from './group-state.ts'
import type { Durability } from './sqlite.ts'
import { guarded, inTransaction, openDatabase } from './sqlite.ts'

/** How far a group has come in a partition; offset 0 if it never committed there. */
export interface GroupProgress {
  groupId: string
  offset: number
}

export class CoordinatorFile {
  readonly #path: string
  readonly #db: DatabaseSync
  readonly #getGroup: StatementSync
  readonly #putGroup: StatementSync
  readonly #getOffset: StatementSync
  readonly #putOffset: StatementSync
  readonly #putNote: StatementSync
  readonly #removeNote: StatementSync
  readonly #startAt: StatementSync
  readonly #allOffsets: StatementSync
  readonly #subscribe: StatementSync
  readonly #progress: StatementSync

  constructor(path: string, durability: Durability) {
    this.#path = path
    const db = openDatabase(path, { durability, pageSizeBytes: 4096, createSql: CREATE_SQL })
    // Files of before notes have no such table.
    guarded(path, () => db.exec(CREATE_NOTES_SQL))
    this.#db = db
    this.#getGroup = db.prepare('SELECT state FROM groups WHERE group_id = ?')
    this.#putGroup = db.prepare('INSERT INTO groups VALUES(?, ?) ON CONFLICT DO UPDATE SET state = excluded.state')
    this.#getOffset = db.prepare('SELECT offset FROM offsets WHERE group_id = ? AND topic = ? AND partition = ?')
    this.#putOffset = db.prepare(
      'INSERT INTO offsets VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET offset = excluded.offset',
    )
    this.#putNote = db.prepare('INSERT INTO notes VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE SET note = excluded.note')
    this.#removeNote = db.prepare('DELETE FROM notes WHERE group_id = ? AND topic = ? AND partition = ?')
    this.#startAt = db.prepare('INSERT INTO offsets VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING')
    this.#allOffsets = db.prepare(`
      SELECT o.topic, o.partition, o.offset, n.note FROM offsets o
      LEFT JOIN notes n ON n.group_id = o.group_id AND n.topic = o.topic AND n.partition = o.partition
      WHERE o.group_id = ? ORDER BY o.topic, o.partition`)
    this.#subscribe = db.prepare('INSERT OR IGNORE INTO subscriptions(group_id, topic) VALUES(?, ?)')
    this.#progress = db.prepare(`
      SELECT s.group_id AS groupId, coalesce(o.offset, 0) AS offset FROM subscriptions s
      LEFT JOIN offsets o ON o.group_id = s.group_id AND o.topic = s.topic AND o.partition = ?
      WHERE s.topic = ? ORDER BY offset`)
  }

  group(groupId: string): GroupState {
    return guarded(this.#path, () => this.#readGroup(groupId))
  }

  /**
   * Reads the group, applies `change`, and writes the result, in one transaction over all threads. `then` runs inside it on the
   * new state, for what must hold together with it (committing offsets).
   */
  updateGroup(
    groupId: string,
    change: (group: GroupState) => GroupState,
    then?: (group: GroupState) => void,
  ): GroupState {
    return guarded(this.#path, () =>
      inTransaction(this.#db, () => {
        const before = this.#readGroup(groupId)
        const after = change(before)
        if (after !== before) this.#putGroup.run(groupId, JSON.stringify(after))
        then?.(after)
        return after
      }),
    )
  }

  /** Makes the group known to retention: records that it has not consumed are not deleted by size. */
  subscribe(groupId: string, topics: readonly string[]): void {
    guarded(this.#path, () =>
      inTransaction(this.#db, () => {
        for (const topic of topics) this.#subscribe.run(groupId, topic)
      }),
    )
  }

  offset(groupId: string, of: TopicPartition): number | null {
    return guarded(this.#path, () => {
      const row = this.#getOffset.get(groupId, of.topic, of.partition) as { offset: number } | undefined
      return row?.offset ?? null
    })
  }

  /** Only from inside `updateGroup`'s `then`. */
  putOffset(groupId: string, { topic, partition, offset, note }: CommittedOffset): void {
    this.#putOffset.run(groupId, topic, partition, offset)
    if (note === undefined) this.#removeNote.run(groupId, topic, partition)
    else this.#putNote.run(groupId, topic, partition, note)
  }

  /** Commits the position unless the group has one there already. */
  startAt(groupId: string, position: PartitionOffset): void {
    guarded(this.#path, () => this.#startAt.run(groupId, position.topic, position.partition, position.offset))
  }

  offsets(groupId: string): CommittedOffset[] {
    return guarded(this.#path, () => {
      const rows = this.#allOffsets.all(groupId) as unknown as (PartitionOffset & { note: string | null })[]
      return rows.map(({ topic, partition, offset, note }) => ({
        topic,
        partition,
        offset,
        ...(note !== null && { note }),
      }))
    })
  }

  /** All groups that ever subscribed to the topic, the furthest behind first. */
  progress(of: TopicPartition): GroupProgress[] {
    return guarded(this.#path, () => this.#progress.all(of.partition, of.topic) as unknown as GroupProgress[])
  }

  close(): void {
    this.#db.close()
  }

  #readGroup(groupId: string): GroupState {
    const row = this.#getGroup.get(groupId) as { state: string } | undefined
    return row === undefined ? EMPTY_GROUP : (JSON.parse(row.state) as GroupState)
  }
}

const CREATE_NOTES_SQL = `
  CREATE TABLE IF NOT EXISTS notes(group_id TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY(group_id, topic, partition)) WITHOUT ROWID;`

const CREATE_SQL = `
  CREATE TABLE groups(group_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE offsets(group_id TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
    PRIMARY KEY(group_id, topic, partition)) WITHOUT ROWID;
  CREATE TABLE subscriptions(topic TEXT NOT NULL, group_id TEXT NOT NULL, PRIMARY KEY(topic, group_id)) WITHOUT ROWID;`
