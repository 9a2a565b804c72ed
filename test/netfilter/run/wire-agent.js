/**
 * Both ends of a router's two links, as UDP sockets: what is sent to a port of a VXLAN device comes
 * out of the device as a frame, and what leaves by the device arrives here.
 *
 * Reads one JSON value a line, `{ "by": "left", "frame": HEX }`, and answers each with the frames that
 * the router sent in consequence, `[{ "by": "right", "frame": HEX }]`. To know that nothing more
 * comes, it asks the router for its MAC behind each frame (ARP), which no rule sees.
 */
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'

const PORTS = { left: 4801, right: 4802 }
const CABLE = { here: '192.0.2.2', there: '192.0.2.1' }
const VXLAN_HEADER = Buffer.from('0800000000000100', 'hex')
const ARP = '0806'

const sockets = {}
let caught = []
let settled = () => {}

for (const [by, port] of Object.entries(PORTS)) {
  const socket = createSocket('udp4')
  socket.on('message', bytes => {
    const frame = bytes.subarray(8).toString('hex')
    if (frame.slice(24, 28) === ARP) setImmediate(() => setImmediate(settled))
    else caught.push({ by, frame })
  })
  await new Promise(resolve => socket.bind(port, CABLE.here, resolve))
  sockets[by] = socket
}

/** Who has the router's address on that link? */
function question(by) {
  const mac = by === 'left' ? '02000000010f' : '02000000020f'
  const [own, asked] = by === 'left' ? ['0a0100fe', '0a010001'] : ['0a0200fe', '0a020001']
  return `ffffffffffff${mac}${ARP}0001080006040001${mac}${own}000000000000${asked}`
}

function send(by, frame) {
  sockets[by].send(Buffer.concat([VXLAN_HEADER, Buffer.from(frame, 'hex')]), PORTS[by], CABLE.there)
}

process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const { by, frame } = JSON.parse(line)
  caught = []
  const quiet = new Promise(resolve => {
    settled = resolve
  })
  send(by, frame)
  send(by, question(by))
  await quiet
  process.stdout.write(`${JSON.stringify(caught)}\n`)
}
process.exit(0)
