import DVLADiagnostics
import DVLATensorMath
import DVLATensors
import Synchronization

extension TensorSource {
  /// A whole tensor in memory, read on all threads, or on the calling one where `compute` is nil;
  /// where it is in memory already, that memory, checked.
  ///
  /// - Throws: `tensor.memory`; the first error in the order of the bytes.
  func load(_ info: TensorInfo, on compute: Compute?) throws(WeightsError) -> TensorBytes {
    if let resident = residentBytes(of: info.name) {
      try forEachPiece(of: info, on: compute) { (range) throws(WeightsError) in
        try check(info.name, in: range)
      }
      return resident
    }
    let bytes = try TensorBytes(byteCount: info.byteCount)
    try forEachPiece(of: info, on: compute) { (range) throws(WeightsError) in
      try bytes.withMutableBytes(in: range) { (target) throws(WeightsError) in
        try read(info.name, at: range.lowerBound, into: &target)
      }
    }
    return bytes
  }

  /// Runs `body` for parts of a tensor; the first error in the order of the bytes ends it.
  private func forEachPiece(
    of info: TensorInfo, on compute: Compute?,
    _ body: @Sendable (Range<Int>) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    guard let compute else { return try body(0..<info.byteCount) }
    let firstFailure = Mutex<(piece: Int, error: WeightsError)?>(nil)
    let pieces = (info.byteCount + loadPieceByteCount - 1) / loadPieceByteCount
    compute.run(items: pieces) { piece in
      let start = piece * loadPieceByteCount
      let range = start..<min(start + loadPieceByteCount, info.byteCount)
      do throws(WeightsError) {
        try body(range)
      } catch {
        firstFailure.withLock { failure in
          if failure.map({ piece < $0.piece }) ?? true { failure = (piece, error) }
        }
      }
    }
    if let failure = firstFailure.withLock({ $0 }) { throw failure.error }
  }
}

/// Whole chunks of a bundle, so that none is unpacked twice.
private let loadPieceByteCount = 1 << 20
