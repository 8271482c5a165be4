import CMemoryFile
import Glibc

/// A file in memory, for what reads files.
struct MemoryFile: Sendable {
  private let descriptor: Int32
  var path: String { "/proc/self/fd/\(descriptor)" }

  init() {
    descriptor = memory_file_create()
    if descriptor < 0 { fatalError("expected the system to give a file in memory") }
  }

  func replace(with bytes: [UInt8]) {
    let isDone =
      ftruncate(descriptor, 0) == 0
      && bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) } == bytes.count
    if !isDone { fatalError("expected to write \(bytes.count) bytes to memory") }
  }
}
