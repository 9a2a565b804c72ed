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
count=0
run() {
  count=$((count + 1))
  "$@" >/results/$count.out 2>/results/$count.err </dev/null 3>&-
  echo "ran $?" >&3
}
echo ready >&3
`

/**
 * Many results are alike, and a serial line is slow: they are sent at the end, packed. Whoever started the machine ends
 * it; it waits for that, since what was written last may still be on its way.
 */
const END = `cd /results
tar -c . | gzip -1 >/results.tar.gz
echo "results $(stat -c %s /results.tar.gz)" >&3
cat /results.tar.gz >&3
sleep 1000
`

/** A script that runs these commands, with arguments as they are. */
export function initScript(commands: readonly (readonly string[])[]): string {
  return `${PREPARATION}${commands.map(words => `run ${words.map(quote).join(' ')}\n`).join('')}${END}`
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
