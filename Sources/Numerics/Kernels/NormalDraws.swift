internal import DVLACKernels

/// Values that are nearly normal, drawn from a key; each is computed without the ones before it.
public enum NormalDraws {
  /// Fills `result` with float32 values, little-endian, from value `first` of the sequence on.
  ///
  /// A value is a sum of twelve uniform ones (Irwin-Hall: mean 0, variance 1, within ±6). Value `i`
  /// takes the outputs of SplitMix64 at counter `3i + 1 … 3i + 3` above `key`. Each output gives
  /// four 16-bit numbers; with `S` the sum of the twelve, the value is
  /// `(2 S - 12 · 65535) · 2^-17 · deviation`, in double, rounded once to float32.
  ///
  /// - Precondition: `first` is not negative, and `result` holds whole values.
  public static func fill(
    _ result: inout MutableRawSpan, key: UInt64, first: Int, deviation: Double,
    using set: InstructionSet = .best
  ) {
    precondition(first >= 0, "values are counted from 0")
    precondition(result.byteCount.isMultiple(of: 4), "whole values")
    let kernel = unsafe set.kernels.irwin_hall
    let count = result.byteCount / 4
    unsafe result.withUnsafeMutableBytes { bytes in
      // The invariants of KernelCall.swift hold.
      guard let own = bytes.baseAddress, count > 0 else { return }
      unsafe kernel(key, UInt64(first), deviation, own, count)
    }
  }
}
