internal import DVLACKernels

extension Int8Kernel {
  /// Rows that ``compensate(_:scales:factors:columns:limit:steps:using:)`` works on together.
  public static let lanes = 16

  /// Rounds the columns of a block of sixteen rows one after the other, and moves the error of each
  /// into the columns behind it: `CKernels/Bodies/Compensation.inc` has the formula.
  ///
  /// - Parameters:
  ///   - weights: [columns, 16], a column of all rows behind the other; changed on the way.
  ///   - scales: the scale of each.
  ///   - factors: [columns, columns]; those above the diagonal count.
  ///   - limit: the largest magnitude of a step, at most 127.
  ///   - steps: receives a signed byte for each.
  /// - Precondition: the spans hold as many elements.
  public static func compensate(
    _ weights: inout MutableSpan<Float>, scales: Span<Float>, factors: Span<Float>, columns: Int,
    limit: Int, steps: inout MutableRawSpan, using set: InstructionSet = .best
  ) {
    let count = checkedProduct(columns, lanes)
    precondition(weights.count == count && scales.count == count, "sixteen rows")
    precondition(steps.byteCount == count, "a step for each element")
    precondition(factors.count == checkedProduct(columns, columns), "a factor for each pair")
    precondition((1...127).contains(limit), "steps of eight bits")
    let kernel = unsafe set.kernels.compensate
    unsafe steps.withUnsafeMutableBytes { steps in
      // The invariants of KernelCall.swift hold.
      guard let steps = steps.baseAddress else { return }
      unsafe weights.withElements(scales, factors) {
        unsafe kernel($0, $1, $2, columns, Int32(limit), steps)
      }
    }
  }
}
