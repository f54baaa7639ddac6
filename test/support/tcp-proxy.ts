import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Forwards TCP connections to a port on this machine until they are severed. */
export class TcpProxy {
  port = 0
  /** Connections accepted so far. */
  accepted = 0
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  constructor(targetPort: number) {
    this.server = createServer((inbound) => {
      this.accepted++
      const outbound = connect(targetPort, '127.0.0.1')
      for (const [from, to] of [
        [inbound, outbound],
        [outbound, inbound],
      ]) {
        this.sockets.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.on('close', () => this.sockets.delete(from))
      }
    })
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await new Promise((resolve) => this.server.once('listening', resolve))
    this.port = (this.server.address() as AddressInfo).port
    return this
  }

  /** Resets every connection, as a killed process or a pulled cable does. */
  sever(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.sever()
    this.server.close()
  }
}
