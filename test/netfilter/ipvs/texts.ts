/**
 * Texts of `ipvsadm`, for the reader and the writer and, where a kernel has IPVS, for the tool itself.
 *
 * @module
 */

/** Lines as ipvsadm 1.31 prints them, in its order. */
export const LISTED = [
  '-A -f -1 -6 -s wlc -p 360',
  '-a -f -1 -6 -r [fd00::1]:8080 -m -w 1',
  '-A -t 10.96.0.1:443 -s rr',
  '-a -t 10.96.0.1:443 -r 192.168.64.11:6443 -m -w 1',
  '-a -t 10.96.0.1:443 -r 192.168.64.12:6443 -m -w 0',
  '-A -t 10.96.0.2:80 -s rr -p 10800',
  '-A -t 10.96.0.3:0 -s wlc -p 360 -M 255.255.255.0',
  '-A -t 10.96.0.4:80 -s mh -b mh-port',
  '-A -t 10.96.0.5:80 -s sh -p 300 -b sh-fallback,sh-port',
  '-A -t 10.96.0.6:80 -s lblc -b flag-2',
  '-a -t 10.96.0.6:80 -r 10.0.0.1:80 -g -w 1',
  '-a -t 10.96.0.6:80 -r 10.0.0.2:80 -i -w 100 --tun-type ipip',
  '-a -t 10.96.0.6:80 -r 10.0.0.3:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum',
  '-a -t 10.96.0.6:80 -r 10.0.0.4:80 -i -w 1 --tun-type gre --tun-nocsum',
  '-a -t 10.96.0.6:80 -r [2001:db8::1]:80 -i -w 65535 --tun-type ipip',
  '-A -u 10.96.0.1:53 -s rr -o',
  '-a -u 10.96.0.1:53 -r 10.244.1.2:53 -m -w 1',
  '-A -u 10.96.0.2:5060 -s rr -p 60 --pe sip',
  '-A --sctp-service 10.96.0.1:80 -s lc',
  '-a --sctp-service 10.96.0.1:80 -r 10.244.1.2:8080 -m -w 1',
  '-A -t [fd00:96::1]:443 -s rr -p 10800 -M 64',
  '-a -t [fd00:96::1]:443 -r [fd00:64::11]:6443 -m -w 1',
  '-A -f 7 -s rr',
  '-a -f 7 -r 10.0.0.1:0 -g -w 1',
]

/** What people write, and what ipvsadm then holds. */
// biome-ignore format: one case, one row
export const WRITTEN: readonly (readonly [what: string, written: string, held: string])[] = [
  ['long names',                   '--add-service --tcp-service 10.0.0.1:80 --scheduler rr', '-A -t 10.0.0.1:80 -s rr'],
  ['its own name in front',        'ipvsadm -A -t 10.0.0.1:80 -s rr', '-A -t 10.0.0.1:80 -s rr'],
  ['no scheduler: wlc',            '-A -t 10.0.0.1:80', '-A -t 10.0.0.1:80 -s wlc'],
  ['no timeout: six minutes',      '-A -t 10.0.0.1:80 -p -s rr', '-A -t 10.0.0.1:80 -s rr -p 360'],
  ['no port: all of them',         '-A -t 10.0.0.1 -p 9', '-A -t 10.0.0.1:0 -s wlc -p 9'],
  ['a mask that leaves all',       '-A -t 10.0.0.1:1 -p 9 -M 255.255.255.255', '-A -t 10.0.0.1:1 -s wlc -p 9'],
  ['a mask of no persistence',     '-A -t 10.0.0.1:1 -M 255.0.0.0', '-A -t 10.0.0.1:1 -s wlc'],
  ['IPv6 that leaves all',         '-A -t [fd00::1]:1 -p 9 -M 128', '-A -t [fd00::1]:1 -s wlc -p 9'],
  ['flags in another order',       '-A -t 10.0.0.1:1 -s sh -b sh-port,sh-fallback', '-A -t 10.0.0.1:1 -s sh -b sh-fallback,sh-port'],
  ['flags by number',              '-A -t 10.0.0.1:1 -s mh -b flag-2,flag-1', '-A -t 10.0.0.1:1 -s mh -b mh-fallback,mh-port'],
  ['no forwarding: routed',        '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -g -w 1'],
  ['a route changes no port',      '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:5', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -g -w 1'],
  ['no port: the virtual one',     '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2 -m', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 1'],
  ['thresholds are not printed',   '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -x 9 -y 3', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 1'],
  ['a tunnel: in IP',              '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r [fd00::1]:1 -i --tun-type gre', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r [fd00::1]:1 -i -w 1 --tun-type gre --tun-nocsum'],
  ['options of another version',   '-A -t 10.0.0.1:1 -s rr --new thing', '-A -t 10.0.0.1:1 -s rr --new thing'],
  ['the same of a real server',    '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m --new', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 1 --new'],
  ['addresses in another order',   '-A -t 10.0.0.1:1\n-A -t 192.168.0.1:1\n-A -t 192.168.0.1:0 -p 9\n-A -t 172.16.0.1:1', '-A -t 172.16.0.1:1 -s wlc\n-A -t 192.168.0.1:0 -s wlc -p 9\n-A -t 192.168.0.1:1 -s wlc\n-A -t 10.0.0.1:1 -s wlc'],
  ['and those of IPv6',            '-A -t [2001:db8::1]:1\n-A -t [fd00::1]:1\n-A -t [fd00::8000:1]:1\n-A -t 10.0.0.1:2', '-A -t 10.0.0.1:2 -s wlc\n-A -t [fd00::8000:1]:1 -s wlc\n-A -t [fd00::1]:1 -s wlc\n-A -t [2001:db8::1]:1 -s wlc'],
  ['real servers of both',         '-A -t [fd00::1]:1\n-a -t [fd00::1]:1 -r [2001:db8::1]:1 -i\n-a -t [fd00::1]:1 -r 10.0.0.1:1 -i\n-a -t [fd00::1]:1 -r [fd00::1]:1 -i\n-a -t [fd00::1]:1 -r 192.168.0.1:1 -i', '-A -t [fd00::1]:1 -s wlc\n-a -t [fd00::1]:1 -r 192.168.0.1:1 -i -w 1 --tun-type ipip\n-a -t [fd00::1]:1 -r [fd00::1]:1 -i -w 1 --tun-type ipip\n-a -t [fd00::1]:1 -r 10.0.0.1:1 -i -w 1 --tun-type ipip\n-a -t [fd00::1]:1 -r [2001:db8::1]:1 -i -w 1 --tun-type ipip'],
  ['protocols, and ports',         '-A --sctp-service 10.0.0.1:2 -s rr\n-A -u 10.0.0.1:3 -s rr\n-A -t 10.0.0.1:65535 -s rr\n-A -t 10.0.0.1:4 -s rr', '-A -t 10.0.0.1:4 -s rr\n-A -t 10.0.0.1:65535 -s rr\n-A -u 10.0.0.1:3 -s rr\n-A --sctp-service 10.0.0.1:2 -s rr'],
  ['a mark is listed with a sign', '-A -f 4294967295 -s rr\n-A -f 5 -6 -s rr\n-A -f 5 -s rr\n-A -t 10.0.0.1:1 -s rr', '-A -f -1 -s rr\n-A -t 10.0.0.1:1 -s rr\n-A -f 5 -s rr\n-A -f 5 -6 -s rr'],
  ['a great weight',               '-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 2147483647', '-A -t 10.0.0.1:1 -s wlc\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 2147483647'],
  ['blank lines and blanks',       '\n \t\n-A  -t\t10.0.0.1:1 \r\n', '-A -t 10.0.0.1:1 -s wlc'],
]

/** What the reader refuses. */
// biome-ignore format: one case, one row
export const REFUSED: readonly (readonly [text: string, why: RegExp])[] = [
  ['-C', /^line 1: .*neither -A nor -a/],
  ['-A', /not one of -t, -u/],
  ['-A -t 10.0.0.1:1 -u 10.0.0.1:1', /not one of -t, -u/],
  ['-A -t 10.0.0.1:1 -t 10.0.0.1:1', /stands twice/],
  ['-A -t', /its value is missing/],
  ['-A -t 10.0.0:1', /IPv4 address/],
  ['-A -t 10.0.0.1:http', /port "http"/],
  ['-A -t 10.0.0.1:65536', /0 to 65535/],
  ['-A -t [10.0.0.1]:1', /only IPv6/],
  ['-A -t [fd00::1]', /not "\[ADDRESS\]:PORT"/],
  ['-A -t 10.0.0.1:0', /only for persistent/],
  ['-A -t 10.0.0.1:1 -o', /only for UDP/],
  ['-A -t 10.0.0.1:1 -p 0', /1 to 2678400/],
  ['-A -t [fd00::1]:1 -p 9 -M 0', /1 to 128/],
  ['-A -t 10.0.0.1:1 -p 9 -M 24', /IPv4 address/],
  ['-A -f 0', /1 to 4294967295/],
  ['-A -f -0', /1 to 2147483648/],
  ['-A -f 4294967296', /1 to 4294967295/],
  ['-A -t 10.0.0.1:1 -s rr -b sh-port', /not one of rr/],
  ['-A -t 10.0.0.1:1 -b port', /not one of sh-fallback/],
  ['-A -t 10.0.0.1:1\n-A -t 10.0.0.1:1', /^line 2: .*added before/],
  ['-a -t 10.0.0.1:1 -r 10.0.0.2:1', /none was added before/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1', /address is missing/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -g', /more than one/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r [fd00::1]:1 -m', /another family/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m -w 2147483648', /0 to 2147483647/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -m --tun-type ipip', /not tunnelled/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-type gue', /port is missing/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-type gre --tun-port 9', /has no port/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-type gre --tun-remcsum', /no such tunnel/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-csum', /no such tunnel/],
  ['-A -t 10.0.0.1:1\n-a -t 10.0.0.1:1 -r 10.0.0.2:1 -i --tun-csum --tun-nocsum', /more than one way/],
]
