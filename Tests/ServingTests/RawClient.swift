import Foundation

/// A TCP connection to a server on this machine, byte by byte.
final class RawClient {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, size)
      }
    }
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // The other side has closed: what it said can still be read.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// At most that many bytes; fewer when the other side closes.
  func read(_ count: Int) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while result.count < count {
      let wanted = min(buffer.count, count - result.count)
      let found = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, wanted, 0)
      }
      guard found > 0 else { break }
      result += buffer[..<found]
    }
    return result
  }

  /// Everything until the other side closes.
  func readToEnd() -> String { String(decoding: read(.max), as: UTF8.self) }

  /// The head of an HTTP answer, up to the empty line.
  func readHead() -> String {
    var head: [UInt8] = []
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
      let next = read(1)
      if next.isEmpty { break }
      head += next
    }
    return String(decoding: head, as: UTF8.self)
  }
}

/// Frames of RFC 6455, section 5.2.
extension RawClient {
  struct Frame: Equatable {
    let opcode: UInt8
    let payload: [UInt8]

    var text: String { String(decoding: payload, as: UTF8.self) }
  }

  static let handshake = """
    GET / HTTP/1.1\r
    Host: 127.0.0.1\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    Sec-WebSocket-Version: 13\r\n
    """

  /// Shakes hands; the head of the answer.
  func shakeHands(_ headers: String = "") -> String {
    send(Self.handshake + headers + "\r\n")
    return readHead()
  }

  /// A frame as a client sends it.
  static func frame(
    _ opcode: UInt8, _ payload: [UInt8] = [], first: UInt8 = 0x80, mask: [UInt8]? = [1, 2, 3, 4],
    announcing length: UInt64? = nil
  ) -> [UInt8] {
    var bytes = [first | opcode]
    let count = length ?? UInt64(payload.count)
    let flag: UInt8 = mask == nil ? 0 : 0x80
    switch count {
    case ..<126: bytes.append(flag | UInt8(count))
    case ..<65536: bytes += [flag | 126, UInt8(count >> 8), UInt8(count & 255)]
    default:
      bytes.append(flag | 127)
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * UInt64($0))) }
    }
    guard let mask else { return bytes + payload }
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  /// The next frame of the server; nil when it closes.
  func readFrame() -> Frame? {
    let head = read(2)
    guard head.count == 2 else { return nil }
    var count = UInt64(head[1])
    if count >= 126 {
      count = read(count == 126 ? 2 : 8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    return Frame(opcode: head[0] & 15, payload: read(Int(count)))
  }
}
