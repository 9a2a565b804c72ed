/**
 * Label selectors: `app=web,tier in (front,back),!canary`, and the object form.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/labels/selector.go and pkg/apis/meta/v1/helpers.go of Kubernetes
 *
 * @module
 */
import type { LabelSelector, LabelSelectorRequirement, StringMap } from './meta.ts'
import { formatRequirement, holds, type Operator, type Requirement, sorted, sortRequirements } from './requirement.ts'
import { SelectorParser } from './selector-text.ts'

export type { Operator, Requirement } from './requirement.ts'

/** Conditions that must all hold, sorted by key; none of them means everything. `undefined` selects nothing. */
export type Selector = readonly Requirement[] | undefined

/** Selects every object. */
export const EVERYTHING: readonly Requirement[] = []

const OPERATORS: Readonly<Record<LabelSelectorRequirement['operator'], Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/** Whether an object with these labels is selected. */
export function matches(selector: Selector, labels: StringMap | undefined): boolean {
  if (selector === undefined) return false
  for (const requirement of selector) if (!holds(requirement, labels)) return false
  return true
}

/** The selector that an object's `selector` field means: absent is nothing, `{}` is everything. */
export function selectorOf(selector: LabelSelector | null | undefined): Selector {
  if (selector === undefined || selector === null) return undefined
  const requirements = [...mapRequirements(selector.matchLabels, '=')]
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    requirements.push({ key, operator: OPERATORS[operator], values: sorted(values ?? []) })
  }
  return sortRequirements(requirements)
}

/**
 * The selector that a plain map means, as in a ReplicationController: every entry must be there, so an empty map is
 * everything. A Service's empty selector means "no endpoints of its own", which is for the caller to know.
 */
export function selectorOfMap(map: StringMap | null | undefined): readonly Requirement[] {
  return sortRequirements(mapRequirements(map, '='))
}

function mapRequirements(map: StringMap | null | undefined, operator: Operator): Requirement[] {
  return Object.entries(map ?? {}).map(([key, value]) => ({ key, operator, values: [value] }))
}

/** `app=web,!canary`; empty for everything. */
export function formatSelector(selector: readonly Requirement[]): string {
  return selector.map(formatRequirement).join(',')
}

/**
 * Reads a selector such as `app=web,tier in (front,back)`.
 *
 * @throws {SelectorError} with the API server's message
 */
export function parseSelector(text: string): readonly Requirement[] {
  return sortRequirements(new SelectorParser(text).selector())
}
