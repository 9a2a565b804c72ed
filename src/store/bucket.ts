/**
 * Objects of one kind in one namespace, by name.
 *
 * @module
 */
import type { KubeObject } from '../objects/meta.ts'

/** Looks up by name at once; lists in the order of names, sorting only what changed since the last list. */
export class Bucket {
  private readonly objects = new Map<string, KubeObject>()
  private names: string[] = []
  private listed: readonly KubeObject[] | undefined
  /** Whether `names` may hold removed names or lack order. */
  private stale = false

  get size(): number {
    return this.objects.size
  }

  get(name: string): KubeObject | undefined {
    return this.objects.get(name)
  }

  set(name: string, object: KubeObject): void {
    if (!this.objects.has(name)) {
      this.names.push(name)
      this.stale = true
    }
    this.objects.set(name, object)
    this.listed = undefined
  }

  delete(name: string): void {
    this.objects.delete(name)
    this.listed = undefined
    this.stale = true
  }

  /** All objects in the order of their names. The list does not change when the bucket does. */
  list(): readonly KubeObject[] {
    if (this.listed !== undefined) return this.listed
    if (this.stale) this.tidy()
    const listed: KubeObject[] = []
    for (const name of this.names) {
      const object = this.objects.get(name)
      if (object !== undefined) listed.push(object)
    }
    this.listed = listed
    return listed
  }

  /** Sorting what is nearly sorted costs little more than reading it. */
  private tidy(): void {
    this.names = [...new Set(this.names.filter(name => this.objects.has(name)))].sort()
    this.stale = false
  }
}
