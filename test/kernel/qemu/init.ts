/**
 * The first program of an emulated machine: it prepares the machine, runs commands and reports on the second serial
 * line (see `report.ts`).
 *
 * Starting a program is what takes time on such a machine, so what the shell can do by itself it does.
 *
 * @module
 */

/** Before the commands. What fails here ends the script, and with it the machine. */
const PREPARATION = `#!/bin/busybox sh
set -e
export PATH=/bin HOME=/ LC_ALL=C XTABLES_LOCKFILE=/run/xtables.lock
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
stty -F /dev/ttyS1 raw -echo
exec 3>/dev/ttyS1
if [ -s /modules/order ]; then while read name; do insmod /modules/$name.ko; done </modules/order; fi
set +e
echo ready >&3
`

/** Whoever started the machine ends it; it waits for that, since what was written last may still be on its way. */
const END = `cd /results
tar -c . | gzip -1 >/results.tar.gz
echo "results $(stat -c %s /results.tar.gz)" >&3
cat /results.tar.gz >&3
sleep 1000
`

/** Before the commands of a network, of which each is handed its number. */
const NETWORK = `run() {
  number=$1
  shift
  "$@" >/results/$number.out 2>/results/$number.err </dev/null 3>&-
  echo "ran $?" >&3
}
`

export interface Script {
  readonly path: string
  readonly text: string
}

/**
 * Scripts that run these commands, each list in a network namespace of its own, with arguments as they are.
 *
 * Many results are alike, and a serial line is slow: they are sent at the end, packed.
 */
export function scriptsOf(networks: readonly (readonly (readonly string[])[])[]): Script[] {
  let number = 0
  const scripts = networks.map((commands, index): Script => {
    const lines = commands.map(words => `run ${++number} ${words.map(quote).join(' ')}\n`)
    return { path: `network-${index + 1}`, text: `${NETWORK}${lines.join('')}` }
  })
  const calls = scripts.map(({ path }) => `unshare -n sh /${path}\n`)
  return [{ path: 'init', text: `${PREPARATION}${calls.join('')}${END}` }, ...scripts]
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
