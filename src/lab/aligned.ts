/**
 * Two lists beside each other: what both have in the same order, and what only one has.
 *
 * @module
 */

/** One line of either side, or of both. */
export interface Row {
  readonly model?: string
  readonly kernel?: string
  readonly same: boolean
}

/** How a line of the other side is read by a line of this one: `line(i, j)` for the i-th here, the j-th there. */
export interface Sides {
  readonly model: readonly string[]
  /** How many there are on the other side. */
  readonly kernel: number
  /** The j-th, as it is compared with the i-th; absent `i`: as it is shown alone. */
  readonly kernelLine: (j: number, i?: number) => string
}

/**
 * Rows with as many equal lines as can be. Between two equal lines, what is left on both sides stands
 * side by side.
 */
export function align(sides: Sides): readonly Row[] {
  const { model, kernel, kernelLine } = sides
  const isSame = (i: number, j: number) => model[i] === kernelLine(j, i)
  if (model.length === kernel && model.every((_, i) => isSame(i, i))) {
    return model.map(line => ({ model: line, kernel: line, same: true }))
  }
  const lengths = commonLengths(model.length, kernel, isSame)
  const lengthAt = (i: number, j: number) => lengths[i]?.[j] ?? 0
  const rows: Row[] = []
  let [i, j] = [0, 0]
  let [fromI, fromJ] = [0, 0]
  while (i < model.length && j < kernel) {
    if (isSame(i, j)) {
      const line = kernelLine(j, i)
      rows.push(...facing(sides, [fromI, i], [fromJ, j]), { model: line, kernel: line, same: true })
      ;[i, j] = [i + 1, j + 1]
      ;[fromI, fromJ] = [i, j]
    } else if (lengthAt(i + 1, j) >= lengthAt(i, j + 1)) i++
    else j++
  }
  return [...rows, ...facing(sides, [fromI, model.length], [fromJ, kernel])]
}

/** By places in both lists, how many lines the longest common rest has. */
function commonLengths(rows: number, columns: number, isSame: (i: number, j: number) => boolean): readonly number[][] {
  const lengths = Array.from({ length: rows + 1 }, () => new Array<number>(columns + 1).fill(0))
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const [own, next] = [lengths[i], lengths[i + 1]]
      if (own && next) own[j] = isSame(i, j) ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, own[j + 1] ?? 0)
    }
  }
  return lengths
}

type Span = readonly [from: number, to: number]

function facing({ model, kernelLine }: Sides, [i0, i1]: Span, [j0, j1]: Span): readonly Row[] {
  return Array.from({ length: Math.max(i1 - i0, j1 - j0) }, (_, n): Row => {
    const [i, j] = [i0 + n, j0 + n]
    const ours = i < i1 ? { model: model[i] ?? '' } : {}
    return { ...ours, ...(j < j1 ? { kernel: kernelLine(j, i < i1 ? i : undefined) } : {}), same: false }
  })
}
