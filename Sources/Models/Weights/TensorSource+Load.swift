import Diagnostics
import Synchronization
import TensorCore
import TensorMath

extension TensorSource {
  /// A whole tensor in memory, read on all threads, or on the calling one where `compute` is nil.
  ///
  /// - Throws: `tensor.memory`; the first error in the order of the bytes.
  func load(_ info: TensorInfo, on compute: Compute?) throws(WeightsError) -> TensorBytes {
    let bytes = try TensorBytes(byteCount: info.byteCount)
    guard let compute else {
      try bytes.withMutableBytes(in: 0..<info.byteCount) { (target) throws(WeightsError) in
        try read(info.name, at: 0, into: &target)
      }
      return bytes
    }
    let firstFailure = Mutex<(piece: Int, error: WeightsError)?>(nil)
    let pieces = (info.byteCount + loadPieceByteCount - 1) / loadPieceByteCount
    compute.run(items: pieces) { piece in
      let start = piece * loadPieceByteCount
      let range = start..<min(start + loadPieceByteCount, info.byteCount)
      do throws(WeightsError) {
        try bytes.withMutableBytes(in: range) { (target) throws(WeightsError) in
          try read(info.name, at: start, into: &target)
        }
      } catch {
        firstFailure.withLock { failure in
          if failure.map({ piece < $0.piece }) ?? true { failure = (piece, error) }
        }
      }
    }
    if let failure = firstFailure.withLock({ $0 }) { throw failure.error }
    return bytes
  }
}

/// Whole chunks of a bundle, so that none is unpacked twice.
private let loadPieceByteCount = 1 << 20
