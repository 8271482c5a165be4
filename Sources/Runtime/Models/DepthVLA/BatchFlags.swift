import DVLATensors

/// A flag for each of the tokens of a batch, row by row.
struct BatchFlags: Sendable {
  let flags: [Bool]
  let batch: Int

  /// - Precondition: as many flags in each row.
  init(_ flags: [Bool], batch: Int) {
    precondition(batch > 0 && flags.count.isMultiple(of: batch), "as many flags in each row")
    self.flags = flags
    self.batch = batch
  }

  /// As many in each row.
  init(repeating flag: Bool, batch: Int, length: Int) {
    self.init([Bool](repeating: flag, count: batch * length), batch: batch)
  }

  var length: Int { flags.count / batch }

  func row(_ sample: Int) -> ArraySlice<Bool> {
    flags[sample * length..<(sample + 1) * length]
  }

  /// [B, length] of ones and zeros.
  var tensor: Tensor { Tensor(flags.map { $0 ? 1 : 0 }, shape: [batch, length]) }

  /// How many are set in each row.
  var counts: [Int] { (0..<batch).map { row($0).count { $0 } } }

  /// Each flag as often as `count` says, one behind the other.
  func repeatingEach(_ count: Int) -> BatchFlags {
    BatchFlags(flags.flatMap { repeatElement($0, count: count) }, batch: batch)
  }

  /// The rows of each, one behind the other.
  static func joined(_ parts: [BatchFlags]) -> BatchFlags {
    let batch = parts[0].batch
    return BatchFlags((0..<batch).flatMap { row in parts.flatMap { $0.row(row) } }, batch: batch)
  }
}
