import DVLAParallelism
import DVLATensors

/// What memory allows: the same bytes moved by memcpy, part by part on the same threads.
struct Copies {
  private let source: TensorBytes
  private let target: TensorBytes

  init(byteCount: Int) throws {
    source = try TensorBytes(byteCount: byteCount)
    target = try TensorBytes(byteCount: byteCount)
    // Both are touched, or every page of the source would be the same one of zeros.
    for (bytes, value) in [(source, UInt8(3)), (target, 5)] {
      bytes.withMutableBytes(in: 0..<byteCount) { span in
        for index in 0..<span.byteCount { span.storeBytes(of: value, toByteOffset: index, as: UInt8.self) }
      }
    }
  }

  func run(_ peer: Stage.Peer, _ byteCount: Int, _ team: ThreadTeam) throws {
    let target =
      switch peer {
      case .copy: target
      case .freshCopy: try TensorBytes(byteCount: byteCount)
      }
    team.forEachPart(of: byteCount) { [source] part, _ in
      source.withBytes { source in
        target.withMutableBytes(in: part) { copyBytes(source.extracting(part), &$0) }
      }
    }
  }
}
