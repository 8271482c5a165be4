import DVLAParallelism
import DVLATensors

/// One thing that is timed, and what it is held against.
struct Stage {
  enum Peer: String {
    /// As many bytes copied between buffers of our own.
    case copy = "memcpy"
    /// As many bytes copied into memory that was never touched, as the stage's results are.
    case freshCopy = "memcpy, fresh pages"
  }

  let name: String
  /// What it works on: a type of elements, or a kind of bundle.
  let data: String
  /// Bytes that one call takes in; for loading, the bytes it gives.
  let byteCount: Int
  var peer = Peer.copy
  /// Bytes of the tensor over bytes stored, where the stage stores.
  var compression: Double?
  /// What coding of single bytes could reach at best, where that is the limit.
  var entropyLimit: Double?
  let run: (ThreadTeam) throws -> Void
}

/// Parts of a buffer that one thread works on at a time.
let partByteCount = 256 << 10

extension ThreadTeam {
  /// Runs `body` for each part of `byteCount` bytes, on all threads.
  func forEachPart(
    of byteCount: Int, _ body: @Sendable (_ part: Range<Int>, _ worker: Int) -> Void
  ) {
    run(items: (byteCount + partByteCount - 1) / partByteCount) { item, worker in
      let start = item * partByteCount
      body(start..<min(start + partByteCount, byteCount), worker)
    }
  }
}

extension TensorBytes {
  convenience init(copying bytes: [UInt8]) throws {
    try self.init(byteCount: bytes.count)
    withMutableBytes(in: 0..<byteCount) { target in copyBytes(bytes.span.bytes, &target) }
  }
}

/// memcpy.
func copyBytes(_ source: RawSpan, _ target: inout MutableRawSpan) {
  target.withUnsafeMutableBytes { target in
    source.withUnsafeBytes { target.copyMemory(from: $0) }
  }
}
