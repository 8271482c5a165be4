import DVLADiagnostics
import DVLATensors
import DepthVLAWeights

/// Buffers of the caller that tensors are unpacked into.
///
/// Unsafe code. The invariants: every buffer is the caller's for the duration of the call that this
/// object is made in, which outlives it, and nobody else uses it meanwhile; ranges that threads ask
/// for at the same time do not overlap.
@safe
final class CallerMemory: TensorMemory, @unchecked Sendable {
  private let buffers: [UnsafeMutableRawBufferPointer]

  @unsafe
  init(_ buffers: [UnsafeMutableRawBufferPointer]) { unsafe self.buffers = buffers }

  func withBytes(
    of tensor: Int, in range: Range<Int>,
    _ body: (inout MutableRawSpan) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let buffer = unsafe buffers[tensor]
    precondition(0 <= range.lowerBound && range.upperBound <= buffer.count, "inside the buffer")
    var span = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[range]).mutableBytes
    try body(&span)
  }
}
